"""The pages of the documentation that are made from the command line: every command has one, with all that it takes."""

import inspect
import sys
from pathlib import Path

import pytest

from resprout.app.cli import COMMANDS
from resprout.app.cli import data as data_commands

HOOKS = Path(__file__).parents[2] / "docs" / "hooks"


@pytest.fixture(scope="module")
def pages():
    sys.path.insert(0, str(HOOKS))
    try:
        import command_pages
    finally:
        sys.path.remove(str(HOOKS))
    return command_pages.command_pages()


def functions():
    """Every function behind a command, by the file of its page."""
    found = {f"commands/{each.__name__}.md": each for each in COMMANDS}
    inner = (each.callback for each in data_commands.registered_commands)
    return found | {f"commands/data-{each.__name__}.md": each for each in inner}


def test_every_command_has_a_page_that_the_first_page_lists(pages):
    assert sorted(pages) == sorted([*functions(), "commands/index.md"])
    assert [file for file in functions() if f"({file.partition('/')[2]})" not in pages["commands/index.md"]] == []


@pytest.mark.parametrize("file", functions())
def test_the_page_of_a_command_names_all_that_it_takes_and_shows_its_example(pages, file):
    taken = inspect.signature(functions()[file]).parameters
    page = pages[file]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(taken)
    assert [row for row in rows if not row.split(" | ")[1].strip()] == []  # a meaning each
    assert "## Example\n\n```bash\nresprout " in page


def test_defaults_and_bounds_stand_beside_the_meaning(pages):
    row = next(line for line in pages["commands/patient.md"].splitlines() if line.startswith("| `--glial-uptake"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "`--glial-uptake <float range>`",
        "Glial glutamate uptake, health = 1.",
        "default: 0.75; 0.3<=x<=1.5".replace("<", "&lt;"),
    ]
