"""Rating scales of a model: what each rates, its range, its cut-off of remission and what it is rated from; and how they are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.language import Model
    from resprout.language.rating_scales import Scale

COLUMNS = ["scale", "range", "unit", "remission", "grade", "source", "rated", "meaning"]


def about_scales(model: Model) -> dict[str, dict[str, Any]]:
    """Every rating scale of a model by name, with what `describe` says of it."""
    meanings = {row["scale"]: row["meaning"] for row in model.tables.get("scales", ())}
    return {
        name: {
            "scale": name,
            "lowest": scale.lowest,
            "highest": scale.highest,
            "step": scale.step,
            "unit": scale.unit,
            "rates_depression": scale.mood,
            "remission": scale.remission,
            "grade": scale.remission_grade,
            "source": scale.remission_source,
            "rated": _manner(model, scale),
            "meaning": meanings.get(name, ""),
        }
        for name, scale in model.scales.items()
    }


def show_scales(console: Console, facts: dict[str, dict[str, Any]]) -> None:
    """Print rating scales, a line each."""
    from resprout.app.terminal import graded, table

    rows = [
        [
            row["scale"],
            f"{row['lowest']:g} to {row['highest']:g}",
            row["unit"],
            "" if row["remission"] is None else f"{row['remission']:g}",
            graded(row["grade"]),
            row["source"],
            row["rated"],
            row["meaning"],
        ]
        for row in facts.values()
    ]
    console.print(table(COLUMNS, rows, title="Rating scales; grade and source are those of the cut-off of remission"))


def _manner(model: Model, scale: Scale) -> str:
    """What a scale is rated from, and with which error."""
    if scale.item:
        return f"item of {scale.rates}"
    if not scale.rater_error:
        return "item by item"
    error = f"error {scale.rater_error} {model.nominal[scale.rater_error]:g}"
    share = model.nominal[scale.ratio] if scale.ratio else 1.0
    return f"self-rating, {share:g} of {scale.rates}, {error}" if scale.is_self_rated else error
