"""`resprout interventions` and `hypotheses`: what the model says beside what was published."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import DRAWS, AsJson, Draws, ModelFolder
from resprout.app.provenance import provenance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from resprout.calibrate.hypotheses import Score
    from resprout.calibrate.interventions import InterventionResult, Reading


def interventions(model: ModelFolder = None, draws: Draws = DRAWS, as_json: AsJson = False) -> None:
    """Simulate every published intervention, and report which are reproduced, at the point estimate and at how many posterior draws.

    Example: `resprout interventions`, `resprout interventions --draws 0`
    """
    from resprout.app.imported_commands import chain_model
    from resprout.app.terminal import counted_spinner, print_json, stdout_console
    from resprout.calibrate.drawn_predictions import at_draws
    from resprout.calibrate.interventions import run_interventions

    with counted_spinner("Simulating every published intervention") as tell:
        loaded = chain_model(model)
        results = run_interventions(loaded)
        drawn = at_draws(loaded, run_interventions, draws, tell)
    if as_json:
        told = provenance(loaded, "interventions", draws=len(drawn))
        print_json({**intervention_facts(results, drawn), "provenance": told})
    else:
        show_interventions(stdout_console(), results, drawn)


def hypotheses(
    model: ModelFolder = None,
    predictive: Annotated[
        bool,
        typer.Option("--predictive", help="Score each by leave-one-out prediction of the laboratory measurements."),
    ] = False,
    refit: Annotated[
        bool,
        typer.Option("--refit", help="Refit each, and score it on trials left out of its fit; takes half an hour."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare rival hypotheses: which published results does each reproduce alone?

    Example: `resprout hypotheses`, `resprout hypotheses --predictive` or `resprout hypotheses --refit`
    """
    if refit:
        refit_hypotheses(model, as_json)
        return
    if predictive:
        show_predictions(model, as_json)
        return
    from resprout.app.imported_commands import chain_model
    from resprout.app.terminal import print_json, status_spinner, stdout_console
    from resprout.calibrate.hypotheses import score_hypotheses

    with status_spinner("Simulating each hypothesis"):
        loaded = chain_model(model)
        scores = score_hypotheses(loaded)
    refitted = recorded_refits() if model is None else []
    if as_json:
        told = provenance(loaded, "hypotheses")
        print_json({**hypothesis_facts(scores), "refitted": refitted, "provenance": told})
        return
    show_hypotheses(stdout_console(), scores)
    if refitted:
        show_refitted(stdout_console(), refitted)


def refit_hypotheses(folder: Path | None, as_json: bool) -> None:
    """Refit every hypothesis and print how well each predicts trials left out, the best first."""
    from dataclasses import asdict

    from resprout.app.terminal import print_json, status_spinner, stdout_console
    from resprout.calibrate.no_u_turn import need_sampler
    from resprout.language import load_model

    need_sampler()
    from resprout.calibrate.refitted_hypotheses import compare_refitted

    with status_spinner("Refitting") as spinner:
        found = compare_refitted(load_model(folder), lambda text: spinner.update(f"Refitting {text} …"))
    rows = [asdict(row) for row in found]
    if as_json:
        print_json({"refitted": rows})
    else:
        show_refitted(stdout_console(), rows)


def recorded_refits() -> list[dict[str, Any]]:
    """How well refitted hypotheses predicted trials left out when that was last written down (`make rivals`)."""
    from resprout.calibrate.data_tables import data_rows

    rows = data_rows("refitted_hypotheses")
    return [{name: text if name == "hypothesis" else float(text) for name, text in row.items()} for row in rows]


def refit_cells(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns and cells of refitted hypotheses."""
    cells = [
        [
            row["hypothesis"],
            f"{row['free_constants']:.0f}",
            f"{row['crps']:.3f} ± {row['standard_error']:.3f}",
            f"{row['behind']:.3f} ± {row['behind_error']:.3f}",
            f"{row['loss']:.1f}",
        ]
        for row in rows
    ]
    return ["hypothesis", "free constants", "CRPS", "above the smallest", "loss of the fit"], cells


def refit_sentence(rows: list[dict[str, Any]]) -> str:
    """What the scores of refitted hypotheses are."""
    return (
        f"Mean CRPS of {rows[0]['rows']:.0f} published numbers of {rows[0]['trials']:.0f} single-dose trials, each trial predicted "
        "by a fit to the laboratory and the other trials, in standard deviations of a number; smaller is better. "
        "Standard errors are over trials. Repeated doses and interventions are not part of it."
    )


def show_refitted(console: Console, rows: list[dict[str, Any]]) -> None:
    """Print how well refitted hypotheses predict trials left out."""
    from resprout.app.terminal import table

    columns, cells = refit_cells(rows)
    console.print(table(columns, cells, title="Hypotheses refitted, on trials left out", right=columns[1:]))
    console.print(refit_sentence(rows))


def show_predictions(folder: Path | None, as_json: bool) -> None:
    """Print how well each hypothesis predicts, the best first."""
    from dataclasses import asdict

    from resprout.app.terminal import number, print_json, status_spinner, stdout_console, table
    from resprout.errors import need_package
    from resprout.language import load_model

    need_package("arviz", "calibrate")
    from resprout.calibrate.predictive_score import predict_hypotheses

    with status_spinner("Predicting under each hypothesis"):
        loaded = load_model(folder)
        found = predict_hypotheses(loaded)
    if as_json:
        told = provenance(loaded, "hypotheses --predictive")
        print_json({"rows": [asdict(row) for row in found], "provenance": told})
        return
    cells = [
        [row.name, number(row.score), number(row.standard_error), f"{number(row.behind)} ± {number(row.behind_error)}"]
        for row in found
    ]
    title = f"Leave-one-out predictive score on {found[0].rows} laboratory rows; higher is better"
    columns = ["hypothesis", "score", "standard error", "difference from the best"]
    stdout_console().print(table(columns, cells, title=title, right=columns[1:]))


def intervention_facts(
    results: list[InterventionResult], drawn: Sequence[list[InterventionResult]] = ()
) -> dict[str, Any]:
    """Results as plain data, with the counts; of each, the share of draws at which it is reproduced."""
    rows = [
        {
            "id": result.row["id"],
            "intervention": result.row["intervention"],
            "drug": result.row["drug"],
            "readout": result.row["readout"],
            "observed": result.row["expected"],
            "predicted": result.predicted,
            "agree": result.agrees,
            "agree_draws": share_of_draws(drawn, number),
            "verification": result.row["verification"],
            "source": result.row["source"],
            "readings": [
                {"measure": reading.measure, "kind": reading.kind, "value": reading.value}
                for reading in result.readings
            ],
            "reason": result.reason,
        }
        for number, result in enumerate(results)
    ]
    from resprout.calibrate.interventions import SEEN

    seen = [result for result in results if result.row["verification"] == SEEN]
    return {
        "rows": rows,
        "agree": sum(result.agrees for result in results),
        "total": len(results),
        "agree_read": sum(result.agrees for result in seen),
        "total_read": len(seen),
        "draws": len(drawn),
        "agree_by_draw": [sum(result.agrees for result in each) for each in drawn],
    }


def share_of_draws(drawn: Sequence[list[InterventionResult]], number: int) -> float:
    """Share of draws at which an intervention is reproduced; not a number where there are none."""
    return sum(each[number].agrees for each in drawn) / len(drawn) if drawn else math.nan


def show_interventions(
    console: Console, results: list[InterventionResult], drawn: Sequence[list[InterventionResult]] = ()
) -> None:
    """Print a row for each intervention, the reason of each miss, and the counts."""
    from rich.text import Text

    from resprout.app.terminal import print_wrapped, table

    rows = [
        [
            result.row["id"],
            result.row["intervention"],
            result.row["drug"] or "–",
            result.row["expected"],
            Text(result.predicted, style="" if result.agrees else "bold red"),
            format_reading(result.worst),
            *([f"{share_of_draws(drawn, number):.0%}"] if drawn else []),
            result.row["verification"],
        ]
        for number, result in enumerate(results)
    ]
    columns = ["", "intervention", "drug", "observed", "predicted", "effect in the model"]
    columns += [*(["draws"] if drawn else []), "verification"]
    title = "Published interventions, simulated in the model"
    console.print(table(columns, rows, title=title, right=["draws"]))
    for result in results:
        if not result.agrees:
            print_wrapped(console, result.reason, label=Text(f"{result.row['id']}  ", "bold red"), indent=5)
    facts = intervention_facts(results, drawn)
    console.print(
        f"\n{facts['agree']} of {facts['total']} reproduced; of those read in their source, "
        f"{facts['agree_read']} of {facts['total_read']} ({facts['agree_read'] / max(facts['total_read'], 1):.0%})."
    )
    if drawn:
        fewest, most = min(facts["agree_by_draw"]), max(facts["agree_by_draw"])
        console.print(
            f"Column `draws`: share of {len(drawn)} posterior draws of the constants at which it is reproduced; at one draw, "
            f"{fewest} to {most} of {facts['total']} are."
        )


def format_reading(reading: Reading | None) -> str:
    """One reading in words; a dash if there is none."""
    if reading is None:
        return "–"
    meaning = {"left": " left", "together": " of the drug alone", "share": " of ketamine", "change": " from baseline"}
    if math.isnan(reading.value):
        return f"{reading.measure}: no effect"
    return f"{reading.measure}: {reading.value:+.0%}{meaning[reading.kind]}"


def hypothesis_facts(scores: list[Score]) -> dict[str, Any]:
    """Scores as plain data: who explains which fact."""
    first = scores[0]
    return {
        "hypotheses": {score.hypothesis.name: score.hypothesis.claim for score in scores},
        "facts": [
            {
                "id": result.row["id"],
                "fact": result.row["fact"],
                "source": result.row["source"],
                "explained_by": [score.hypothesis.name for score in scores if score.facts[number].agrees],
                "value": {score.hypothesis.name: plain_value(score.facts[number].worst) for score in scores},
            }
            for number, result in enumerate(first.facts)
        ],
        "explained": {score.hypothesis.name: score.explained for score in scores},
        "total": len(first.facts),
        "interventions_agree": {
            score.hypothesis.name: sum(result.agrees for result in score.interventions) for score in scores
        },
        "interventions_total": len(first.interventions),
    }


def plain_value(reading: Reading | None) -> float | None:
    """The number of a reading, if there is one."""
    return None if reading is None else reading.value


def show_hypotheses(console: Console, scores: list[Score]) -> None:
    """Print which fact each hypothesis explains, a column a hypothesis."""
    from rich.text import Text

    from resprout.app.terminal import print_wrapped, table

    names = [score.hypothesis.name for score in scores]
    rows: list[list[Any]] = []
    for number, result in enumerate(scores[0].facts):
        marks = [Text("yes", style="green") if score.facts[number].agrees else Text("–") for score in scores]
        rows.append([result.row["id"], result.row["fact"], *marks, result.row["source"]])
    facts = hypothesis_facts(scores)
    rows.append(["", Text("results reproduced", style="bold"), *(f"{score.explained}" for score in scores), ""])
    counts = facts["interventions_agree"].values()
    rows.append(["", f"interventions reproduced, of {facts['interventions_total']}", *map(str, counts), ""])
    console.print(
        table(
            ["", "published result", *names, "source"],
            rows,
            title="Published results that each hypothesis reproduces alone",
        )
    )
    for score in scores:
        print_wrapped(console, score.hypothesis.claim, label=Text(f"{score.hypothesis.name}  ", "bold"), indent=2)
