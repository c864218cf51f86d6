"""The page around everything: head, form, tabs; plain HTML, so that every control is the browser's own."""

from __future__ import annotations

from html import escape

from resprout.app.html_page import NOTICE
from resprout.app.serve.html_form import control_form, drug_form, patients_form, trial_form
from resprout.figures.palette import STAGE_COLOUR
from resprout.figures.stage_panels import PANELS
from resprout.language.records import Model

TABS = (
    ("path", "Path"),
    ("trial", "Trial"),
    ("drugs", "Drugs"),
    ("figures", "Figures"),
    ("patients", "My patients"),
    ("model", "Model"),
    ("scoreboard", "Scoreboard"),
)
TAKE_AWAY = (
    ("take-link", "Copy link"),
    ("take-command", "Command line"),
    ("take-python", "Python"),
    ("take-csv", "CSV"),
    ("take-svg", "SVG"),
)
ALL = ("code", "csv", "svg")  # what a tab with pictures gives to take along
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath d='M16 29V13' stroke='%237440E4'"
    " stroke-width='4' stroke-linecap='round'/%3E%3Ccircle cx='16' cy='9' r='6' fill='%231E7B59'/%3E%3C/svg%3E"
)


def shell(model: Model, version: str) -> str:
    """The whole page; Dash puts its own parts where the double braces are."""
    tabs = "".join(
        f'<button type="button" role="tab" id="tab-{name}" data-tab="{name}" aria-controls="panel-{name}" '
        f'aria-selected="{"true" if name == "path" else "false"}" tabindex="{0 if name == "path" else -1}">{words}</button>'
        for name, words in TABS
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>resprout</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="description" content="From dose to dendritic spine to depression score, in virtual patients">'
        f'<link rel="icon" href="{ICON}">{{%css%}}</head><body data-tab="path">'
        '<a class="skip" href="#main">Skip to the results</a>'
        '<header><div class="brand"><h1>resprout</h1><p>from dose to dendritic spine to depression score, in a virtual patient</p></div>'
        '<button type="button" id="theme" class="quiet" aria-label="Light or dark">◐</button></header>'
        f'<section class="notice" aria-label="Notice">{escape(NOTICE)}</section>'
        '<div class="layout"><aside aria-label="Regimen, patient and blocks"><details id="fold-controls" open>'
        f"<summary>Regimen, patient, blocks</summary>{control_form(model)}</details></aside>"
        f'<main id="main"><div class="tabs" role="tablist" aria-label="What to look at">{tabs}</div>'
        '<div id="status" class="status" role="status" aria-live="polite"></div>'
        f"{path_head()}{path_cards()}"
        f"{tab_heads(model)}{stale_badges()}"
        '<div id="react-entry-point">{%app_entry%}</div>'
        f"{caveat_lists()}"
        '<section class="head" id="panel-model" data-for="model" role="tabpanel" aria-labelledby="tab-model">'
        "<h2>The model, number by number</h2>"
        f'{export_tools("model", "code", "csv")}<div id="model-body"></div></section>'
        '<section class="head" id="panel-scoreboard" data-for="scoreboard" role="tabpanel" aria-labelledby="tab-scoreboard">'
        "<h2>How the model stands against published facts</h2>"
        f'{export_tools("scoreboard", "code", "csv")}<div id="scoreboard-body"></div></section>'
        "</main></div>"
        f"<footer>resprout {escape(version)}, model {escape(model.digest)}. For research and teaching; not medical advice.</footer>"
        '<dialog id="evidence" aria-label="What stands behind a code of evidence"><div id="evidence-body"></div>'
        '<button type="button" class="quiet" id="evidence-close">Close</button></dialog>'
        '<div id="tip" role="tooltip" hidden></div><div id="toast" role="status" aria-live="polite"></div>'
        '<noscript><p class="notice">This page needs JavaScript. The same from the command line: <code>resprout --help</code>.'
        "</p></noscript>{%config%}{%scripts%}{%renderer%}</body></html>"
    )


def tab_heads(model: Model) -> str:
    """What stands above the results of a tab: what it does, and its form."""
    return (
        f'<div class="head" data-for="trial"><h2>A trial of this regimen</h2><p>People are recruited for the trial, so the '
        "patient and the blocks at the left do not apply; the regimen does. Ratings include placebo response, within-subject "
        "variability and rater error. Replicates are run at the point estimate; <code>resprout trial</code> "
        f"samples the parameters from the posterior.</p>{trial_form(model)}{export_tools('trial', *ALL)}</div>"
        '<div class="head" data-for="drugs"><h2>Regimens side by side</h2><p>Each line is given to the patient at the left, '
        f"with the blocks at the left.</p>{drug_form(model)}{export_tools('drugs', *ALL)}</div>"
        '<div class="head" data-for="figures"><h2>Figures of the review</h2><p>Drawn from the model. '
        f"After Krystal, Sanacora and Duman (2013), doi:10.1016/j.biopsych.2013.03.026.</p>{export_tools('figures', *ALL)}</div>"
        '<div class="head" data-for="patients"><h2>People of a table of your own</h2><p>A table of doses, levels and ratings is '
        "checked; of one person it shows what the data say and what to expect under a plan. The file stays in this "
        f"page and on this machine, and is not kept.</p>{patients_form()}</div>"
    )


def export_tools(name: str, *kinds: str) -> str:
    """Buttons that take a tab along, and where its code appears."""
    words = {"code": "Code", "csv": "CSV", "svg": "SVG"}
    buttons = "".join(
        f'<button type="button" class="quiet" data-take="{kind}" data-tab-of="{name}" aria-label="{words[kind]} of this tab">'
        f"{words[kind]}</button>"
        for kind in kinds
    )
    return (
        f'<div class="tools exports">{buttons}</div><div id="taken-{name}" class="taken" hidden><pre tabindex="0"></pre>'
        '<button type="button" class="quiet taken-close">Close</button></div>'
    )


def path_head() -> str:
    """Buttons above the six panels, and where code to take along appears."""
    buttons = "".join(f'<button type="button" id="{name}" class="quiet">{words}</button>' for name, words in TAKE_AWAY)
    return (
        '<div class="head" data-for="path"><div class="tools"><button type="button" id="pin" class="quiet" '
        'aria-pressed="false">Pin these curves</button><button type="button" id="bands" class="quiet" aria-pressed="true" '
        'data-tip="90 % range of people with these settings who differ in all else, each at a posterior draw.">'
        '90 % bands</button><button type="button" id="log" class="quiet" aria-pressed="false" '
        'data-tip="Concentrations, receptor block, firing and signals on logarithmic axes.">Log axes</button>'
        '<span class="push"></span>'
        f'{buttons}</div><div id="taken" hidden><pre tabindex="0"></pre><button type="button" class="quiet" id="taken-close">'
        "Close</button></div></div>"
    )


def stale_badges() -> str:
    """What marks a result that is older than its inputs, with the button that runs it again."""
    return "".join(
        f'<div class="stale-badge" id="stale-{name}" data-for="{name}" hidden><p role="status">These results are older than the inputs.'
        f'</p><button type="button" class="main" id="rerun-{name}">Run again</button></div>'
        for name in ("trial", "drugs")
    )


def caveat_lists() -> str:
    """Where the known limits of the numbers of a tab are told."""
    return "".join(
        f'<section class="caveats" data-for="{name}" aria-label="Known limits of these numbers">'
        f'<h3>Known limits of these numbers</h3><ul id="caveats-{name}"></ul></section>'
        for name in ("path", "trial", "drugs", "figures")
    )


def path_cards() -> str:
    """Six empty panels in the order of the stages; the page's script draws into them."""
    cards = "".join(
        f'<article class="card" id="card-{panel.stage}"><header><h2><span class="swatch" style="background:'
        f'{STAGE_COLOUR[panel.stage]}"></span>{escape(panel.title)}</h2><span class="axis"></span></header>'
        f'<div class="chart" data-stage="{panel.stage}" tabindex="0" role="img" aria-describedby="sentence-{panel.stage}" '
        f'aria-label="{escape(panel.title)}: curves over time. Arrow keys move the time at which values are read."></div>'
        f'<ul class="legend"></ul><p class="sentence" id="sentence-{panel.stage}"></p></article>'
        for panel in PANELS
    )
    return (
        '<section class="panel" id="panel-path" data-for="path" role="tabpanel" aria-labelledby="tab-path">'
        f'<div class="cards">{cards}</div></section>'
    )
