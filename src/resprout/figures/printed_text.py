"""Lettering of figures in print: the text of a Plotly figure in, plain lines that fit a width out."""

from __future__ import annotations

import re
from html import unescape

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

FAMILY = "DejaVu Sans"
"""Comes with matplotlib, so that a figure has the same letters on every machine."""
TITLE_PT, SMALL_PT = 8.0, 6.0
LEADING = 1.28
BREAK, TAG = re.compile(r"<br\s*/?>"), re.compile(r"</?(?:b|i|sup|sub|span)\b[^>]*>")
COLOUR = re.compile(r"color:\s*(#[0-9A-Fa-f]{6})")


def plain_text(markup: str | None) -> str:
    """A text without its tags; breaks become line ends."""
    return unescape(TAG.sub("", BREAK.sub("\n", markup or ""))).strip()


def is_bold(markup: str) -> bool:
    """Whether a text begins in bold."""
    return "<b>" in markup[: markup.find(plain_text(markup)[:1] or " ") + 3] or markup.lstrip().startswith("<b>")


def colour_in(markup: str) -> str | None:
    """The colour that a text gives itself, if it does."""
    found = COLOUR.search(markup)
    return found[1] if found else None


def heading_and_note(markup: str | None) -> tuple[str, str]:
    """The title of a figure, and what stands below it in small letters, each as one line.

    markup   the title as Plotly has it
    """
    heading, _, note = (markup or "").partition("<br><span")
    return _one_line(heading), _one_line(f"<span{note}" if note else "")


def _one_line(markup: str) -> str:
    return " ".join(plain_text(markup).split())


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a line of text.

    size      pt   of its letters
    returns   pt
    """
    look = FontProperties(family=FAMILY, size=size, weight="bold" if bold else "normal")
    width, _, _ = TextToPath().get_text_width_height_descent(text, look, ismath=False)
    return float(width)


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """A text in lines that fit a width, broken between words.

    size      pt   of its letters
    width     pt   of a line
    returns   no line for an empty text
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
