"""The README and the guides: their commands are taken by the command line, their Python runs, the examples too."""

import re
import runpy
import shlex
from pathlib import Path

import pytest
import typer.main

from resprout.app.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language):
    """Code blocks of a language, by page."""
    for page in PAGES:
        for block in re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield page, block


def commands():
    for page, block in blocks("bash"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] == "resprout":
                yield pytest.param(words[1:], id=f"{page.name}: {' '.join(words)}")


@pytest.mark.parametrize("words", list(commands()))
def test_a_command_shown_to_readers_is_taken_by_the_command_line(words):
    if words == ["--version"]:
        return
    group = typer.main.get_command(app)
    # Making the context parses the words against the command's options without running it.
    group.commands[words[0]].make_context(words[0], list(words[1:]))


def test_the_make_targets_shown_to_readers_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = {target for _, block in blocks("bash") for target in re.findall(r"^make (\w+)", block, re.MULTILINE)}
    assert {"demo", "test"} <= shown
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in shown)


def test_the_python_of_the_readme_runs():
    [code] = [block for page, block in blocks("python") if page.name == "README.md"]
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["run"]["HDRS17"].dims == ("patient", "time_h")


def test_the_recorded_output_of_the_readme_is_what_the_program_prints():
    script = runpy.run_path(str(ROOT / "scripts" / "refresh_readme.py"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert script["marked"]("grades").search(readme).group(2) == script["grades_text"](), "run `make readme`"
    assert script["marked"]("scoreboard").search(readme).group(2) == script["scoreboard_text"](), "run `make readme`"
    recorded, printed = (
        means_of(text) for text in (script["marked"]("demo").search(readme).group(2), script["demo_text"]())
    )
    # Processors differ in the last digit, which can turn a rating that lies on the edge of a step.
    assert recorded == pytest.approx(printed, abs=0.3), "run `make readme`"


def means_of(text):
    """Every number of the table of means."""
    rows = [line for line in text.splitlines() if "ketamine " in line or "saline " in line]
    return [float(number) for row in rows for number in re.findall(r"\d+\.\d", row)]


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(example, capsys):
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out
