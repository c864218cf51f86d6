"""What a notebook shows of a record: a title and a few facts, on at most one screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

LONGEST_FACT = 300  # characters
MOST_NAMED = 8  # names of a list


def fact_sheet(title: str, facts: Mapping[str, object]) -> str:
    """HTML of a small table, a row a fact.

    title     heading
    facts     by name; a fact longer than 300 characters is shortened, one that is empty is left out
    returns   a table that needs no style sheet
    """
    left = ' style="text-align:left"'
    rows = "".join(
        f"<tr><th{left}>{escape(name)}</th><td{left}>{escape(shortened(str(fact)))}</td></tr>"
        for name, fact in facts.items()
        if str(fact)
    )
    return f"<table><thead><tr><th colspan=2{left}>{escape(title)}</th></tr></thead><tbody>{rows}</tbody></table>"


def shortened(text: str) -> str:
    """A text of at most 300 characters, which ends in dots where something is left out."""
    return text if len(text) <= LONGEST_FACT else f"{text[: LONGEST_FACT - 2].rstrip()} …"


def few(names: Iterable[str]) -> str:
    """The first names of a list, and how many there are."""
    every = list(names)
    more = f", … ({len(every):,} in all)" if len(every) > MOST_NAMED else ""
    return ", ".join(every[:MOST_NAMED]) + more
