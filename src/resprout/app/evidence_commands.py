"""`resprout interventions`, `hypotheses` and `compare`: what the model says beside what was published."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.calibrate.drug_comparison import Compared
    from resprout.calibrate.hypotheses import Score
    from resprout.calibrate.interventions import Reading, Verdict

OwnModel = Annotated[Path | None, typer.Option("--model", help="Folder of a model of one's own.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def interventions(model: OwnModel = None, as_json: AsJson = False) -> None:
    """Run every published intervention in the model, and say which come out as observed.

    Example: `resprout interventions`
    """
    from resprout.app.imported_commands import chain_model
    from resprout.app.terminal import print_json, screen, waiting
    from resprout.calibrate.interventions import run_interventions

    with waiting("running every published intervention"):
        verdicts = run_interventions(chain_model(model))
    if as_json:
        print_json(intervention_facts(verdicts))
    else:
        show_interventions(screen(), verdicts)


def hypotheses(
    model: OwnModel = None,
    predictive: Annotated[
        bool,
        typer.Option("--predictive", help="Score each on the laboratory's measurements, every row left out in turn."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask rival hypotheses the same questions: which published facts does each explain alone?

    Example: `resprout hypotheses` or `resprout hypotheses --predictive`
    """
    if predictive:
        show_predictions(model, as_json)
        return
    from resprout.app.imported_commands import chain_model
    from resprout.app.terminal import print_json, screen, waiting
    from resprout.calibrate.hypotheses import score_hypotheses

    with waiting("asking each hypothesis"):
        scores = score_hypotheses(chain_model(model))
    if as_json:
        print_json(hypothesis_facts(scores))
    else:
        show_hypotheses(screen(), scores)


def show_predictions(folder: Path | None, as_json: bool) -> None:
    """Print how well each hypothesis predicts, the best first."""
    from dataclasses import asdict

    from resprout.app.options import need_extra
    from resprout.app.terminal import number, print_json, screen, table, waiting
    from resprout.language import load_model

    need_extra("arviz", "calibrate")
    from resprout.calibrate.predictive_score import predict_hypotheses

    with waiting("Predicting under each hypothesis"):
        found = predict_hypotheses(load_model(folder))
    if as_json:
        print_json({"rows": [asdict(row) for row in found]})
        return
    cells = [
        [row.name, number(row.score), number(row.standard_error), f"{number(row.behind)} ± {number(row.behind_error)}"]
        for row in found
    ]
    title = f"Leave-one-out predictive score on {found[0].rows} laboratory rows; higher is better"
    columns = ["hypothesis", "score", "standard error", "behind the best"]
    screen().print(table(columns, cells, title=title, right=columns[1:]))


def compare(
    model: OwnModel = None,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help="Write the picture: .html, .svg, .pdf or .png.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the table: .csv or .parquet.")] = None,
) -> None:
    """Give ketamine and other agents once to one typical depressed person, side by side.

    Example: `resprout compare --out agents.html`
    """
    from resprout.app.imported_commands import chain_model
    from resprout.app.output_files import TABLE_SUFFIXES, check_picture, check_target, keep_picture, keep_table, refuse
    from resprout.app.terminal import print_json, screen, waiting
    from resprout.calibrate.drug_comparison import compare_agents

    refuse([*check_picture("--out", out), *check_target("--table", table, TABLE_SUFFIXES)])
    with waiting("giving each agent"):
        rows = compare_agents(chain_model(model))
    if as_json:
        print_json({"rows": [comparison_row(row) for row in rows]})
    else:
        show_comparison(screen(), rows)
    if out is not None:
        from resprout.figures.drug_figure import agents_figure

        keep_picture(agents_figure(rows), out)
    if table is not None:
        import pandas as pd

        keep_table(pd.DataFrame([comparison_row(row) for row in rows]), table)


def intervention_facts(verdicts: list[Verdict]) -> dict[str, Any]:
    """Verdicts as plain data, with the counts."""
    rows = [
        {
            "id": verdict.row["id"],
            "intervention": verdict.row["intervention"],
            "agent": verdict.row["agent"],
            "readout": verdict.row["readout"],
            "observed": verdict.row["expected"],
            "predicted": verdict.predicted,
            "right": verdict.right,
            "verification": verdict.row["verification"],
            "source": verdict.row["source"],
            "readings": [
                {"measure": reading.measure, "kind": reading.kind, "value": reading.value}
                for reading in verdict.readings
            ],
            "reason": verdict.reason,
        }
        for verdict in verdicts
    ]
    from resprout.calibrate.interventions import SEEN

    seen = [verdict for verdict in verdicts if verdict.row["verification"] == SEEN]
    return {
        "rows": rows,
        "right": sum(verdict.right for verdict in verdicts),
        "total": len(verdicts),
        "right_read": sum(verdict.right for verdict in seen),
        "total_read": len(seen),
    }


def show_interventions(console: Console, verdicts: list[Verdict]) -> None:
    """Print a row for each intervention, the reason of each miss, and the counts."""
    from rich.text import Text

    from resprout.app.terminal import table

    rows = [
        [
            verdict.row["id"],
            verdict.row["intervention"],
            verdict.row["agent"] or "–",
            verdict.row["expected"],
            Text(verdict.predicted, style="" if verdict.right else "bold red"),
            reading_words(verdict.worst),
            verdict.row["verification"],
        ]
        for verdict in verdicts
    ]
    columns = ["", "intervention", "agent", "observed", "predicted", "found in the model", "seen"]
    console.print(table(columns, rows, title="Published interventions, each run in the model"))
    for verdict in verdicts:
        if not verdict.right:
            console.print(Text.assemble((f"{verdict.row['id']}  ", "bold red"), verdict.reason), soft_wrap=True)
    facts = intervention_facts(verdicts)
    console.print(
        f"\n{facts['right']} of {facts['total']} right; of those read in their source, "
        f"{facts['right_read']} of {facts['total_read']} ({facts['right_read'] / max(facts['total_read'], 1):.0%})."
    )


def reading_words(reading: Reading | None) -> str:
    """One reading in words; a dash if there is none."""
    if reading is None:
        return "–"
    meaning = {"left": " left", "together": " of agent alone", "share": " of ketamine", "change": " of rest"}
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
                "id": verdict.row["id"],
                "fact": verdict.row["fact"],
                "source": verdict.row["source"],
                "explained_by": [score.hypothesis.name for score in scores if score.facts[number].right],
                "value": {score.hypothesis.name: plain_value(score.facts[number].worst) for score in scores},
            }
            for number, verdict in enumerate(first.facts)
        ],
        "explained": {score.hypothesis.name: score.explained for score in scores},
        "total": len(first.facts),
        "interventions_right": {
            score.hypothesis.name: sum(verdict.right for verdict in score.interventions) for score in scores
        },
        "interventions_total": len(first.interventions),
    }


def plain_value(reading: Reading | None) -> float | None:
    """The number of a reading, if there is one."""
    return None if reading is None else reading.value


def show_hypotheses(console: Console, scores: list[Score]) -> None:
    """Print which fact each hypothesis explains, a column a hypothesis."""
    from rich.text import Text

    from resprout.app.terminal import table

    names = [score.hypothesis.name for score in scores]
    rows: list[list[Any]] = []
    for number, verdict in enumerate(scores[0].facts):
        marks = [Text("yes", style="green") if score.facts[number].right else Text("–") for score in scores]
        rows.append([verdict.row["id"], verdict.row["fact"], *marks, verdict.row["source"]])
    facts = hypothesis_facts(scores)
    rows.append(["", Text("facts explained", style="bold"), *(f"{score.explained}" for score in scores), ""])
    counts = facts["interventions_right"].values()
    rows.append(["", f"interventions right, of {facts['interventions_total']}", *map(str, counts), ""])
    console.print(table(["", "published fact", *names, "source"], rows, title="What each hypothesis explains alone"))
    for score in scores:
        console.print(Text.assemble((f"{score.hypothesis.name}  ", "bold"), score.hypothesis.claim), soft_wrap=True)


def comparison_row(row: Compared) -> dict[str, Any]:
    """One agent as a flat record."""
    return {"agent": row.agent, "given": row.given, "family": row.family, **row.value, "note": row.note}


def show_comparison(console: Console, rows: list[Compared]) -> None:
    """Print agents side by side."""
    from resprout.app.terminal import table
    from resprout.calibrate.drug_comparison import COLUMNS

    digits = {"p_mTOR": 2, "BDNF_release": 1, "HDRS17_24h": 1}
    cells = [
        [row.agent, row.family, *(f"{value:+.{digits.get(name, 0)}f}" for name, value in row.value.items()), row.note]
        for row in rows
    ]
    columns = ["agent", "family", *COLUMNS, "note"]
    console.print(table(columns, cells, title="One dose in one typical depressed person", right=list(COLUMNS)))
    for name, meaning in COLUMNS.items():
        console.print(f"  [dim]{name}: {meaning}[/]")
