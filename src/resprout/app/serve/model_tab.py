"""The model tab: equations and constants in; HTML in which every number tells its origin out."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import Any

from resprout.app.html_page import html_table
from resprout.app.model_facts import GRADES, about_model
from resprout.app.serve.evidence_dialog import code_buttons
from resprout.figures.palette import STAGE_COLOUR
from resprout.language.records import Model
from resprout.trial.citations import citations

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@lru_cache(maxsize=4)
def model_fragment(model: Model) -> str:
    """Equations stage by stage; every constant in them tells value, unit, source and grade when pointed at."""
    facts = about_model(model)
    counts = [
        [f"{stage['number']} {stage['stage']}", *map(str, stage["grades"].values()), f"{stage['share_assumed']:.0%}"]
        for stage in facts["stages"]
    ]
    counts.append(["all of the chain", *map(str, facts["grades"].values()), f"{facts['share_assumed']:.0%}"])
    columns = ["stage", *GRADES, "share assumed"]
    return (
        f"<p>{facts['states']} states and {facts['assigned']} assigned quantities rest on {facts['constants']} constants; "
        "the table counts those of the chain, without the drugs beside ketamine. "
        "Point at a name, or reach it with the Tab key, to see its value, unit, source and grade: "
        '<span class="known measured">measured</span>, <span class="known fitted">fitted</span>, '
        '<span class="known assumed">assumed</span> or <span class="known defined">defined</span>.</p>'
        + html_table(columns, counts, right=columns[1:])
        + '<div class="filter"><label for="model-search">Find a quantity</label>'
        '<input id="model-search" type="search" maxlength="60" placeholder="e.g. glial_uptake">'
        '<p class="none" id="model-none" role="status"></p></div>'
        + "".join(stage_html(model, stage) for stage in facts["stages"])
    )


def stage_html(model: Model, stage: dict[str, Any]) -> str:
    """One stage: its equations, then its constants as a table."""
    swatch = f'<span class="swatch" style="background:{STAGE_COLOUR[stage["stage"]]}"></span>'
    equations = "".join(
        f'<li data-words="{words(row["equation"], row["meaning"])}"><code>{marked(model, row["equation"])}</code>'
        f'<span class="meaning">{escape(row["meaning"])} <small>[{escape(row["unit"])}]</small></span></li>'
        for row in stage["equations"]
    )
    constants = "".join(constant_row(model, row) for row in stage["constants"])
    return (
        f'<details class="stage" id="model-{stage["stage"]}">'
        f"<summary>{swatch}{stage['number']} {stage['stage'].capitalize()}<small>{len(stage['equations'])} equations, "
        f'{len(stage["constants"])} constants</small></summary><ul class="equations">{equations}</ul>'
        f'<div class="wide" tabindex="0" role="region" aria-label="Constants of {stage["stage"]}">'
        f'<table><thead><tr><th>constant</th><th class="number">value</th><th>unit</th><th>grade</th>'
        f"<th>evidence</th><th>source</th><th>meaning</th></tr></thead><tbody>{constants}</tbody></table></div></details>"
    )


def constant_row(model: Model, row: dict[str, Any]) -> str:
    """One constant; its value tells its source when pointed at."""
    value = known(model, row["name"], format(row["value"], ".5g"))
    searched = words(row["name"], row["meaning"], row["source"], row["grade"], model.constants[row["name"]].evidence)
    first, last = (
        "".join(f"<td>{escape(row[key])}</td>" for key in keys) for keys in (("unit", "grade"), ("source", "meaning"))
    )
    cells = f"{first}<td>{code_buttons(model.constants[row['name']].evidence)}</td>{last}"
    return f'<tr data-words="{searched}"><td><code>{escape(row["name"])}</code></td><td class="number">{value}</td>{cells}</tr>'


def marked(model: Model, equation: str) -> str:
    """An equation whose constants tell where they come from."""
    parts, end = [], 0
    for match in NAME.finditer(equation):
        parts.append(escape(equation[end : match.start()]))
        parts.append(known(model, match[0], match[0]) if match[0] in model.constants else escape(match[0]))
        end = match.end()
    return "".join([*parts, escape(equation[end:])])


def known(model: Model, name: str, shown: str) -> str:
    """A name or number with its origin behind it."""
    constant = model.constants[name]
    spread = f"\nbetween people: {constant.spread}" if constant.spread else ""
    sources = "\n".join(short(text) for text in citations(model, constant.source)) or "no source: assumed"
    origin = f"{name} = {constant.value:.5g} {constant.unit}\n{constant.grade}; {constant.meaning}{spread}\n{sources}"
    return f'<span class="known {constant.grade}" tabindex="0" data-tip="{escape(origin, quote=True)}">{escape(shown)}</span>'


def short(text: str) -> str:
    """A citation short enough for a tip."""
    return text if len(text) <= 180 else text[:177] + "..."


def words(*texts: str) -> str:
    """What the search looks through."""
    return escape(" ".join(texts).lower(), quote=True)
