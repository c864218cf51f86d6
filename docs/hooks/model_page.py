"""Fills two pages when the docs are built: the path from the model text, and the list of decisions from their files."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from equation_graphics import equation_text, path_picture

from resprout.app.model_facts import GRADES, about_model
from resprout.language import load_model
from resprout.trial.citations import citations

STAGES = "<!-- stages -->"
DECISIONS = "<!-- decisions -->"


def on_page_markdown(markdown, **kwargs):
    """Replace the placeholders of a page by what is generated."""
    if STAGES in markdown:
        markdown = markdown.replace(STAGES, path_text())
    if DECISIONS in markdown:
        markdown = markdown.replace(DECISIONS, decision_list())
    return markdown


def decision_list():
    """A link to each decision, by its heading."""
    files = sorted((Path(__file__).parents[1] / "decisions").glob("[0-9]*.md"))
    headings = [file.read_text(encoding="utf-8").splitlines()[0].lstrip("# ") for file in files]
    return "\n".join(f"- [{heading}]({file.name})" for heading, file in zip(headings, files, strict=True))


def path_text():
    """Grades, stages and sources of the shipped model."""
    model = load_model()
    facts = about_model(model)
    parts = [
        path_picture(model),
        "",
        grades_table(facts),
        *(stage_text(stage) for stage in facts["stages"]),
        "## Sources",
        "",
    ]
    keys = sorted({key for constant in model.constants.values() for key in constant.source.split()}, key=str.lower)
    parts += [f"- {cell(text)}" for text in citations(model, " ".join(keys))]
    parts += ["", "Constants of the drugs beside ketamine stand under [Drugs](drugs.md)."]
    return "\n".join(parts)


def grades_table(facts):
    """How well the constants of each stage are known."""
    rows = [f"| {stage['number']} {stage['stage']} | {grade_cells(stage)} |" for stage in facts["stages"]]
    head = [f"| stage | {' | '.join(GRADES)} | share assumed |", "| --- " + "| --: " * (len(GRADES) + 1) + "|"]
    return "\n".join([*head, *rows, f"| all | {grade_cells(facts)} |", ""])


def grade_cells(facts):
    """Counts of the grades and the share assumed, as cells."""
    return " | ".join([*map(str, facts["grades"].values()), f"{facts['share_assumed']:.0%}"])


def stage_text(stage):
    """One stage as Markdown: equations as mathematics, their text and the constants folded."""
    drawn = [
        f'<div class="equation"><p>{cell(row["meaning"])} [{cell(row["unit"])}]</p>{equation_text(row)}</div>'
        for row in stage["equations"]
    ]
    text = [f"    {row['equation']}\n        // [{row['unit']}] {row['meaning']}" for row in stage["equations"]]
    rows = [
        f"    | `{row['name']}` | {row['value']:.5g} | {cell(row['unit'])} | {cell(row['spread'])} | {row['grade']} "
        f"| {cell(row['source'])} | {cell(row['meaning'])} |"
        for row in stage["constants"]
    ]
    return "\n".join(
        [
            f"## {stage['number']} {stage['stage'].capitalize()}",
            "",
            *drawn,
            "",
            '??? note "as model text"',
            "",
            "    ```text",
            *text,
            "    ```",
            "",
            f'??? note "{sum(stage["grades"].values())} constants, {stage["share_assumed"]:.0%} assumed"',
            "",
            "    | constant | value | unit | between-subject variability | grade | source | meaning |",
            "    | --- | --: | --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def cell(text):
    """Text that cannot break a table or be taken for a link."""
    return str(text).replace("|", "\\|").replace("[", "\\[").replace("]", "\\]").replace("<", "&lt;")
