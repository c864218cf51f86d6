"""Codes of evidence on the page: a button for each code, and what stands behind it as HTML."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from resprout.app.evidence_codes import about_code, is_code, published_lines, use_lines
from resprout.language.records import Model

DOI = re.compile(r"doi:(10\.\d{4,9}/[^\s<>\"]*[^\s<>\".,;)])")


def code_buttons(codes: str) -> str:
    """Buttons that open codes of evidence; words that are no code stay as they are.

    codes   separated by spaces
    """
    return "".join(
        f'<button type="button" class="code" data-code="{code}" aria-haspopup="dialog">{code}</button>'
        if is_code(code)
        else f"{escape(code)} "
        for code in codes.split()
    )


@lru_cache(maxsize=256)
def evidence_fragment(model: Model, code: str) -> str:
    """What stands behind a code: value as published, how it was seen, citation with DOI, and what rests on it.

    raises   InputError for a code that nothing bears
    """
    facts = about_code(model, code)
    rows = "".join(
        f"<dt>{escape(label)}</dt><dd>{linked(text)}</dd>"
        for label, text in [*published_lines(facts), *use_lines(facts)]
    )
    return f"<h2>{escape(code)}</h2><dl>{rows}</dl>"


def linked(text: str) -> str:
    """A text with its DOIs as links."""
    return DOI.sub(
        r'<a href="https://doi.org/\1" target="_blank" rel="noreferrer noopener">doi:\1</a>', escape(text, quote=False)
    )
