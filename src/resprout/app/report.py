"""The report: a trial or a run in, one HTML page out, with figures, tables, methods ready to paste, and the model."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from resprout.app.caveats import Caveat, caveats_for, shown_by_run, shown_by_trial
from resprout.app.html_page import Section, drawn, html_table, page, paragraphs
from resprout.app.model_facts import grades_of, share_assumed
from resprout.app.model_section import model_section
from resprout.app.output_files import save_page
from resprout.app.summary_tables import (
    ANOVA_COLUMNS,
    anova_cells,
    enantiomer_sentence,
    outputs_of,
    summary,
    summary_cells,
)
from resprout.app.terminal import number
from resprout.app.trial_sections import (
    analysis_section,
    design_section,
    not_estimable_section,
    patients_section,
    published_section,
    responders_section,
    rules_section,
    safety_section,
)
from resprout.app.trial_warnings import carry_over_sentences
from resprout.figures.arm_figure import arms_over_time
from resprout.figures.fig1 import ROWS, figure1
from resprout.figures.path_figure import path_in_time
from resprout.figures.spoken_units import format_time
from resprout.figures.stage_panels import ketamine_given

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from resprout.language import Model
    from resprout.trial import Trial

REVIEW = (
    "Krystal JH, Sanacora G, Duman RS. Rapid-acting glutamatergic antidepressants: the path to ketamine and beyond. "
    "Biol Psychiatry 2013;73(12):1133-41. doi:10.1016/j.biopsych.2013.03.026"
)
REVIEW_TRIAL = "berman2000"
CHANGES = {"blocks": "blocked", "overrides": "set", "genotype": "rs6265 genotype"}
CARRIED_OVER = (
    "Everybody receives both, in one order or the other. Where the drug came first, what is left of its effect after the "
    "washout is part of the baseline of the control period, so that the two baselines can differ."
)
LIMITS = (
    "The chain of mechanisms is a hypothesis made explicit. That its output resembles a trial does not show that each "
    "step is true; the grades below say which numbers were measured, fitted or assumed, and which are definitions.",
    "Expected scores are smooth; ratings in a trial are integers with rater noise and placebo response added.",
    "Constants were taken or fitted from laboratory work and from trials published up to 2019. Nothing here was checked "
    "against a particular patient, and nothing here supports a decision about one.",
)


def write_report(trial: Trial, path: str | Path, model: Model | None = None) -> Path:
    """Write the report of a trial as one self-contained page.

    trial    what `run_trial` gave       path    .html file to write
    model    the model that ran; the shipped one if left out
    returns  the path written
    """
    save_page(trial_page(trial, model), Path(path))
    return Path(path)


def trial_page(trial: Trial, model: Model | None = None) -> str:
    """The page of a trial: its figure, analysis, path in time, methods, model and limits."""
    if model is None:
        from resprout.language import load_model

        model = load_model()
    rest = trial.analysis["analysis"].ne("rm_anova").any()
    mood = trial.table["statistic"].eq("response_rate").any()
    sections = [
        design_section(trial, model),
        patients_section(trial),
        Section("trial", "What was rated, visit by visit", trial_body(trial)),
        *([anova_section(trial.anova, trial.protocol.name)] if len(trial.anova) else []),
        *([responders_section(trial)] if mood else []),
        safety_section(trial),
        *([analysis_section(trial)] if rest else []),
        *([rules_section(trial)] if len(trial.rules) else []),
        not_estimable_section(trial),
        *([published_section(trial)] if len(trial.published) else []),
        Section("path", "From dose to score, stage by stage", path_body(trial.path)),
        methods_section(model, trial.path, trial),
        model_section(model),
        limits_section(caveats_for(shown_by_trial(trial))),
    ]
    times = "once" if trial.replicates == 1 else f"{trial.replicates:,} times"
    lead = f"The trial {trial.protocol.name} run {times} on virtual patients: from dose to spine to depression score."
    return page(trial.protocol.title, lead, sections, foot(trial.path))


def run_page(run: xr.Dataset, model: Model, regimen: str) -> str:
    """The page of a run: path in time, table of outputs, methods, model and limits."""
    columns, cells = summary_cells(summary(run, outputs_of(run)))
    note = enantiomer_sentence(outputs_of(run), ketamine_given(run)).replace("`", "")
    sections = [
        Section("path", "From dose to score, stage by stage", path_body(run)),
        Section("outputs", "Means over patients", html_table(columns, cells, right=columns[2:]) + paragraphs(note)),
        methods_section(model, run),
        model_section(model),
        limits_section(run_caveats(run, regimen)),
    ]
    lead = f"{run.sizes['patient']:,} virtual patients followed from dose to dendritic spine to depression score."
    return page(regimen, lead, sections, foot(run))


def trial_body(trial: Trial) -> str:
    """The figure of a trial with its table of means."""
    means = trial.table[trial.table["statistic"].eq("mean")]
    columns = ["endpoint", "arm", "time", "mean", "95 % interval", "n"]
    rows = [
        [
            row["endpoint"],
            row["arm"],
            format_time(row["time_h"]),
            number(row["value"], 4),
            f"{number(row['lower'], 4)} to {number(row['upper'], 4)}",
            f"{row['n']:,}",
        ]
        for row in means.to_dict("records")
    ]
    table = html_table(columns, rows, right=columns[2:])
    folded = f"<details><summary>The same as a table<small>{len(rows)} rows</small></summary>{table}</details>"
    carried = " ".join([CARRIED_OVER, *carry_over_sentences(trial)]) if trial.protocol.design == "crossover" else ""
    if set(means["endpoint"]) == set(ROWS):
        constants = trial.path.attrs["constants"]
        picture = drawn(figure1(trial.table, replicates=trial.replicates, constants=constants, protocol=trial.protocol))
        return picture + folded + paragraphs(carried, f"After Fig 1 of {REVIEW}")
    control, title = trial.protocol.control_arm, trial.protocol.title
    picture = drawn(
        arms_over_time(trial.table, control=control, replicates=trial.replicates, title=title, protocol=trial.protocol)
    )
    return picture + folded + paragraphs(carried)


def anova_section(anova: pd.DataFrame, name: str) -> Section:
    """The analysis of variance and what it says."""
    bound = (
        "The published trial reports p<.005 for each of the three outcomes; the last two columns give the share of "
        "replicates below that bound, with and without the correction."
        if name == REVIEW_TRIAL
        else "The last two columns give the share of replicates with p<.005, with and without the correction."
    )
    table = html_table(ANOVA_COLUMNS, anova_cells(anova), right=ANOVA_COLUMNS[1:])
    meaning = paragraphs(
        "Each replicate of the trial is analysed like the published one: a repeated-measures analysis of variance with "
        "drug and time within persons. The interaction asks whether the change over time differs between drug and control. "
        "F, epsilon and p are medians over replicates; a missed visit takes the rating before it. "
        "p is corrected for lack of sphericity (Greenhouse-Geisser, by epsilon).",
        bound,
    )
    return Section("anova", "Does the change over time differ between drug and control?", table + meaning)


def path_body(run: xr.Dataset) -> str:
    """The path in time and how to read it."""
    return drawn(path_in_time(run), "tall") + paragraphs(
        "Left, the first six hours; right, all days. Lines of one panel share its axis: in stage 1 each is shown as a share "
        "of its own peak, in stage 3 relative to the patient's baseline, in stage 4 as a share of its own largest change. "
        "The true sizes stand in the legends. Click a legend entry to hide a line."
    )


def methods_section(model: Model, run: xr.Dataset, trial: Trial | None = None) -> Section:
    """A paragraph that can be pasted into a paper."""
    text = methods_text(model, run, trial)
    button = '<button data-copy="#methods-text">Copy</button>'
    return Section(
        "methods", "Methods, ready to paste", f'<blockquote id="methods-text">{escape(text)}</blockquote>{button}'
    )


def methods_text(model: Model, run: xr.Dataset, trial: Trial | None = None) -> str:
    """Say in one paragraph what was run, precisely enough to run it again."""
    facts, grades = run.attrs, grades_of(model)
    said = [
        f"Simulations used resprout {facts.get('resprout_version', '')} (model digest {model.digest}): {len(model.states)} "
        "ordinary differential equations in six stages (dose, receptor, circuit, signal, spine, score) with "
        f"{sum(grades.values())} constants, of which {grades['measured']} are measured, {grades['fitted']} fitted and "
        f"{grades['assumed']} ({share_assumed(grades):.0%}) assumed; the others are definitions. Measured ones are taken from the publications that the "
        "model's tables cite; fitted ones were chosen so that published facts come out.",
        f"Constants stood {facts['constants']}." if facts.get("constants") else "",
        trial_sentences(trial) if trial is not None else run_sentences(run),
        "Each patient was integrated by a linearly implicit (Rosenbrock) method with adaptive steps at a relative tolerance "
        f"of {facts.get('tolerance', '')} per step, from the steady state found by Newton iteration.",
    ]
    return " ".join(part for part in said if part)


def run_sentences(run: xr.Dataset) -> str:
    """Who was given what, in a sentence or two."""
    facts = run.attrs
    changes = [f"{word} {facts[key]}" for key, word in CHANGES.items() if facts.get(key)]
    return (
        f"{run.sizes['patient']:,} virtual patients (population {facts.get('population', '')}, seed {facts.get('seed', '')}) "
        f"received: {facts.get('regimen', '')}." + (f" Changed for everybody: {'; '.join(changes)}." if changes else "")
    )


def trial_sentences(trial: Trial) -> str:
    """The design of a trial, and what of it had to be assumed."""
    protocol = trial.protocol
    arms = " and ".join(arm.regimen for arm in protocol.arms)
    assumed = f" Assumed of the design: {'; '.join(protocol.assumed)}." if protocol.assumed else ""
    washout = f" with a washout of {protocol.washout / 24:g} d" if protocol.washout else ""
    return (
        f"The {protocol.design} trial {protocol.name} ({arms}){washout} was repeated {trial.replicates:,} times, each time "
        f"on {protocol.people} fresh virtual patients drawn by its entry criteria (seed {trial.seed}), with rater noise and "
        f"placebo response.{assumed}"
    )


def run_caveats(run: xr.Dataset, regimen: str) -> list[Caveat]:
    """The known limits that touch a run."""
    hours, population = float(run["time_h"].max()), str(run.attrs.get("population", ""))
    return caveats_for(shown_by_run(outputs_of(run), regimen, hours, population))


def limits_section(caveats: Sequence[Caveat]) -> Section:
    """What the report does not show: the limits that touch its numbers, then those of any report."""
    texts = [*(each.sentence for each in caveats), *LIMITS]
    return Section("limits", "Limits", "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>")


def foot(run: xr.Dataset) -> str:
    """Provenance in small print."""
    facts = [f"{key.replace('_', ' ')} {value}" for key, value in run.attrs.items() if value not in ("", None)]
    return "Made by resprout. " + ", ".join(facts)
