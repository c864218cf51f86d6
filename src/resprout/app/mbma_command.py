"""`resprout mbma`: the model-based meta-analysis alone; effects, forest, improvement over time and leave-one-trial-out coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.caveats import META_ANALYSIS, caveat_facts, caveats_for, print_caveats
from resprout.app.options import AsJson, ModelFolder, PictureSize, Seed, TableFile
from resprout.app.provenance import provenance

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.calibrate.meta_analysis_effects import Effect, LeftOutRow
    from resprout.calibrate.meta_analysis_fit import MetaAnalysis

FOREST = Annotated[
    Path | None, typer.Option("--forest", help="Write the forest of drug effects: .html, .svg, .pdf or .png.")
]
OVER_TIME = Annotated[
    Path | None,
    typer.Option("--over-time", help="Write improvement over time, a panel a drug: .html, .svg, .pdf or .png."),
]
NOTE = (
    "Improvement is the fall of the score as a share of baseline. Published trials only; nothing here is part of the model. "
    "For research; not medical advice."
)


def mbma(
    forest: FOREST = None,
    over_time: OVER_TIME = None,
    table: TableFile = None,
    size: PictureSize = None,
    seed: Seed = 1,
    model: ModelFolder = None,
    as_json: AsJson = False,
) -> None:
    """Fit a longitudinal model-based meta-analysis to the published trials, and predict each trial without its own numbers.

    Example: `resprout mbma --forest forest.html --over-time time.html`
    """
    from resprout.app.output_files import (
        TABLE_SUFFIXES,
        check_figure_target,
        check_target,
        refuse,
        save_figure,
        save_table,
    )
    from resprout.app.terminal import print_json, stdout_console
    from resprout.language import load_model

    wanted = [each for each in (("--forest", forest), ("--over-time", over_time)) if each[1] is not None]
    figures = [fault for each in wanted or [("--forest", None)] for fault in check_figure_target(*each, size)]
    refuse([*figures, *check_target("--table", table, TABLE_SUFFIXES)])
    fit, left_out = fit_and_leave_out(model, seed)
    facts = meta_analysis_facts(fit, left_out, seed)
    told = provenance(load_model(model), "mbma", trials=sorted({row.trial for row in fit.rows}), seed=seed)
    if table is not None:
        import pandas as pd

        save_table(pd.DataFrame(facts["rows"]), table, told)
    if forest is not None:
        save_figure(forest_of(fit, seed), forest, size)
    if over_time is not None:
        save_figure(over_time_of(fit), over_time, size)
    if as_json:
        print_json({**facts, "caveats": caveat_facts(caveats_for(META_ANALYSIS)), "provenance": told})
        return
    show_meta_analysis(stdout_console(), facts)
    for path in (table, forest, over_time):
        if path is not None:
            typer.echo(f"wrote {path}")


def fit_and_leave_out(folder: Path | None, seed: int) -> tuple[MetaAnalysis, list[LeftOutRow]]:
    """Fit the meta-analysis to all shipped trials, and predict each without its own numbers."""
    from resprout.app.terminal import status_spinner
    from resprout.calibrate.meta_analysis_effects import leave_one_trial_out
    from resprout.calibrate.meta_analysis_fit import fit_meta_analysis
    from resprout.calibrate.meta_analysis_rows import trial_summaries
    from resprout.language import load_model
    from resprout.trial.protocol import shipped_protocols

    with status_spinner("Fitting the meta-analysis"):
        fit = fit_meta_analysis(trial_summaries(load_model(folder), shipped_protocols()), seed=seed)
        return fit, leave_one_trial_out(fit, seed)


def meta_analysis_facts(fit: MetaAnalysis, left_out: Sequence[LeftOutRow], seed: int) -> dict[str, Any]:
    """The meta-analysis as plain data: effects, and every published improvement beside its leave-one-trial-out prediction."""
    from resprout.calibrate.meta_analysis_effects import coverage, drug_effects, fixed_effects, standard_deviations
    from resprout.calibrate.proper_scores import LEVELS

    rows = [
        {
            "trial": each.row.trial,
            "evidence": each.row.evidence,
            "arm": each.row.arm,
            "control": each.row.control,
            "endpoint": each.row.endpoint,
            "time_h": each.row.hour,
            "improvement": each.row.improvement,
            "standard_error": each.row.standard_error,
            "predicted": each.score.median,
            "lower": each.score.interval[90][0],
            "upper": each.score.interval[90][1],
            "crps": each.score.crps,
            **{f"covered_{level}": each.score.covered[level] for level in LEVELS},
            "pareto_k": each.pareto_k,
        }
        for each in left_out
    ]
    return {
        "trials": len({row.trial for row in fit.rows}),
        "onset_h": fit.covariates.time_course.onset_h,
        "offset_h": fit.covariates.time_course.offset_h,
        "drugs": [asdict(each) for each in drug_effects(fit, seed)],
        "effects": [asdict(each) for each in fixed_effects(fit, seed)],
        "standard_deviations": [asdict(each) for each in standard_deviations(fit)],
        "coverage": {str(level): share for level, share in coverage(left_out).items()},
        "crps": sum(each.score.crps for each in left_out) / max(len(left_out), 1),
        "rows": rows,
        "note": NOTE,
    }


def show_meta_analysis(console: Console, facts: dict[str, Any]) -> None:
    """Print effects of drugs, of covariates and of studies, and the coverage of predictions."""
    from resprout.app.terminal import print_wrapped, table

    columns = ["drug", "largest effect", "90 % interval", "trials", "people"]
    rows = [[each["name"], *_numbers(each), str(each["trials"]), str(each["people"])] for each in facts["drugs"]]
    console.print(table(columns, rows, title="Improvement beyond control, share of baseline", right=columns[1:]))
    columns = ["effect", "median", "90 % interval"]
    rows = [[each["name"], *_numbers(each)] for each in [*facts["effects"], *facts["standard_deviations"]]]
    console.print(table(columns, rows, title="Placebo, covariates and spread", right=columns[1:]))
    shares = ", ".join(f"{share:.0%} inside {level} %" for level, share in facts["coverage"].items())
    print_wrapped(
        console,
        f"{len(facts['rows'])} published improvements of {facts['trials']} trials, each predicted without its trial: "
        f"{shares}; mean CRPS {facts['crps']:.3f}. The effect of a procedure sets in with {facts['onset_h']:g} h and ends with "
        f"{facts['offset_h'] / 24:g} d after the last dose (the likeliest of a grid).",
    )
    print_wrapped(console, facts["note"])
    print_caveats(console, caveats_for(META_ANALYSIS))


def forest_of(fit: MetaAnalysis, seed: int) -> Any:
    """The forest of drug effects."""
    from resprout.calibrate.meta_analysis_effects import drug_effects
    from resprout.figures.meta_analysis_figures import ForestRow, effect_forest

    found: list[Effect] = drug_effects(fit, seed)
    groups = {
        "ketamine, largest": "ketamine",
        "another procedure, largest": "other procedures",
        "tablets, largest": "tablets",
    }
    order = list(groups)
    rows = [
        ForestRow(
            each.name.replace("S_ketamine", "esketamine").replace("_", " "),
            groups[each.meaning],
            each.median,
            each.lower,
            each.upper,
            f"{each.trials} trials, n={each.people}" if each.trials > 1 else f"1 trial, n={each.people}",
        )
        for each in sorted(found, key=lambda each: (order.index(each.meaning), -each.median))
    ]
    return effect_forest(
        rows,
        title="Improvement beyond control, by drug: meta-analysis of the published trials",
        axis="largest effect beyond control, share of baseline (90 % interval)",
    )


def over_time_of(fit: MetaAnalysis) -> Any:
    """Improvement over time under each drug that an arm of its own informs."""
    from resprout.calibrate.meta_analysis_time_courses import time_course_panels
    from resprout.figures.meta_analysis_figures import time_course_figure

    return time_course_figure(time_course_panels(fit), title="Improvement over time: meta-analysis and published means")


def _numbers(effect: dict[str, Any]) -> list[str]:
    return [f"{effect['median']:+.2f}", f"{effect['lower']:+.2f} to {effect['upper']:+.2f}"]
