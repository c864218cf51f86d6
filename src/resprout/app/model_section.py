"""The part of a report that lays the model open: every equation and constant, with its grade, behind a filter."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from resprout.app.html_page import Section, html_table
from resprout.app.model_facts import GRADES, about_model
from resprout.figures.palette import STAGE_COLOUR
from resprout.trial.citations import citations

if TYPE_CHECKING:
    from resprout.language import Model


def model_section(model: Model) -> Section:
    """Counts of grades, a filter, and one folding table of equations and constants a stage."""
    facts = about_model(model)
    rows = [
        [f"{stage['number']} {stage['stage']}", *stage["grades"].values(), f"{stage['share_assumed']:.0%}"]
        for stage in facts["stages"]
    ]
    rows.append(["all stages", *facts["grades"].values(), f"{facts['share_assumed']:.0%}"])
    columns = ["stage", *GRADES, "share assumed"]
    boxes = "".join(f'<label><input type="checkbox" data-grade="{grade}" checked> {grade}</label>' for grade in GRADES)
    body = (
        f"<p>{facts['states']} states and {facts['assigned']} assigned quantities rest on {facts['constants']} constants; "
        "the table counts those of the chain, without the drugs beside ketamine. "
        "<em>Measured</em>: read from a published source. <em>Fitted</em>: chosen so that published facts come out. "
        "<em>Assumed</em>: no source gives it; a plausible value stands in.</p>"
        + html_table(columns, rows, right=columns[1:])
        + f'<div class="filter"><input id="search" type="search" placeholder="Filter by name, meaning or source" '
        f'aria-label="Filter the model">{boxes}<span id="shown"></span></div>'
        + "".join(stage_details(stage) for stage in facts["stages"])
        + source_list(model)
    )
    return Section("model", "The model, constant by constant", body)


def stage_details(stage: dict[str, Any]) -> str:
    """One stage, folded: equations, then constants."""
    swatch = f'<span class="swatch" style="background:{STAGE_COLOUR[stage["stage"]]}"></span>'
    known, share = sum(stage["grades"].values()), stage["share_assumed"]
    count = f"{len(stage['equations'])} equations, {known} constants, {share:.0%} assumed"
    equations = "".join(
        f'<tr data-words="{words(row["equation"], row["meaning"])}"><td class="equation">{escape(row["equation"])}</td>'
        f"<td>{escape(row['unit'])}</td><td>{escape(row['meaning'])}</td></tr>"
        for row in stage["equations"]
    )
    constants = "".join(constant_html(row) for row in stage["constants"])
    return (
        f'<details class="stage"><summary>{swatch}{stage["number"]} {stage["stage"]}<small>{count}</small></summary>'
        f'<div class="wide"><table><thead><tr><th>equation</th><th>unit</th><th>meaning</th></tr></thead>'
        f"<tbody>{equations}</tbody></table></div>"
        '<div class="wide"><table><thead><tr><th>constant</th><th class="number">value</th><th>unit</th><th>spread</th>'
        f"<th>grade</th><th>source</th><th>meaning</th></tr></thead><tbody>{constants}</tbody></table></div></details>"
    )


def constant_html(row: dict[str, Any]) -> str:
    """One constant as a row that the filter can find."""
    cells = [row["unit"], row["spread"]]
    return (
        f'<tr data-words="{words(row["name"], row["meaning"], row["source"], row["grade"])}" data-grading="{row["grade"]}">'
        f'<td><code>{escape(row["name"])}</code></td><td class="number">{row["value"]:.5g}</td>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + f'<td><span class="grade {row["grade"]}">{row["grade"]}</span></td>'
        f"<td>{escape(row['source'])}</td><td>{escape(row['meaning'])}</td></tr>"
    )


def words(*texts: str) -> str:
    """What the filter looks through."""
    return escape(" ".join(texts).lower(), quote=True)


def source_list(model: Model) -> str:
    """Full citations of the sources that constants rest on."""
    used = sorted({key for constant in model.constants.values() for key in constant.source.split()}, key=str.lower)
    items = "".join(f"<li>{escape(text)}</li>" for text in citations(model, " ".join(used)))
    return f"<details><summary>Sources<small>{len(used)}</small></summary><ul>{items}</ul></details>"
