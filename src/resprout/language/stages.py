"""Stage files -> equations: takes Antimony text with `// [unit] meaning` comments, gives Equation records and the statements with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from resprout.errors import Fault
from resprout.language.records import STAGES, Equation

_EQUATION = re.compile(r"^(?P<name>[A-Za-z]\w*)\s*(?P<sign>'\s*=|:=)\s*(?P<text>.*)$", re.DOTALL)
_START = re.compile(r"^(?P<name>[A-Za-z]\w*)\s*=\s*(?P<value>[-+0-9.eE]+)$")
_COMMENT = re.compile(r"^\[(?P<unit>\w+)\]\s*(?P<meaning>\S.*)$")


@dataclass(frozen=True)
class Statement:
    """One Antimony statement and where it stands."""

    text: str
    comment: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """file:line, as messages print it."""
        return f"{self.file}:{self.line}"


def stage_files(folder: Path) -> list[tuple[int, Path]]:
    """The six stage files in the order the drug travels."""
    return [(number, folder / f"{number}_{name}.ant") for number, name in enumerate(STAGES, 1)]


def read_statements(path: Path, faults: list[Fault]) -> list[Statement]:
    """Statements of one file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        faults.append(Fault(f"cannot read the file: {trouble}.", path.name, "A UTF-8 Antimony file was expected."))
        return []
    return parse_statements(text, path.name)


def parse_statements(text: str, file: str) -> list[Statement]:
    """Statements of a text; an indented line continues the statement above it."""
    statements: list[Statement] = []
    for number, line in enumerate(text.splitlines(), 1):
        code, _, comment = line.partition("//")
        if not code.strip():
            continue
        said = code.strip().rstrip(";").strip()
        if code[0].isspace() and statements:
            last = statements.pop()
            joined = " ".join(part for part in (last.comment, comment.strip()) if part)
            statements.append(Statement(f"{last.text} {said}", joined, last.file, last.line))
        else:
            statements.append(Statement(said, comment.strip(), file, number))
    return statements


def read_stage(number: int, path: Path, faults: list[Fault]) -> tuple[list[Equation], list[Statement]]:
    """Equations of one stage file, and its statements as Antimony is to read them."""
    statements = read_statements(path, faults)
    starts = {}
    equations = []
    for statement in statements:
        given = _START.match(statement.text)
        if given:
            starts[given["name"]] = float(given["value"])
            continue
        equation = _EQUATION.match(statement.text)
        if equation is None:
            faults.append(
                Fault(
                    f"`{statement.text[:60]}` is not understood.",
                    statement.place,
                    "Expected `state' = ...`, `quantity := ...` or `state = number`.",
                )
            )
            continue
        comment = _COMMENT.match(statement.comment)
        if comment is None:
            faults.append(
                Fault(
                    f"`{equation['name']}` has no unit and meaning.",
                    statement.place,
                    "Expected a comment `// [unit] meaning` on the line.",
                )
            )
            continue
        equations.append(
            Equation(
                name=equation["name"],
                kind="state" if "'" in equation["sign"] else "assigned",
                text=equation["text"].strip(),
                unit=comment["unit"],
                stage=number,
                meaning=comment["meaning"].strip(),
                file=statement.file,
                line=statement.line,
            )
        )
    return [_with_start(equation, starts) for equation in equations], statements


def _with_start(equation: Equation, starts: dict[str, float]) -> Equation:
    return replace(equation, start=starts[equation.name]) if equation.name in starts else equation
