"""A model file -> its text, by the encoding that it declares."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from resprout.errors import Fault, ModelError

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What a file of each encoding begins with; the longer marks first, because one begins another."""
UNMARKED = (("<?".encode("utf-16-le"), "utf-16-le"), ("<?".encode("utf-16-be"), "utf-16-be"))
DECLARED_NOW = '<?xml version="1.0" encoding="UTF-8"?>'
_DECLARATION = re.compile(r"<\?xml\b[^>]*?\?>")
_ENCODING = re.compile(rb"""<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.:-]*)["'][^>]*?\?>""")
EXPECTED = "Expected the encoding that its XML declaration names, or UTF-8."


def read_text(path: Path, *, xml: bool) -> str:
    """The text of a file, without a mark of its encoding.

    path      of an SBML or Antimony file
    xml       whether an XML declaration may say the encoding
    returns   text, every line where it was; of XML its declaration says UTF-8
    raises    ModelError if it cannot be read
    """
    try:
        whole = path.read_bytes()
    except OSError as trouble:
        raise ModelError(Fault(f"cannot read the file: {trouble.strerror or trouble}.", path.name)) from trouble
    return decoded(whole, path.name, xml=xml)


def decoded(whole: bytes, name: str, *, xml: bool) -> str:
    """The text of a file's bytes; result and errors as in `read_text`.

    name   of the file, for messages
    """
    encoding = _encoding(whole, xml)
    try:
        text = whole.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        found = f"the file declares the encoding `{encoding}`, which is not known here."
        raise ModelError(Fault(found, name, EXPECTED, "Save it as UTF-8.")) from None
    except UnicodeError as trouble:
        place = f" at byte {trouble.start}" if isinstance(trouble, UnicodeDecodeError) else ""
        found = f"the file is not written in {encoding}: what stands{place} is no text in it."
        expected = EXPECTED if xml else "Expected UTF-8."
        raise ModelError(Fault(found, name, expected, "Save it as UTF-8.")) from None
    if not xml:
        return text
    declared = _DECLARATION.match(text)
    # libSBML would put a line before a text without declaration
    return DECLARED_NOW + (text[declared.end() :] if declared else text)


def _encoding(whole: bytes, xml: bool) -> str:
    for mark, encoding in MARKS:
        if whole.startswith(mark):
            return encoding
    if xml:
        for beginning, encoding in UNMARKED:
            if whole.startswith(beginning):
                return encoding
        declared = _ENCODING.match(whole)
        if declared:
            return declared.group(1).decode("ascii")
    return "utf-8"
