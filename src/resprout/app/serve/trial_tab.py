"""The trial tab: a design in, virtual trials on people of their own, their outcomes and power out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, stdtrit

from resprout.app.serve.form_state import Faults, State, read_regimen, read_state, regimen_text, say
from resprout.dosing.regimen import Regimen, parse_duration, parse_regimen
from resprout.errors import Fault, InputError
from resprout.figures.spoken_units import format_time
from resprout.language import load_model
from resprout.language.drug_instances import library_drugs
from resprout.language.plain_yaml import write_yaml
from resprout.language.records import Model
from resprout.trial import Trial
from resprout.trial.analysis import headline
from resprout.trial.design import Protocol
from resprout.trial.protocol import SHIPPED, read_protocol_text
from resprout.trial.trial import run_protocol

Numbers = NDArray[np.float64]
LARGEST_PROTOCOL = 64_000  # characters
MOST_PEOPLE, MOST_ARMS, MOST_ENDPOINTS, MOST_VISITS = 2_000, 6, 12, 40
MOST_DOSES = 60  # of an arm
MOST_MEMORY_MB = 200
MOST_REPLICATES, MOST_FOLLOWED = 100, 10_000  # replicates, and people of all of them
OUTPUTS_BESIDE = 6  # that every trial observes
TEXT = "the protocol"
TOO_STRONG = 37.0  # a noncentrality at which power is 1 and the exact sum no longer works
LAST_VISIT_H = 60 * 24.0
CONTROL_REGIMENS = {"saline": "saline", "midazolam": "midazolam 0.045 mg/kg iv over 40 min"}
CONTROL_TYPES = {"saline": "saline", "midazolam": "midazolam", "none": "open_label"}
DISSOCIATION_VISITS = ("0 min", "20 min", "40 min", "60 min", "80 min", "2 h", "4 h")
CARRIERS = {"all": [], "Val/Val": ["Val/Val"], "Met": ["Val/Met", "Met/Met"]}


def run_design(state: State, model: Model) -> tuple[Trial | None, Faults]:
    """Run the trial of the form; or a message at each faulty field."""
    name = state.text["published"]
    replicates = int(state.number["replicates"])
    if name != "own":
        try:
            return run_upload((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"), model, replicates), {}
        except InputError as error:
            return None, {"published": say(error)}
    fields, faults = design(state, model)
    if faults:
        return None, faults
    try:
        return run_text(write_yaml(fields), model, replicates), {}
    except InputError as error:
        return None, {"entry": say(error)}


def design(state: State, model: Model) -> tuple[dict[str, Any], Faults]:
    """The protocol of the form, as the fields of a protocol file."""
    _, faults = read_regimen(state, model)
    arms = []
    n, control = int(state.number["n"]), state.text["control"]
    wanted = [("this regimen", regimen_text(state), "drug"), ("additional arm", state.text["further"], "further")]
    if control != "none":
        wanted.append((control, CONTROL_REGIMENS[control], "control"))
    for name, text, field in wanted:
        if not text:
            continue
        try:
            parse_regimen(text, library_drugs(model))
        except InputError as error:
            faults.setdefault(field, say(error))
        arms.append({"name": name, "regimen": text, "size": n, **({"control": True} if name == control else {})})
    visits, wrong = read_visits(state.text["visits"])
    if wrong:
        faults["visits"] = wrong
    decides = _primary_visit(state, visits, faults)
    if state.number["youngest"] >= state.number["oldest"]:
        faults["oldest"] = "Expected an age above the youngest."
    scale = state.text["scale"]
    fields = {
        "name": "my_trial",
        "title": "A trial designed on the page",
        "design": "parallel",
        "control": CONTROL_TYPES[control],
        "entry": {
            "minimum": {scale: state.number["entry"]},
            "age": [state.number["youngest"], state.number["oldest"]],
            "genotype": CARRIERS[state.text["carriers"]],
        },
        "arms": arms,
        "endpoints": [
            {"name": scale, "visits": [f"{hour!r} h" for hour in visits]},
            {"name": "CADSS", "visits": list(DISSOCIATION_VISITS)},
        ],
        "primary": {"endpoint": scale, "time": f"{decides!r} h"},
        "analysis": [] if control == "none" else ["ancova"],
        "replicates": int(state.number["replicates"]),
        "seed": int(state.number["seed"]),
    }
    return fields, faults


def _primary_visit(state: State, visits: list[float], faults: Faults) -> float:
    """The hour of the visit that decides; what is wrong with it is added to `faults`, unless the visits are wrong themselves."""
    hour = parse_duration(state.text["primary"])
    if visits and hour not in visits[1:]:
        faults["primary"] = f"Expected one of the visits: {', '.join(format_time(each) for each in visits[1:])}."
    return float(hour or 0.0)


def read_visits(text: str) -> tuple[list[float], str]:
    """Visits such as `4 h, 1 d, 7 d` as ascending hours with the baseline first, and what is wrong with them."""
    spoken = [part.strip() for part in text.split(",") if part.strip()]
    hours = [parse_duration(part) for part in spoken]
    for part, hour in zip(spoken, hours, strict=True):
        if hour is None or not 0 <= hour <= LAST_VISIT_H:
            return [], f"`{part}` is no visit. Expected a time up to 60 d, for instance `4 h` or `7 d`."
    found = sorted({0.0, *(float(hour) for hour in hours if hour is not None)})
    if len(found) < 2 or len(found) > MOST_VISITS:
        return [], f"Expected from 1 to {MOST_VISITS - 1} visits after the first dose."
    return found, ""


def run_upload(text: object, model: Model, replicates: int | None = None) -> Trial:
    """Run a protocol that a reader gave as text.

    replicates   of it; None takes the protocol's, as far as the page has room for them
    raises   InputError with every fault, each with its line; also for a protocol too large for a page
    """
    if not isinstance(text, str) or not 0 < len(text) <= LARGEST_PROTOCOL:
        expected = f"Expected at most {LARGEST_PROTOCOL:,} characters."
        raise InputError(Fault("the protocol is empty or too long.", "", expected))
    return run_text(text, model, replicates)


def run_text(text: str, model: Model, replicates: int | None = None) -> Trial:
    """Run a protocol, every constant at its point estimate, as often as asked and as the page has room for."""
    try:
        protocol, regimens = read_protocol_text(text, TEXT, model)
    except InputError as error:
        raise InputError(*(replace(fault, where=place(fault.where)) for fault in error.faults)) from None
    check_size(protocol, regimens)
    wanted = min(replicates or protocol.replicates, MOST_REPLICATES)
    room = min(MOST_FOLLOWED // protocol.people, int(MOST_MEMORY_MB / max(memory_mb(protocol), 1e-6)))
    return run_protocol(protocol, regimens, model, max(min(wanted, room), 1), protocol.seed, point=True)


def place(where: str) -> str:
    """The place of a fault, a line of the reader's text."""
    return where.replace(f"{TEXT}:", "line ")


def check_size(protocol: Protocol, regimens: Mapping[str, Regimen]) -> None:
    """Refuse a design that asks for more than a page gives.

    raises   InputError
    """
    visits = max(len(endpoint.visits) for endpoint in protocol.endpoints)
    doses = max(len(regimen.times_h) for regimen in regimens.values())
    asked = (
        (protocol.people, MOST_PEOPLE, "people"),
        (len(protocol.arms), MOST_ARMS, "arms"),
        (len(protocol.endpoints), MOST_ENDPOINTS, "endpoints"),
        (visits, MOST_VISITS, "visits"),
        (doses, MOST_DOSES, "doses"),
        (round(memory_mb(protocol)), MOST_MEMORY_MB, "MB of memory"),
    )
    faults = [
        Fault(f"{found:,} {what}.", "", f"The page takes at most {most:,}.", "Use `resprout trial` for more.")
        for found, most, what in asked
        if found > most
    ]
    if faults:
        raise InputError(*faults)


def memory_mb(protocol: Protocol) -> float:
    """MB   What the outputs of all people at all visits take, at most."""
    hours = sum(len(endpoint.visits) for endpoint in protocol.endpoints)
    hours *= len(protocol.arms) if protocol.design == "crossover" else 1
    return protocol.people * hours * (len(protocol.endpoints) + OUTPUTS_BESIDE) * 8 / 1e6


def control_of(trial: Trial) -> str:
    """The name of the control arm; empty if there is none."""
    return next((arm.name for arm in trial.protocol.arms if arm.control), "")


def primary_of(trial: Trial) -> tuple[str, float]:
    """The endpoint and the hour that decide, named beforehand; of a protocol that names none, the first endpoint's last visit."""
    primary = trial.protocol.primary
    if primary is not None:
        return primary.endpoint, primary.time
    first = trial.protocol.endpoints[0]
    return first.name, first.visits[-1]


def primary_effect(trial: Trial, arm: str) -> float | None:
    """Cohen's d of the change at the primary visit against the control, positive if the arm falls more; None if not estimable."""
    visits, effects = effect_sizes(trial, arm)
    hour = primary_of(trial)[1]
    return next((effect for visit, effect in zip(visits, effects, strict=True) if abs(visit - hour) < 1e-6), None)


def primary_result(trial: Trial, arm: str) -> dict[str, Any] | None:
    """The prespecified test of an arm over all replicates, with its power; None where the protocol asks for none."""
    rows: list[dict[str, Any]] = [
        {str(name): value for name, value in row.items()}
        for row in trial.analysis.to_dict("records")
        if row["arm"] == arm
    ]
    found = headline(trial.protocol, rows)
    return dict(found) if found is not None and found["tested"] else None


def effect_sizes(trial: Trial, arm: str) -> tuple[list[float], list[float]]:
    """Visits (h) and Cohen's d of the change from baseline against the control; positive if the arm falls more."""
    table = trial.table
    scale = primary_of(trial)[0]
    chosen = table["arm"].eq(arm) & table["endpoint"].eq(scale) & table["statistic"].eq("cohen_d")
    rows = table[chosen & table["value"].notna()].sort_values("time_h")
    return rows["time_h"].tolist(), (-rows["value"]).tolist()


def power(effect: float, n: Numbers, level: float = 0.05) -> Numbers:
    """Power of a two-sided t-test with n people in each of two arms; exact, by the noncentral t distribution."""
    freedom = 2 * n - 2
    shift = np.minimum(np.abs(effect) * np.sqrt(n / 2), TOO_STRONG)
    bound = stdtrit(freedom, 1 - level / 2)
    found = 1 - nctdtr(freedom, shift, bound) + nctdtr(freedom, shift, -bound)
    return np.where(shift >= TOO_STRONG, 1.0, np.clip(np.nan_to_num(found, nan=1.0), 0.0, 1.0))


def people_needed(effect: float, wanted: float = 0.9) -> int | None:
    """Fewest people in each arm that reach a power; None if 500 do not."""
    sizes = np.arange(3, 501).astype(float)
    enough = power(effect, sizes) >= wanted
    return int(sizes[int(enough.argmax())]) if enough.any() else None


def warm_trials() -> None:
    """Build the kernels of the usual arms before anybody asks for them."""
    model = load_model()
    nasal = {"drug": "S_ketamine", "amount": "56", "unit": "mg", "route": "nasal"}
    for changed in ({}, {"control": "midazolam"}, nasal):
        state, _ = read_state({"n": "4", "replicates": "1", **changed}, model)
        run_design(state, model)
