"""The form: fields in, plain HTML controls out, each with its label, its bounds and a place for its message."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from resprout.app.serve.form_fields import LONGEST_LINE, Field, fields_of, library_regimens
from resprout.figures.palette import STAGE_COLOUR
from resprout.language.records import STAGES, Model

AMOUNT_TOPS = {"mg/kg": 2, "mg": 200, "%": 80}  # of the slider; larger doses are typed


def control_form(model: Model) -> str:
    """The left side: regimen, patient, blocks."""
    fields = fields_of(model)
    groups = {group: [field for field in fields.values() if field.group == group] for group in ("dose", "patient")}
    second = [field for field in fields.values() if field.group == "second"]
    return (
        '<form id="controls" autocomplete="off" novalidate>'
        + fieldset("Regimen", dose_rows(fields) + folded("A second drug", rows(second), "second"))
        + fieldset("Patient", rows(groups["patient"]))
        + fieldset("In silico blocks", block_groups(fields))
        + (fieldset("Hypothesis", row(fields["hypothesis"])) if "hypothesis" in fields else "")
        + "</form>"
    )


def dose_rows(fields: dict[str, Field]) -> str:
    """The first dose: amount beside its unit with a slider under both, then route, time and repeats."""
    amount = fields["amount"]
    pair = (
        f'<div class="field" id="field-amount"><label for="amount">{amount.label}</label>'
        f'<div class="pair"><input type="number" id="amount" name="amount" value="{amount.default}" '
        f'data-default="{amount.default}" min="{amount.lowest:g}" max="{amount.highest:g}" step="any" '
        f'aria-describedby="fault-amount">{select(fields["unit"])}</div>'
        f'<input type="range" id="amount-slider" aria-label="Dose, slider" min="0.01" max="{AMOUNT_TOPS["mg/kg"]}" '
        f'step="0.01" value="{amount.default}" data-mirrors="amount">{fault_place("amount")}{fault_place("unit")}</div>'
    )
    short = '<div class="side">' + row(fields["times"]) + row(fields["every"]) + "</div>"
    return (
        row(fields["drug"])
        + pair
        + f'<div class="side">{row(fields["route"])}{row(fields["minutes"])}</div>'
        + short
        + row(fields["days"])
        + '<p class="spoken"><code id="regimen-line"></code></p>'
    )


def block_groups(fields: dict[str, Field]) -> str:
    """Sliders of blocks, folded by stage."""
    parts = []
    for stage in STAGES:
        own = [field for field in fields.values() if field.group == f"block {stage}"]
        if own:
            swatch = f'<span class="swatch" style="background:{STAGE_COLOUR[stage]}"></span>'
            parts.append(folded(f"{swatch}{stage.capitalize()}", rows(own), f"block-{stage}", opened=stage == "signal"))
    return "".join(parts) + '<button type="button" id="clear-blocks" class="quiet">Take all blocks away</button>'


def trial_form(model: Model) -> str:
    """The design of a trial, above its results."""
    fields = {field.name: field for field in fields_of(model).values() if field.group == "trial"}
    body = "".join(row(field) for field in fields.values())
    upload = (
        '<div class="field" id="field-protocol"><label for="protocol-file">Or a protocol of your own (YAML)</label>'
        '<input type="file" id="protocol-file" accept=".yaml,.yml,text/yaml" aria-describedby="fault-protocol">'
        f'{fault_place("protocol")}<p class="hint">At most 64 kB. It is read here, run once, and not kept.</p></div>'
    )
    return (
        '<form id="trial-form" class="grid" autocomplete="off" novalidate>'
        f'{body}{upload}<div class="field actions"><button type="submit" class="main">Run the trial</button>'
        '<button type="button" class="quiet" id="take-protocol">Protocol (YAML)</button></div></form>'
    )


def drug_form(model: Model) -> str:
    """Regimens to compare, a line each."""
    fields = [field for field in fields_of(model).values() if field.group == "drugs"]
    options = "".join(
        f'<option value="{escape(given, quote=True)}">{escape(said)}</option>'
        for given, said in library_regimens(model)
    )
    library = (
        '<div class="field"><label for="library">Add from the library</label><select id="library">'
        f'<option value="">choose a drug</option>{options}</select>'
        '<p class="hint">It goes into the first empty line.</p></div>'
    )
    return (
        '<form id="drugs-form" class="lines" autocomplete="off" novalidate>'
        + (library if options else "")
        + "".join(row(field) for field in fields)
        + '<div class="field actions"><button type="submit" class="main">Compare</button></div></form>'
    )


def patients_form() -> str:
    """A table to read, the person to show, and the plan to try."""
    files = (
        '<div class="field" id="field-patients"><label for="patients-file">Table (.csv, .tsv)</label>'
        '<input type="file" id="patients-file" accept=".csv,.tsv,.txt,text/csv" aria-describedby="fault-patients">'
        f'{fault_place("patients")}<p class="hint">At most 400 kB. Columns: docs, or <code>resprout data check --help</code>.</p>'
        '</div><div class="field" id="field-mapping"><label for="mapping-file">Mapping (YAML), if names or units differ</label>'
        '<input type="file" id="mapping-file" accept=".yaml,.yml" aria-describedby="fault-mapping">'
        f"{fault_place('mapping')}</div>"
    )
    asked = (
        '<div class="field" id="field-person"><label for="person">Person</label><select id="person" disabled '
        f'aria-describedby="fault-person"></select>{fault_place("person")}</div>'
        '<div class="field" id="field-plan"><label for="plan">Plan from the last observation on</label>'
        '<input type="text" id="plan" maxlength="200" value="ketamine 0.5 mg/kg iv over 40 min; every 7 d x 4" '
        f'aria-describedby="fault-plan">{fault_place("plan")}</div>'
    )
    buttons = (
        '<div class="field actions"><button type="submit" class="main" id="patients-show" disabled>Show this person</button>'
        '<button type="button" class="quiet" id="patients-example">Use the example</button></div>'
    )
    return f'<form id="patients-form" class="grid" autocomplete="off" novalidate>{files}{asked}{buttons}</form>'


def rows(fields: Iterable[Field]) -> str:
    """Fields, one under the other."""
    return "".join(row(field) for field in fields)


def row(field: Field) -> str:
    """One field: label, control, place for a message, hint."""
    name, label = field.name, escape(field.label)
    unit = f'<span class="unit">{escape(field.unit)}</span>' if field.unit else ""
    if field.kind == "slider":
        control = (
            f'<output id="said-{name}" for="{name}">{field.default}</output>{unit}</div>'
            f'<input type="range" {marks(field)} min="{field.lowest:g}" max="{field.highest:g}" step="{field.step:g}">'
        )
        body = f'<div class="said"><label for="{name}"{tip(field)}>{label}</label><span class="push"></span>{control}'
    elif field.kind == "choice":
        body = f'<label for="{name}">{label}</label>{select(field)}'
    elif field.kind == "line":
        body = f'<label for="{name}">{label}</label><input type="text" {marks(field)} maxlength="{LONGEST_LINE}">'
    else:
        step = "1" if field.step == 1 else "any"
        bounds = f'min="{field.lowest:g}" max="{field.highest:g}" step="{step}"'
        body = f'<label for="{name}">{label}{f", {unit}" if unit else ""}</label><input type="number" inputmode="decimal" {marks(field)} {bounds}>'
    hint = f'<p class="hint" id="hint-{name}">{escape(field.hint)}</p>' if field.hint and field.kind != "slider" else ""
    return f'<div class="field {field.kind}" id="field-{name}">{body}{fault_place(name)}{hint}</div>'


def marks(field: Field) -> str:
    """The attributes every control has."""
    default = escape(field.default, quote=True)
    return (
        f'id="{field.name}" name="{field.name}" value="{default}" data-default="{default}" '
        f'aria-describedby="fault-{field.name}"'
    )


def tip(field: Field) -> str:
    """What a slider's label says when it is pointed at."""
    return f' data-tip="{escape(field.hint, quote=True)}"' if field.hint else ""


def select(field: Field) -> str:
    """A list to choose from."""
    options = "".join(
        f'<option value="{escape(value, quote=True)}"{" selected" if value == field.default else ""}>{escape(words)}</option>'
        for value, words in field.choices
    )
    label = f' aria-label="{escape(field.label, quote=True)}"' if field.name.startswith("unit") else ""
    default = escape(field.default, quote=True)
    return (
        f'<select id="{field.name}" name="{field.name}" data-default="{default}"{label} '
        f'aria-describedby="fault-{field.name}">{options}</select>'
    )


def fault_place(name: str) -> str:
    """Where the message of a field appears."""
    return f'<p class="fault" id="fault-{name}" role="alert"></p>'


def fieldset(legend: str, body: str) -> str:
    """A group of fields."""
    return f"<fieldset><legend>{legend}</legend>{body}</fieldset>"


def folded(summary: str, body: str, name: str, *, opened: bool = False) -> str:
    """A group that opens and closes; `summary` is HTML."""
    return f'<details id="fold-{name}"{" open" if opened else ""}><summary>{summary}</summary>{body}</details>'
