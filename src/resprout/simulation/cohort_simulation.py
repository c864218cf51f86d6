"""One scenario for one cohort: doses, blocks and changed constants in, chosen outputs of every patient out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_events import prepare_doses
from resprout.dosing.regimen import Regimen
from resprout.errors import Fault, InputError, SolveError, refuse_others
from resprout.language.drug_instances import with_drugs
from resprout.language.given_values import mapping_of, names_of, numbers_of
from resprout.language.rating_scales import keep_within
from resprout.language.records import ImportedModel, Model
from resprout.people.cohort import Cohort, recruit
from resprout.people.draws import draws_words
from resprout.people.overrides import split_overrides
from resprout.simulation.labelled_results import labelled, spelled
from resprout.simulation.progress_count import count_done
from resprout.simulation.scenario import Scenario, block_input, read_plan, read_scenario
from resprout.simulation.settings import Numerics, Output, People
from resprout.solve import SENTENCES, Events, Trajectories, run_patients

if TYPE_CHECKING:
    import xarray as xr

CHAIN = "a model: `rs.load_model()` gives the shipped one"
NO_CHAIN = "a model with people and drugs; `rs.simulate_imported` follows an imported one"
LARGEST_RESULT_GB = 8.0
AT_ONCE = 200  # patients between two counts
Progress = Callable[[int], None]


def simulate(  # many arguments: further hours are asked for as in `simulate_imported`
    model: Model,
    people: Cohort | People | int = 1,
    regimen: str | Regimen | Sequence[str | Regimen] | Mapping[str, str | Regimen] = "",
    *,
    days: float = 14.0,
    outputs: Sequence[str] | Output | None = None,
    blocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, Any] | None = None,
    times_h: Sequence[float] = (),
    numerics: Numerics | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Give a cohort a regimen and follow it.

    model       what `rs.load_model` gave
    people      a cohort, whom to recruit (`rs.People`), or how many depressed people
    regimen     for instance "ketamine 0.5 mg/kg iv over 40 min"; a list, or a mapping by name, gives each to the same people
    days        d         how long to observe, from the first dose
    outputs     names of model quantities, or an `rs.Output`; None for the main ones of every stage
    blocks      by step   share blocked from hour 0 on, for instance {"AMPA": 0.95}
    overrides   by constant   in the constant's unit: a value for everybody, or [patient]
    times_h     [time]   h   further observation times; the run goes on to the last of them
    numerics    tolerance, threads and allowed failures; None for the defaults
    progress    told how many patients have been followed; None tells nobody
    returns     outputs [patient, time_h], status and steps [patient]; attributes say what was run with what. Of several
                regimens, all [regimen, ...] at the hours of every regimen
    raises      InputError with every fault of the request; SolveError if more patients fail than allowed

    An imported model has neither people nor regimen: `rs.simulate_imported` follows it.
    """
    numerics = numerics or Numerics()
    several = named_regimens(regimen)
    _check_kinds(model, "" if several else regimen, outputs, blocks, overrides, numerics)
    wanted = People(people) if not isinstance(people, Cohort | People) else people
    if isinstance(wanted, People):
        wanted = wanted.checked(model)
    asked = (days, _observed(outputs, times_h), blocks, overrides)
    if several:
        return _side_by_side(model, wanted, several, asked, numerics, progress)
    return _followed(model, wanted, read_scenario(model, regimen, *asked), numerics, progress)  # type: ignore[arg-type]


def _followed(
    model: Model, wanted: Cohort | People, scenario: Scenario, numerics: Numerics, progress: Progress | None
) -> xr.Dataset:
    """The labelled run of a scenario that has been checked."""
    settled, own = split_overrides(model, scenario.overrides, recruited=isinstance(wanted, Cohort))
    cohort = wanted if isinstance(wanted, Cohort) else _recruited(wanted, settled)
    _check_size(len(cohort), scenario)
    _check_lengths(len(cohort), own)
    told = {"seed": cohort.seed, "population": cohort.population, **scenario.regimen.told()}
    if isinstance(wanted, People):
        told |= {"genotype": wanted.genotype or "", "constants": draws_words(model, wanted.point)}
    told |= {"tolerance": numerics.step_tolerance}
    told |= {"blocks": spelled(scenario.blocks), "overrides": spelled(scenario.overrides)}
    scenario = Scenario(scenario.regimen, scenario.hours, scenario.outputs, scenario.blocks, own)
    if progress is None:
        solved = run_cohort(model, cohort, scenario, numerics)
    else:
        solved = run_in_parts(model, cohort, scenario, numerics, progress)
    return labelled(model, solved, scenario.hours, scenario.outputs, told)


def named_regimens(regimen: object) -> dict[str, Any]:
    """Several regimens by name: of a mapping its own names, of a list the regimens themselves; empty for a single one."""
    if isinstance(regimen, Mapping):
        return {str(name): each for name, each in regimen.items()}
    if not isinstance(regimen, list | tuple):
        return {}
    return {each.text if isinstance(each, Regimen) else str(each): each for each in regimen}


def _side_by_side(
    model: Model,
    wanted: Cohort | People,
    regimens: Mapping[str, Any],
    asked: tuple[float, Output, Mapping[str, float] | None, Mapping[str, Any] | None],
    numerics: Numerics,
    progress: Progress | None,
) -> xr.Dataset:
    """The same people under each regimen, all observed at the hours of all, with the drugs of all in the model.

    raises   InputError with the faults of every regimen, by its name
    """
    import xarray as xr

    days, output, blocks, overrides = asked
    wanted = wanted if isinstance(wanted, Cohort) or overrides else _recruited(wanted, model)
    plans = _read_each(model, regimens)
    chain = with_drugs(model, [drug for plan in plans.values() for drug in plan.drugs])
    scenarios = [read_scenario(chain, plan, days, output, blocks, overrides) for plan in plans.values()]
    names = tuple(dict.fromkeys(name for each in scenarios for name in each.outputs))
    hours = tuple(sorted({hour for each in scenarios for hour in each.hours}))
    done, runs = 0, []
    for each in scenarios:
        tell = None if progress is None else _shifted(progress, done)
        whole = Scenario(each.regimen, hours, names, each.blocks, each.overrides)
        runs.append(_followed(chain, wanted, whole, numerics, tell))
        done += runs[-1].sizes["patient"]
    joined = xr.concat(runs, "regimen", combine_attrs="drop_conflicts")
    joined.attrs |= {"model_digest": model.digest}
    given = ("regimen", [plan.text for plan in plans.values()])
    return joined.assign_coords(regimen=list(plans), given=given)


def _read_each(model: Model, regimens: Mapping[str, Any]) -> dict[str, Regimen]:
    """Every regimen read; InputError with the faults of all, by their names."""
    plans: dict[str, Regimen] = {}
    faults: list[Fault] = []
    for name, regimen in regimens.items():
        try:
            plans[name] = read_plan(model, regimen)
        except InputError as error:
            faults += [replace(fault, where=f"regimen `{name}`") for fault in error.faults]
    if faults:
        raise InputError(*faults)
    return plans


def _shifted(progress: Progress, before: int) -> Progress:
    """A count that goes on from what was done before."""
    return lambda done: progress(before + done)


def _observed(outputs: Sequence[str] | Output | None, times_h: Sequence[float]) -> Output:
    """What is observed, with the further hours of both arguments."""
    output, further = outputs if isinstance(outputs, Output) else Output(outputs), numbers_of(times_h)
    refuse_others(("times_h", times_h, further is not None, "hours, such as `[1.5, 24]`"))
    return Output(output.names, (*output.times_h, *(further or ()))) if further else output


def run_cohort(
    model: Model, cohort: Cohort, scenario: Scenario, numerics: Numerics | None = None, changes: Events | None = None
) -> Trajectories:
    """Solve a cohort under a scenario that has been checked.

    model, cohort   people of it           scenario   doses, blocks and what is observed
    numerics        tolerance and threads  changes    of inputs at hours of their own, the same for everybody
    raises   SolveError if more patients fail than allowed
    """
    numerics = numerics or Numerics()
    own: dict[str, Any] = {**cohort.constants, **scenario.overrides}
    chain, changed, events = prepare_doses(model, scenario.regimen, own)
    if scenario.blocks:
        names = tuple(block_input(model, name) or name for name in scenario.blocks)
        value = np.array([[float(share)] for share in scenario.blocks.values()])
        events = Events(np.zeros(len(names)), names, value).joined(events)
    if changes is not None and len(changes.time_h):
        events = changes.joined(events)
    outputs, hours = list(scenario.outputs), np.array(scenario.hours)
    solved = run_patients(
        chain, changed, events, hours, outputs, tolerance=numerics.step_tolerance, threads=numerics.threads
    )
    refuse_failures(solved.status, numerics.allowed_failures)
    keep_within(model.scales, outputs, solved.value)
    count_done(len(cohort))
    return solved


def run_in_parts(
    model: Model, cohort: Cohort, scenario: Scenario, numerics: Numerics, progress: Progress
) -> Trajectories:
    """Solve a cohort some patients at a time, which changes no bit, and tell how many are done.

    progress   told after each part
    raises     SolveError if more patients fail than allowed
    """
    parts = []
    for first in range(0, len(cohort), AT_ONCE):
        ids = np.arange(first, min(first + AT_ONCE, len(cohort)))
        own = {
            name: value[ids] if isinstance(value, np.ndarray) else value for name, value in scenario.overrides.items()
        }
        some = replace(scenario, overrides=own)
        parts.append(run_cohort(model, cohort.take(ids), some, replace(numerics, allowed_failures=1.0)))
        progress(int(ids[-1]) + 1)
    refuse_failures(np.concatenate([each.status for each in parts]), numerics.allowed_failures)
    value, status, steps = (
        np.concatenate([getattr(each, name) for each in parts]) for name in ("value", "status", "steps")
    )
    return replace(parts[0], value=value, status=status, steps=steps)


def refuse_failures(
    status: NDArray[np.int64], allowed: float, spared: int = 1, reasons: Mapping[int, str] | None = None
) -> None:
    """Refuse a result of which too much is missing.

    status    [patient]   0 if solved
    allowed   share of patients that may fail; `spared` of them may always
    reasons   patient -> why they failed, where more is known than the status tells
    raises    SolveError that names the first failure
    """
    failed, patients = int((status != 0).sum()), len(status)
    if failed > max(allowed * patients, spared):
        worst = int(np.flatnonzero(status)[0])
        found = f"{failed} of {patients} patients could not be solved."
        why = (reasons or {}).get(worst, SENTENCES[int(status[worst])])
        raise SolveError(
            Fault(found, f"patient {worst}", f"Expected at most {allowed:.2%}. {why[:1].upper()}{why[1:]}.")
        )


def _recruited(wanted: People, model: Model) -> Cohort:
    """The people of a draw; a genotype given to them changes nothing else of them."""
    drawn = {"seed": wanted.seed, "population": wanted.population, "entry": wanted.entry, "uncertain": not wanted.point}
    cohort = recruit(wanted.count, model=model, **drawn)  # type: ignore[arg-type]
    return cohort if wanted.genotype is None else cohort.with_genotype(wanted.genotype, model)


def _check_kinds(model: Any, regimen: Any, outputs: Any, blocks: Any, overrides: Any, numerics: Any) -> None:
    """Refuse what is of another kind than it should be, for instance arguments in another order."""
    listed = outputs is None or isinstance(outputs, Output) or names_of(outputs) is not None
    refuse_others(
        ("model", model, isinstance(model, Model), NO_CHAIN if isinstance(model, ImportedModel) else CHAIN),
        ("regimen", regimen, isinstance(regimen, str | Regimen), "text such as `ketamine 0.5 mg/kg iv over 40 min`"),
        ("outputs", outputs, listed, 'a list of names, such as `["HDRS17"]`'),
        (
            "blocks",
            blocks,
            blocks is None or mapping_of(blocks) is not None,
            'shares by step, such as `{"AMPA": 0.95}`',
        ),
        ("overrides", overrides, overrides is None or mapping_of(overrides) is not None, "values by constant"),
        ("numerics", numerics, isinstance(numerics, Numerics), "`rs.Numerics(tolerance=1e-6)`"),
    )
    faults = numerics.faults()
    if faults:
        raise InputError(*faults)


def _check_lengths(patients: int, overrides: Mapping[str, Any]) -> None:
    """Refuse values for another number of patients than there are."""
    faults = [
        Fault(
            f"`{name}` has {len(value)} values.", "", f"Expected one, or {patients}: one for each patient.", field=name
        )
        for name, value in overrides.items()
        if isinstance(value, np.ndarray) and len(value) != patients
    ]
    if faults:
        raise InputError(*faults)


def _check_size(patients: int, scenario: Scenario) -> None:
    hours, outputs = len(scenario.hours), len(scenario.outputs)
    size = patients * hours * outputs * 8 / 1e9
    if size > LARGEST_RESULT_GB:
        found = f"{patients} patients with {outputs} outputs at {hours} hours need {size:.0f} GB."
        raise InputError(Fault(found, "", f"Expected at most {LARGEST_RESULT_GB:g}.", "Ask for fewer outputs."))
