"""Design questions: a protocol and values to try in, power, benefit and dissociation of every combination out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from resprout.dosing.dose_records import KETAMINES, Regimen, regimen_faults
from resprout.errors import Fault, InputError, nearest
from resprout.language import given_or_shipped
from resprout.language.bounds import ARM_SIZE, DOSE_MG, GRID_CELLS, PEOPLE, Range
from resprout.language.given_values import numbers_of
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.trial.analysis import analyse, headline
from resprout.trial.design import Endpoint, Protocol
from resprout.trial.protocol import read_protocol, series_of
from resprout.trial.replicates import run_series
from resprout.trial.reported_statistics import statistic
from resprout.trial.trial_outcome import Outcome

DISSOCIATION = "CADSS"
DISSOCIATION_VISITS = (0.0, 1 / 3, 2 / 3, 1.0, 80 / 60, 110 / 60)
AXES = {"n": "patients per arm", "dose": "amount of the drug tried", "dropout": "share who leave each week"}
EXAMPLE = "Expected for instance `n=20,40,80` or `dose=0.2,0.5,1.0`."
AXIS_BOUNDS = {
    "n": Range(2, ARM_SIZE.highest, whole=True),
    "dose": Range(0, DOSE_MG.highest, above=True),  # of the drug and route at hand: `_redosed`
    "dropout": Range(0, 0.99),
}
MOST_FAULTS = 5  # of one axis that are told
SURFACE_COLUMNS = [
    "power",
    "difference",
    "lower",
    "upper",
    "response",
    "response_control",
    "dissociation",
    "analysis",
    "endpoint",
    "time_h",
    "replicates",
    "differences",
    "estimable",
    "tested",
    "power_of_all",
    "not_estimable",
]
Axes = Mapping[str, Sequence[float]]
Design = tuple[Protocol, dict[str, Regimen]]


def read_axes(texts: Sequence[str]) -> dict[str, list[float]]:
    """Read axes of a grid.

    texts    such as `n=20,40,80`
    returns  values by axis
    raises   InputError with every fault
    """
    axes: dict[str, list[float]] = {}
    faults: list[Fault] = []
    for text in texts:
        name, _, values = (part.strip() for part in text.partition("="))
        if name not in AXES:
            faults.append(Fault(f"`{name}` cannot be varied.", "--grid", EXAMPLE, nearest(name, AXES)))
            continue
        if name in axes:
            faults.append(Fault(f"`{name}` is given twice.", "--grid", "Expected each once."))
        try:
            axes[name] = [float(value) for value in values.split(",") if value.strip()]
        except ValueError:
            faults.append(Fault(f"`{values:.60}` are no numbers.", "--grid", EXAMPLE))
    if not faults:
        faults += _axes_faults(axes)
    if faults:
        raise InputError(*faults)
    return axes


def _axes_faults(axes: Axes) -> list[Fault]:
    """What is wrong with axes, however they were given."""
    faults = [fault for name, values in axes.items() for fault in _axis_faults(name, values)]
    cells = math.prod(len(values) for values in axes.values())
    return faults or GRID_CELLS.faults("the number of combinations", cells, "--grid")


def _axis_faults(name: str, values: Sequence[float]) -> list[Fault]:
    """What is wrong with the values of one axis."""
    if name not in AXES:
        return [Fault(f"`{name}` cannot be varied.", "--grid", EXAMPLE, nearest(name, AXES))]
    if not len(values):
        return [Fault(f"`{name}` has no values.", "--grid", EXAMPLE)]
    bounds = AXIS_BOUNDS[name]
    # the numbers of people are read as all others, with a decimal point
    asked = [int(value) if bounds.whole and float(value).is_integer() else value for value in values]
    found = [fault for value in asked for fault in bounds.faults(f"`{name}`", value, "--grid")]
    return found[:MOST_FAULTS]


def surface(
    name: str | Path,
    axes: Axes,
    replicates: int | None = None,
    seed: int | None = None,
    *,
    model: Model | None = None,
    progress: Callable[[int, int], None] | None = None,
    point: bool = False,
) -> list[dict[str, Any]]:
    """Simulate a protocol at every combination of values.

    name        a shipped protocol or a file
    axes        values by axis, as `read_axes` gives them
    replicates  trials of each combination; None takes the protocol's
    seed        of patients and ratings; None takes the protocol's
    model       None for the shipped one
    progress    called with (done, all)
    point       use the point estimate; otherwise each replicate takes a posterior draw
    raises      InputError with what is wrong with the protocol, the axes or the replicates
    returns     a row per combination: its values and SURFACE_COLUMNS. `power` is the share of the `tested` trials, those whose
                primary analysis gives a p value, with p below .05, and `power_of_all` that of all trials; `not_estimable` says
                how many of `replicates` less `estimable` give no estimate, and why; the interval is the 95 % prediction interval over
                the trials that have a difference (`differences`); dissociation is the mean of the patients' highest CADSS on the first day
    """
    model = given_or_shipped(model)
    design = read_protocol(name, model)
    axes = {axis: list(numbers_of(values) or ()) for axis, values in axes.items()}
    replicates, seed = series_of(design[0], replicates, seed)
    faults = _axes_faults(axes)
    if faults:
        raise InputError(*faults)
    cells = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    designs = [with_dissociation(varied(design, cell)) for cell in cells]
    faults = PEOPLE.faults("the number of people", max(each.people for each, _ in designs) * replicates, "--grid")
    if faults:
        raise InputError(*faults)
    rows = []
    for cell, (protocol, regimens) in zip(cells, designs, strict=True):
        _, outcome = run_series(protocol, regimens, model, replicates, seed, point=point)
        rows.append(cell | summary(protocol, outcome))
        if progress is not None:
            progress(len(rows), len(cells))
    return rows


def varied(design: Design, cell: Mapping[str, float]) -> Design:
    """A design with other sizes, doses or dropout.

    design   protocol and regimens by arm
    cell     value by axis
    returns  the changed design
    raises   InputError where the design has no single drug to vary, or where it takes no such amount
    """
    protocol, regimens = design
    if "n" in cell:
        protocol = _resized(protocol, int(cell["n"]))
    if "dropout" in cell:
        leaving = protocol.dropout.model_copy(update={"completely_at_random": cell["dropout"]})
        protocol = protocol.model_copy(update={"dropout": leaving})
    if "dose" in cell:
        regimens = _redosed(protocol, regimens, cell["dose"])
    return protocol, regimens


def _resized(protocol: Protocol, n: int) -> Protocol:
    """The same arms in the same proportions with `n` patients per arm: as many on average where arms differ, all of a crossover."""
    field = "first" if protocol.design == "crossover" else "size"
    sizes = np.array([getattr(arm, field) or 0 for arm in protocol.arms], dtype=float)
    people = n * len(sizes) if field == "size" else n
    exact = people * sizes / sizes.sum()
    whole = np.floor(exact).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: people - int(whole.sum())]:
        whole[index] += 1
    if field == "size" and (whole < 1).any():
        raise InputError(
            Fault(
                f"{people} people for {len(sizes)} arms in their proportions.",
                "--grid",
                "Expected at least one an arm.",
            )
        )
    arms = tuple(arm.model_copy(update={field: int(size)}) for arm, size in zip(protocol.arms, whole, strict=True))
    return protocol.model_copy(update={"arms": arms})


def _redosed(protocol: Protocol, regimens: dict[str, Regimen], amount: float) -> dict[str, Regimen]:
    """The only active arm's drug at another amount, in the unit the protocol gives it in."""
    active = [arm.name for arm in protocol.arms if not arm.control and regimens[arm.name].doses]
    if len(active) != 1:
        found = f"{len(active)} arms get a drug ({', '.join(active)})."
        raise InputError(Fault(found, "--grid dose", "Expected one that is not the control."))
    regimen = regimens[active[0]]
    background = {dose.drug for dose in regimens.get(str(protocol.control_arm), Regimen("", ())).doses}
    own = [dose.drug for dose in regimen.doses if dose.drug not in background]
    drug = next((name for name in own if name in KETAMINES), own[0] if own else regimen.doses[0].drug)
    doses = tuple(replace(dose, amount_mg=amount) if dose.drug == drug else dose for dose in regimen.doses)
    changed = Regimen(f"{regimen.text} at {amount:g}", doses)
    faults = regimen_faults(changed, "--grid dose")
    if faults:
        raise InputError(*faults)
    return regimens | {active[0]: changed}


def with_dissociation(design: Design) -> Design:
    """A design in which dissociation is rated on the first day, where it was not.

    design   protocol and regimens by arm
    returns  the design with CADSS among its endpoints
    """
    protocol, regimens = design
    if any(endpoint.name == DISSOCIATION for endpoint in protocol.endpoints):
        return design
    rated = Endpoint.model_construct(name=DISSOCIATION, visits=DISSOCIATION_VISITS)
    return protocol.model_copy(update={"endpoints": (*protocol.endpoints, rated)}), regimens


def summary(protocol: Protocol, outcome: Outcome) -> dict[str, Any]:
    """Power, benefit and dissociation of one combination.

    protocol  design of the trial
    outcome   ratings and dropout of every replicate
    returns   values by SURFACE_COLUMNS
    """
    row = headline(protocol, analyse(protocol, outcome))
    mood = [each for each in protocol.endpoints if mood_rated(outcome.scales, each.name)]
    primary = protocol.primary
    endpoint = primary.endpoint if primary else mood[0].name if mood else protocol.endpoints[0].name
    visits = protocol.visits_of(endpoint)
    hour = primary.time if primary else visits[-1]
    active = next((arm.name for arm in protocol.arms if not arm.control), protocol.arms[0].name)
    control = protocol.control_arm
    shares = {
        arm: float(statistic(protocol, outcome, "response_rate", arm, endpoint, hour).mean())
        for arm in (active, control)
        if arm is not None and mood
    }
    gap = np.full(1, np.nan)
    if control is not None:
        gap = statistic(protocol, outcome, "difference", active, endpoint, hour)
    known = gap[np.isfinite(gap)]
    lower, upper = np.quantile(known, [0.025, 0.975]) if known.size > 1 else (np.nan, np.nan)
    peak = np.nanmax(outcome.ratings[active, DISSOCIATION], axis=2).mean()
    values = (
        np.nan if row is None else row["power"],
        float(known.mean()) if known.size else np.nan,
        float(lower),
        float(upper),
        shares.get(active, np.nan),
        np.nan if control is None else shares.get(control, np.nan),
        float(peak),
        "" if row is None else row["analysis"],
        endpoint,
        float(hour),
        len(outcome.ratings[active, endpoint]),
        int(known.size),
        0 if row is None else row["estimable"],
        0 if row is None else row["tested"],
        np.nan if row is None else row["power_of_all"],
        "" if row is None else row["not_estimable"],
    )
    return dict(zip(SURFACE_COLUMNS, values, strict=True))
