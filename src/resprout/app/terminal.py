"""Tables and words on standard output, as wide as the terminal; of 80 columns when piped, unless COLUMNS says otherwise."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from resprout.app.table_layout import FittedTable, Hanging
from resprout.language import STAGES

# Nearest named colours of the figures' palette, so that stages look alike on screen and page.
STAGE_STYLE = dict(zip(STAGES, ("#228EF0", "#C8602F", "#2E9A72", "#E85A9B", "#BE830D", "#9A70F0"), strict=True))
GRADE_STYLE = {"measured": "green", "fitted": "cyan", "assumed": "yellow", "defined": "dim"}
PIPED_WIDTH = 80
NARROWEST = 20
COUNT = re.compile(r"\b([\d,]+) of ([\d,]+)")


def stdout_console() -> Console:
    """A console on standard output; if nobody watches, as wide as COLUMNS says, or as a terminal usually is."""
    console = Console(highlight=False)
    if console.is_terminal:
        return console
    said = os.environ.get("COLUMNS", "")
    return Console(highlight=False, width=max(int(said), NARROWEST) if said.isdecimal() else PIPED_WIDTH)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", right: Sequence[str] = ()
) -> FittedTable:
    """A light table; columns named in `right` hold numbers."""
    cells = tuple(tuple(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row) for row in rows)
    return FittedTable(tuple(columns), cells, tuple(column in right for column in columns), title)


def print_wrapped(console: Console, text: Text | str, *, label: Text | str = "", indent: int = 0) -> None:
    """Print a sentence, wrapped between words; later lines are indented.

    console   where to
    text      the sentence, plain or in colours; nothing in it is markup
    label     what stands before it
    indent    [characters] of later lines
    """
    console.print(Hanging(Text() + label, Text() + text, indent))


def graded(grade: str) -> Text:
    """A grade in its colour."""
    return Text(grade, style=GRADE_STYLE.get(grade, ""))


def number(value: float | None, digits: int = 3) -> str:
    """A number as short as its digits allow; a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    rounded = f"{value:.{digits}g}"  # 99.7 to two digits is 1e+02
    return rounded if abs(float(rounded)) < 10**digits else f"{value:,.0f}"


def interval(lower: float, upper: float) -> str:
    """Bounds of an interval; a dash where there is none, one bound where the other is infinite."""
    if math.isinf(lower) or math.isinf(upper):
        both = math.isinf(lower) and math.isinf(upper)
        return "any" if both else f"over {number(lower)}" if math.isinf(upper) else f"under {number(upper)}"
    return "–" if math.isnan(lower) and math.isnan(upper) else f"{number(lower)} to {number(upper)}"


def p_value(p: float) -> str:
    """A p value as papers print it."""
    if math.isnan(p):
        return "–"
    return "<.0001" if p < 0.0001 else f"{p:.4f}".lstrip("0")


def print_json(facts: Any) -> None:
    """Print data as JSON, with numbers that are no numbers as null."""
    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    print(json.dumps(plain(facts), indent=2, ensure_ascii=not unicode))


def plain(facts: Any) -> Any:
    """Data that JSON can hold: no NumPy numbers, no NaN."""
    if isinstance(facts, dict):
        return {str(key): plain(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [plain(value) for value in facts]
    if hasattr(facts, "tolist"):
        return plain(facts.tolist())
    if isinstance(facts, float) and not math.isfinite(facts):
        return None
    return facts


def status_spinner(what: str) -> AbstractContextManager[Any]:
    """A spinner on standard error while something runs; silent if nobody watches."""
    return Console(stderr=True).status(f"{what} …")


@contextmanager
def counted_spinner(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner that says how far something is, and how long it will take where it is told `a of b`; lends a function to be told."""
    begun = time.monotonic()
    with status_spinner(what) as spinner:

        def tell(text: str) -> None:
            left = time_left(text, time.monotonic() - begun)
            spinner.update(f"{what}: {text}{f', about {left} left' if left else ''} …")

        yield tell


def time_left(text: str, elapsed_s: float) -> str:
    """How long something will still take if it goes on as before.

    text       says `a of b`: the a-th of b pieces is under way; `a of b done`: a are done
    elapsed_s  s   since the first was begun
    returns    empty where nothing can be said
    """
    found = COUNT.search(text)
    if found is None:
        return ""
    place, whole = (int(group.replace(",", "")) for group in (found[1], found[2]))
    done = place if "done" in text else place - 1
    if done < 1 or place > whole:
        return ""
    seconds = elapsed_s * (whole - done) / done
    return (
        f"{seconds:.0f} s"
        if seconds < 100
        else f"{seconds / 60:.0f} min"
        if seconds < 6000
        else f"{seconds / 3600:.1f} h"
    )


@contextmanager
def progress_bar(whole: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error with rate and time left; lends a function to be told how many are done.

    whole   how many there are; None where nobody knows beforehand, and no time left is said
    what    they are
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    columns = (
        TextColumn("{task.fields[count]} {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    begun = time.monotonic()
    with Progress(*columns, console=console, transient=True) as bar:
        of = "" if whole is None else f" of {whole:,}"
        task = bar.add_task(what, total=whole, rate="", count=f"0{of}")

        def progress(done: int) -> None:
            rate = f"{done / max(time.monotonic() - begun, 1e-9):,.0f}/s"
            bar.update(task, completed=done, rate=rate, count=f"{done:,.0f}{of}")

        yield progress
