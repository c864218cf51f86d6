"""One vocabulary: code, docs and help texts use the terms of docs/glossary.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from banned_words import BANNED, offences
from resprout.app.cli import COMMANDS, run

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".ant", ".tsv", ".yaml", ".css", ".js", ".md"}
PAGES = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "mkdocs.yml")
LABELS = ("src/resprout/model/parameters.tsv", "shared")
"""A column of labels that random streams are derived from: with another label, the same seed would draw other people."""


def texts() -> list[Path]:
    """Every file whose words a reader or a user sees."""
    files = [path for folder in ("src/resprout", "docs") for path in sorted((ROOT / folder).rglob("*"))]
    chosen = [path for path in files if path.suffix in SUFFIXES and "__pycache__" not in path.parts]
    return [*chosen, *(ROOT / page for page in PAGES)]


def without_column(text: str, column: str) -> str:
    """A table without the cells of one column."""
    rows = [line.split("\t") for line in text.splitlines()]
    at = rows[0].index(column)
    return "\n".join("\t".join([*cells[:at], *cells[at + 1 :]]) for cells in rows)


def test_no_file_uses_a_banned_word():
    found = []
    for path in texts():
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        if name == LABELS[0]:
            text = without_column(text, LABELS[1])
        if name.startswith(("CHANGELOG.md", "docs/decisions/")):  # these name old names, in code marks
            text = re.sub(r"`[^`]*`", "", text)
        found += offences(text, name)
    assert found == []


@pytest.mark.parametrize("command", ["", *(function.__name__ for function in COMMANDS)])
def test_no_help_text_uses_a_banned_word(command, capsys):
    assert run([*command.split(), "--help"]) == 0
    assert offences(capsys.readouterr().out, f"resprout {command} --help") == []


def test_a_banned_word_is_named_with_its_place_and_the_term_to_write():
    assert offences("fine\nswallowed drugs", "a.md") == ["a.md:2 'swallowed': write 'oral'"]
    assert offences("compare_agents(model)", "a.py") == ["a.py:1 'agents': write 'drug'"]


@pytest.mark.parametrize(
    "fine", ["the clinical course of illness", "of course", "learn", "the rest of the file", "steward"]
)
def test_a_word_inside_another_or_in_its_usual_sense_is_no_offence(fine):
    assert offences(fine, "a.md") == []


def test_no_term_is_itself_banned():
    assert [term for _, term in BANNED if offences(term, "term")] == []
