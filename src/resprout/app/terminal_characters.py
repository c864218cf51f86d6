"""Characters that a terminal does not have: the nearest ones it has, so that no result is lost at the printing of a dash."""

from __future__ import annotations

import codecs
import sys
import unicodedata

HANDLER = "resprout_nearest"
NEAREST = {
    "–": "-", "—": "-", "−": "-", "─": "-", "━": "-", "│": "|", "╸": "-", "╺": "-",
    "…": "...", "·": ".", "•": "*", "×": "x", "±": "+/-", "°": " deg", "µ": "u", "μ": "u",
    "≤": "<=", "≥": ">=", "≈": "~", "→": "->", "←": "<-", "∞": "inf", "√": "sqrt",
    "‘": "'", "’": "'", "“": '"', "”": '"', "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "α": "alpha", "β": "beta", "γ": "gamma", "η": "eta", "λ": "lambda", "σ": "sigma", "χ": "chi", "ω": "omega",
}  # fmt: skip


def replace_what_a_terminal_has_not() -> None:
    """Have standard output and standard error replace characters of another character set."""
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)
        if change is not None:
            change(errors=HANDLER)


def nearest_characters(text: str) -> str:
    """ASCII for a text, as near as may be; a byte of a file name that is no character is shown as its number."""
    return "".join(_nearest(character) for character in text)


def _nearest(character: str) -> str:
    if character.isascii():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    apart = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return NEAREST.get(character) or apart or "?"


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return nearest_characters(error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, _replaced)
