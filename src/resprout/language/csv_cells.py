"""Rows -> CSV text that a spreadsheet takes for what it is: text that begins as a formula does is marked as text."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula, also in full width."""


def csv_cell(value: Any) -> Any:
    """A cell as it is written: numbers to eight digits, NaN empty, an apostrophe before text that is like a formula, ends of lines as \\n."""
    if isinstance(value, str):
        return _text_cell(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.8g}"
    return value


@functools.lru_cache(maxsize=4096)
def _text_cell(value: str) -> str:
    """Text as it is written; the names of a long table come again and again."""
    marked = f"'{value}" if value.startswith(FORMULA) and not is_number(value) else value
    # Python before 3.13 does not quote a lone carriage return
    return marked.replace("\r\n", "\n").replace("\r", "\n")


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a table.

    file      open for text, without translation of line ends
    columns   names of the columns
    rows      of cells, in the order of the columns
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in columns])
    writer.writerows([csv_cell(value) for value in row] for row in rows)


def is_number(text: str) -> bool:
    """Whether text is a plain number, such as -1.5."""
    try:
        return math.isfinite(float(text)) and text.isascii() and text == text.strip()
    except ValueError:
        return False
