"""`resprout data exposure`: exposure of observed people against the change of a score, and covariate effects on both."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.observed_opening import (
    DataFiles,
    DrawsOption,
    EntryOption,
    MappingFile,
    PopulationOption,
    Prior,
    Request,
    answer,
    opened,
    posteriors_of,
)
from resprout.app.options import AsJson, FigureFile, ModelFolder, PictureSize, Seed, TableFile, read_choice
from resprout.errors import Fault

if TYPE_CHECKING:
    from resprout.patients.exposure_response import ExposureResponse

MEASURES = {"auc": "AUC_infinity", "auc_last": "AUC_last", "cmax": "Cmax"}
SOURCES = ("levels", "posterior")
SOURCE_WORDS = {"levels": "levels", "posterior": "the posterior"}
FIGURES = ("response", "covariates")


def exposure(  # many arguments: files to read and to write, the population, and what is compared
    files: DataFiles,
    mapping: MappingFile = None,
    measure: Annotated[str, typer.Option(help="auc (to infinity), auc_last or cmax.")] = "auc",
    by: Annotated[str, typer.Option("--by", help="levels, or posterior: the median of each person's.")] = "levels",
    endpoint: Annotated[str, typer.Option(help="Rating scale whose change is compared.")] = "MADRS",
    hour: Annotated[float, typer.Option(min=0.01, max=9600, help="Hours after the first dose.")] = 24.0,
    figure: Annotated[str, typer.Option(help="response or covariates.")] = "response",
    draws: DrawsOption = 1200,
    entry: EntryOption = "",
    population: PopulationOption = None,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    out: FigureFile = None,
    size: PictureSize = None,
    as_json: AsJson = False,
) -> None:
    """Compare exposure after the first dose with the change of a score, and covariates with both, by regression.

    Example: `resprout data exposure my_clinic.csv --endpoint MADRS --hour 24 --out exposure.html`
    """
    faults: list[Fault] = []
    chosen = read_choice("--measure", measure, tuple(MEASURES), faults) or "auc"
    source = read_choice("--by", by, SOURCES, faults) or "levels"
    drawn = read_choice("--figure", figure, FIGURES, faults) or "response"
    decided = {"measure": MEASURES[chosen], "by": source, "endpoint": endpoint, "hour": hour}
    request = Request("data exposure", files, mapping, model, Prior(draws, entry, population, seed), decided)
    asked = opened(request, tables={"--table": table}, figure=out, size=size, faults=faults)
    from resprout.app.output_files import refuse
    from resprout.errors import nearest
    from resprout.patients.exposure_response import exposure_response

    scale = next((name for name in asked.model.scales if name.lower() == endpoint.lower()), None)
    if scale is None:
        remedy = nearest(endpoint, asked.model.scales, "resprout describe scales")
        refuse([Fault(f"`{endpoint}` is no rating scale here.", "--endpoint", "", remedy)])
    fitted = posteriors_of(asked) if source == "posterior" else None
    found = exposure_response(asked.data, measure=MEASURES[chosen], endpoint=str(scale), hour=hour, posteriors=fitted)

    written = [(table, lambda: found.points), (out, lambda: picture(found, drawn, source))]
    facts = {"points": found.points, "line": found.line, "effects": found.effects, "left_out": found.left_out}
    facts |= {"slope": dict(zip(("per_doubling", "lower", "upper", "p"), found.slope, strict=True)), "by": source}
    answer(asked, facts, partial(show_response, found=found, source=source), written, as_json=as_json)


def picture(found: ExposureResponse, kind: str, source: str) -> Any:
    """The figure of one kind.

    found   regression and effects        kind   one of FIGURES        source   one of SOURCES
    """
    from resprout.figures.exposure_figures import NAMES, covariate_figure, exposure_figure
    from resprout.patients.exposure_response import UNITS

    named = f"{NAMES[found.measure]} of {found.level.replace('_', ' ')}"
    change = f"change of {found.endpoint} at {found.hour:g} h, points"
    if kind == "covariates":
        title = f"Covariate effects in {len(found.points)} people, 95 % limits"
        return covariate_figure(found.effects, title=title, exposure=f"ratio of {NAMES[found.measure]}", change=change)
    title = f"{len(found.points)} people: change of {found.endpoint} against exposure from {SOURCE_WORDS[source]}"
    axis = f"{named}, {UNITS[found.measure]}"
    return exposure_figure(found.points, found.line, title=title, exposure=axis, change=change)


def show_response(console: Any, found: ExposureResponse, source: str) -> None:
    """Print the slope, the effects of covariates and who is left out."""
    from resprout.app.terminal import interval, number, p_value, table

    people = found.points
    low, middle, high = people["exposure"].quantile([0.05, 0.5, 0.95])
    console.print(
        f"{len(people)} people: {found.measure} of {found.level} by {source}, median {number(middle)} ({interval(low, high)})"
    )
    slope, lower, upper, p = found.slope
    console.print(
        f"{found.endpoint} {found.hour:g} h after the first dose changes by {slope:+.1f} points ({lower:+.1f} to {upper:+.1f}) "
        f"per doubling of exposure at equal baseline, p {p_value(p)}"
    )
    rows = []
    for each in found.effects.to_dict("records"):
        limits = f"{number(each['effect'])} ({number(each['lower'])} to {number(each['upper'])})"
        what = "exposure, ratio" if each["outcome"] == "exposure" else "change, points"
        rows.append([f"{each['covariate']} {each['contrast']}", what, each["people"], limits, p_value(each["p"])])
    if rows:
        columns = ["covariate", "effect on", "people", "95 % limits", "p"]
        console.print(
            table(
                columns, rows, title="Covariates, each alone; p without correction for their number", right=columns[2:]
            )
        )
    counts: dict[str, int] = {}
    for reason in found.left_out.values():
        counts[reason] = counts.get(reason, 0) + 1
    for reason, many in counts.items():
        console.print(f"left out: {many} {'person' if many == 1 else 'people'}: {reason}")
