"""Reads what R answered."""

from pathlib import Path

FOLDER = Path(__file__).with_name("recorded")


def answers(name: str) -> dict[str, float]:
    """Numbers by name, as R printed them."""
    rows = [line.split() for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
    return {row[0]: float(row[1]) for row in rows if len(row) >= 2 and not line_of_versions(row)}


def line_of_versions(row: list[str]) -> bool:
    """Whether a line states the versions of R and its packages."""
    return row[0] == "R"
