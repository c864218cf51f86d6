"""The tab "My patients": a reader's own table in; its faults, a person's posterior, and ratings to come under a plan out. Nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash import dcc, html

from resprout.app.serve.page_layout import CONFIG, legend_items
from resprout.app.serve.plot_data import RATINGS_HEIGHT, Picture, axis, look, nice_range, value_axis, words
from resprout.app.terminal import number
from resprout.dosing.regimen import parse_regimen
from resprout.errors import Fault, InputError
from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR, faint
from resprout.language.drug_instances import library_drugs
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.patients.dataset import Dataset, Person
from resprout.patients.individual_posteriors import Fit, fitted_and_kept, population_of
from resprout.patients.person_forecast import PersonForecast, forecast_posterior
from resprout.patients.person_traits import TRAITS
from resprout.patients.read_data import EXAMPLE, read_text
from resprout.patients.treatment_plans import Plans, TreatmentPlan

LARGEST_TABLE, LARGEST_MAPPING, MOST_PEOPLE = 400_000, 16_000, 2000  # characters; a request has at most 1 MB
LONGEST_PLAN, WEEKS = 200, 4
STOP, PLAN = "no further dose", "the plan"
COLOURS = {STOP: STAGE_COLOUR["receptor"], PLAN: STAGE_COLOUR["score"]}
RESEARCH_ONLY = "For research and teaching. Not medical advice: nothing here says what a person should take."


@dataclass(frozen=True)
class PersonView:
    """What is shown of one person.

    person     with data          fit       traits and predictions of what was observed
    endpoint   rating scale       forecast  under no further dose and under the plan
    """

    person: Person
    fit: Fit
    endpoint: str
    forecast: PersonForecast


def read_people(request: Any, model: Model) -> Dataset:
    """The table of a request.

    request   with `table` and `mapping` as text, or `example`
    raises    InputError with every fault of the table, or of its size
    """
    sent = request if isinstance(request, dict) else {}
    if sent.get("example") is True:
        return read_text(EXAMPLE.read_text(encoding="utf-8"), name="example", model=model)
    table, mapping = sent.get("table"), sent.get("mapping", "")
    faults = []
    if not isinstance(table, str) or not 0 < len(table) <= LARGEST_TABLE:
        expected = f"Expected up to {LARGEST_TABLE // 1000} kB of text."
        remedy = "Larger tables, Parquet and SAS files: `resprout data check FILE`."
        faults.append(Fault("the table is empty or too large for the page.", "", expected, remedy))
    if not isinstance(mapping, str) or len(mapping) > LARGEST_MAPPING:
        expected = f"Expected up to {LARGEST_MAPPING // 1000} kB of text."
        faults.append(Fault("the mapping file is too large.", "", expected, "Name only columns that differ."))
    if faults:
        raise InputError(*faults)
    found = read_text(str(table), str(mapping), name="row", model=model)
    if len(found) > MOST_PEOPLE:
        remedy = "Use `resprout data fit FILE`."
        raise InputError(
            Fault(f"{len(found):,} people are in the table.", "", f"Expected up to {MOST_PEOPLE:,}.", remedy)
        )
    return found


def view_of(request: Any, data: Dataset, model: Model) -> PersonView:
    """The posterior of the person whom a request names, and the ratings to come under its plan.

    request   with `person` and `plan`
    raises    InputError for an unknown person, or with the faults of the plan
    """
    name, text = str(request.get("person", "")), request.get("plan", "")
    person = next((who for who in data.people if who.name == name), None)
    if person is None:
        raise InputError(
            Fault(f"nobody is called `{name[:40]}`.", "", "Expected a person of the table.", field="person")
        )
    if not isinstance(text, str) or len(text) > LONGEST_PLAN:
        expected = f"Expected up to {LONGEST_PLAN} characters."
        raise InputError(Fault("the plan is too long.", "", expected, "Shorten it.", field="plan"))
    library = library_drugs(model)
    try:
        planned = parse_regimen(text.strip() or "saline", library)
    except InputError as error:
        parts = [Fault(each.found, "", each.expected, each.remedy, "plan") for each in error.faults]
        raise InputError(*parts) from None
    endpoint = endpoint_of(person, model)
    visits = tuple(168.0 * (week + 1) for week in range(WEEKS))
    treatments = {STOP: TreatmentPlan(parse_regimen("saline", library)), PLAN: TreatmentPlan(planned)}
    sampling, told = population_of(None, data, model)
    fit = fitted_and_kept(model, person, told.setting, sampling)
    if fit.posterior is None:
        return PersonView(person, fit, endpoint, PersonForecast(reason=str(fit.person[-1])))
    plans = Plans(treatments, visits, endpoint)
    return PersonView(person, fit, endpoint, forecast_posterior(model, fit.posterior, sampling, plans=plans))


def endpoint_of(person: Person, model: Model) -> str:
    """The scale of depression that a person has most ratings of in the last occasion; MADRS where there is none."""
    seen = [each.endpoint for each in person.occasions[-1].observations if each.endpoint in model.scales]
    rated = [name for name in seen if mood_rated(model.scales, name)]
    return max(dict.fromkeys(rated), key=rated.count) if rated else "MADRS"


def checked(data: Dataset) -> list[Any]:
    """What was read of a table and what was not, as tables."""
    rows = [[what, many, people, number(low), number(high), unit] for what, many, people, low, high, unit in data.read]
    head = ["read", "rows", "people", "lowest", "highest", "unit"]
    parts = [table_of(head, rows, right=head[1:5])]
    if data.not_read:
        head = ["not read", "rows", "first row", "reason"]
        parts.append(table_of(head, data.not_read, right=head[1:3]))
    return parts


def faulty(error: InputError) -> list[Any]:
    """The faults of a table, one a row: where, what was found, what was expected and what to do."""
    rows = [[place_in_words(each.where), each.found, each.expected, each.remedy] for each in error.faults]
    return [table_of(["where", "found", "expected", "what to do"], rows)]


def place_in_words(where: str) -> str:
    """A place in the reader's table: `row:2 (patient 1)` is row 2 (patient 1)."""
    return where.replace("row:", "row ", 1) if where.startswith("row:") else where.replace(":", ", line ", 1)


def table_of(head: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> html.Div:
    """A table; `right` names the columns of numbers."""
    look_of = ["number" if name in right else "" for name in head]
    top = html.Tr([html.Th(name, className=look) for name, look in zip(head, look_of, strict=True)])
    body = [
        html.Tr([html.Td(str(cell), className=look) for cell, look in zip(row, look_of, strict=True)]) for row in rows
    ]
    table = html.Table([html.Thead(top), html.Tbody(body)])
    labels: dict[str, Any] = {"aria-label": f"Table: {', '.join(head)}"}
    return html.Div(table, className="card wide", tabIndex=0, role="region", **labels)


def shown(view: PersonView, model: Model) -> list[Any]:
    """Everything of one person: ratings as a picture, outcomes and traits as tables, or why there is nothing."""
    name = view.person.name
    if view.forecast.reason:
        said = f"Patient {name}: {view.forecast.reason}. {RESEARCH_ONLY}"
        return [html.Div(html.P(said, className="sentence"), className="card wide")]
    legend = [
        ("observed", "", CONTROL_COLOUR, "solid"),
        *((plan, "", colour, "solid") for plan, colour in COLOURS.items()),
    ]
    said = (
        "Lines are medians and bands hold 90 % of the posterior; grey is what the posterior expects of the ratings so "
        f"far. {RESEARCH_ONLY}"
    )
    card = html.Div(
        [
            html.Header(html.H2(f"Patient {name}: {view.endpoint.replace('_', ' ')} so far and to come")),
            dcc.Graph(figure=picture_of(view, model), config=CONFIG, style={"height": RATINGS_HEIGHT}),
            html.Ul(legend_items(legend), className="legend"),
            html.P(said, className="sentence"),
        ],
        className="card",
    )
    return [card, outcomes(view), *traits(view)]


def outcomes(view: PersonView) -> html.Div:
    """Probability of each outcome under each plan, and the number of doses."""
    head = [f"in {WEEKS} weeks", "response", "remission", "relapse", "dissociation", "systolic pressure > 165", "doses"]
    rows = []
    for _, plan, *chances, doses, _ in view.forecast.outcomes:
        shares = [f"{value:.0%}" if np.isfinite(value) else "–" for value in chances]
        rows.append([plan, *shares, f"{doses:.0f}"])
    return table_of(head, rows, right=head[1:])


def traits(view: PersonView) -> list[Any]:
    """The traits of a person: median and 90 % interval with and without the data, and how much the data tell."""
    rows = []
    for _, name, unit, middle, low, high, prior, prior_low, prior_high, told, _ in view.fit.traits:
        if middle is None or not np.isfinite(middle):
            continue
        posterior = f"{number(middle, 2)} ({number(low, 2)} to {number(high, 2)})"
        before = f"{number(prior, 2)} ({number(prior_low, 2)} to {number(prior_high, 2)})"
        rows.append([TRAITS[name].meaning, unit, posterior, before, f"{max(told, 0.0):.0%}"])
    head = ["trait", "unit", "with the data", "without", "contraction"]
    return [table_of(head, rows, right=head[2:])] if rows else []


def picture_of(view: PersonView, model: Model) -> Picture:
    """Ratings so far with what the posterior expects of them, and ratings to come under no further dose and under the plan."""
    occasion = view.person.occasions[-1]
    number_of_occasion = len(view.person.occasions)
    seen = [each for each in occasion.observations if each.endpoint == view.endpoint]
    traces: list[Picture] = []
    own = [row for row in view.fit.observed if row[1] == number_of_occasion and row[2] == view.endpoint]
    days = [(row[3] - occasion.origin) / 24 for row in own]
    if own:
        traces += band(days, [row[7] for row in own], [row[8] for row in own], CONTROL_COLOUR)
    for plan in (STOP, PLAN):
        rows = [row for row in view.forecast.to_come if row[1] == plan]
        if not rows:
            continue
        at = [(row[3] - occasion.origin) / 24 for row in rows]
        first = ([seen[-1].time_h / 24], [seen[-1].value]) if seen else ([], [])
        traces += band(at, [row[5] for row in rows], [row[6] for row in rows], COLOURS[plan])
        line = {"color": COLOURS[plan], "width": 2}
        x, y = [*first[0], *at], [*first[1], *(row[4] for row in rows)]
        traces.append({"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "line": line, "name": plan,
                       "hovertemplate": "day %{x:.3g}: %{y:.3g}<extra>" + plan + "</extra>"})  # fmt: skip
    traces.append({"type": "scatter", "mode": "markers", "x": [each.time_h / 24 for each in seen], "name": "observed",
                   "y": [each.value for each in seen], "marker": {"color": CONTROL_COLOUR, "size": 9},
                   "hovertemplate": "day %{x:.3g}: %{y:.3g}<extra>observed</extra>"})  # fmt: skip
    top = max(
        [10.0, *(each.value for each in seen), *(row[8] for row in own), *(row[6] for row in view.forecast.to_come)]
    )
    scale = model.scales[view.endpoint]
    return {
        "data": traces,
        "layout": look(
            RATINGS_HEIGHT,
            (52, 20, 14, 46),
            xaxis=axis(title=words("days since the first record"), nticks=8),
            yaxis=value_axis(title=words(view.endpoint), range=[0, min(nice_range(0, top)[1], scale.highest)]),
        ),
    }


def band(x: Sequence[float], lower: Sequence[float], upper: Sequence[float], colour: str) -> list[Picture]:
    """An area between two curves."""
    return [{"type": "scatter", "mode": "lines", "x": [*x, *x[::-1]], "y": [*upper, *lower[::-1]], "fill": "toself",
             "fillcolor": faint(colour, 0.13), "line": {"width": 0}, "hoverinfo": "skip"}]  # fmt: skip
