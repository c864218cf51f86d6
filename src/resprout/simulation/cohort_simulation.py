"""One regimen for one cohort: doses, blocks and changed constants in, chosen outputs of every patient out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_events import check_routes, dosing_names, regimen_events, route_constants
from resprout.dosing.regimen import Regimen, parse_regimen
from resprout.errors import Fault, InputError, SolveError, nearest, refuse_others
from resprout.language.drug_instances import library_drugs, with_drugs, with_drugs_named
from resprout.language.records import STAGES, EquationModel, ImportedModel, Model
from resprout.people.cohort import Cohort, recruit
from resprout.people.draws import draws_words
from resprout.people.overrides import split_overrides
from resprout.solve import DEFAULT_TOLERANCE, SENTENCES, Events, Trajectories, run_patients

if TYPE_CHECKING:
    import xarray as xr

    from resprout.simulation.request import Request
    from resprout.simulation.stream import Part

Numbers = NDArray[np.float64]
DEFAULT_OUTPUTS = {
    "dose": (
        "ketamine_venous",
        "ketamine_arterial",
        "norketamine_venous",
        "hydroxynorketamine_plasma",
        "ketamine_brain",
    ),
    "receptor": (
        "PV_NMDA_block",
        "SST_NMDA_block",
        "pyramidal_synaptic_NMDA_block",
        "pyramidal_extrasynaptic_NMDA_block",
    ),
    "circuit": (
        "pyramidal_rate",
        "PV_rate",
        "SST_rate",
        "glutamate_release",
        "ambient_glutamate",
        "AMPA_throughput",
        "extrasynaptic_signal",
    ),
    "surge": ("glutamine_cycling", "gamma_index", "LVDCC_opening", "calcium", "BDNF_release", "BDNF_pool", "TrkB"),
    "signal": ("Akt", "ERK", "GSK3", "p_mTOR", "p_S6K", "p_4EBP1", "p_eEF2", "synaptic_protein"),
    "spine": ("labile_spines", "stable_spines", "spine_density", "fast_gain", "connectivity"),
    "score": ("severity", "HDRS17", "MADRS", "VAS_high", "BPRS_positive", "CADSS", "SBP", "DBP"),
}
LONGEST_DAYS = 400.0
DRUG_TABLES = ("drugs.tsv", "targets.tsv", "drug_properties.tsv")
CHAIN = "a model: `rs.load_model()` gives the shipped one"
NO_CHAIN = "a model with people and drugs; `rs.simulate_imported` follows an imported one"
LARGEST_RESULT_GB = 8.0
DENSE_DOSES = 12  # more doses than this are shown densely after the first and the last only
SHARE_ENDINGS = ("_block", "_knockdown", "_occupancy")
GREATEST_BLOCK = 1e6
ALLOWED_FAILURES = 0.01


def simulate(
    model: Model,
    people: Cohort | int = 1,
    regimen: str | Regimen = "",
    *,
    days: float = 14.0,
    hours: float | None = None,
    outputs: Sequence[str] | None = None,
    seed: int = 1,
    blocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, Any] | None = None,
    genotype: str | None = None,
    times_h: Sequence[float] | None = None,
    tolerance: float | None = None,
    threads: int | None = None,
    allowed_failures: float = ALLOWED_FAILURES,
    point: bool = False,
) -> xr.Dataset:
    """Give a cohort a regimen and follow it.

    people      a cohort, or how many to recruit with `seed`
    regimen     for instance "ketamine 0.5 mg/kg iv over 40 min"
    days        how long to follow, from the first dose; or `hours`        times_h   further hours wanted
    outputs     names of model quantities; None for the main ones of every stage
    blocks      by step, for instance {"AMPA": 0.95}: share blocked from hour 0 on
    overrides   by constant: a value for everybody             genotype  rs6265 genotype given to everybody
    tolerance   relative, of each step; None for the default   threads   None for every core
    returns     outputs [patient, time_h], status and steps [patient]; attributes say what was run with what
    point       people who are recruited share the point estimate; otherwise each draws what the data leave open
    allowed_failures   share of patients that may fail to solve; those that do are NaN and never averaged in
    raises      InputError with every fault of the request; SolveError if more patients fail than allowed

    An imported model has neither people nor regimen: `rs.simulate_imported` follows it.
    """
    _check_kinds(model, regimen, outputs, blocks, overrides, genotype)
    _check_settings(hours, tolerance, threads, allowed_failures)
    days = days if hours is None else hours / 24
    names, plan = check_course(model, regimen, days, outputs, blocks, overrides, times_h)
    settled, own = split_overrides(model, overrides or {}, recruited=isinstance(people, Cohort))
    cohort = people if isinstance(people, Cohort) else recruit(people, seed=seed, model=settled, uncertain=not point)
    if genotype is not None:
        cohort = cohort.with_genotype(genotype, settled)
    moments = output_hours(plan.times_h, days * 24, times_h or ())
    _check_size(len(cohort), len(moments), len(names))
    solved = run_cohort(model, cohort, plan, moments, names, blocks, own, tolerance, threads, allowed_failures)
    told = {"seed": cohort.seed, "population": cohort.population, "genotype": genotype or ""}
    told |= {"regimen": plan.text, "tolerance": tolerance or DEFAULT_TOLERANCE}
    told |= {"blocks": _pairs(blocks), "overrides": _pairs(overrides)}
    return labelled(model, solved.value, solved.status, solved.steps, moments, names, told)


def run_cohort(
    model: Model,
    cohort: Cohort,
    plan: Regimen,
    hours: Numbers,
    outputs: Sequence[str],
    blocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, float] | None = None,
    tolerance: float | None = None,
    threads: int | None = None,
    allowed_failures: float = ALLOWED_FAILURES,
) -> Trajectories:
    """Solve a cohort under a regimen; what `simulate` does once everything has been checked.

    raises   SolveError if more patients fail than allowed
    """
    chain = with_drugs(model, plan.drugs)
    changed: dict[str, Any] = {**cohort.constants, **(overrides or {})}
    changed = {**route_constants(plan, {**chain.nominal, **changed}), **changed}
    events = regimen_events(plan, {**chain.nominal, **changed})
    if blocks:
        names = tuple(block_input(model, name) or name for name in blocks)
        value = np.array([[float(share)] for share in blocks.values()])
        events = Events(np.zeros(len(names)), names, value).joined(events)
    solved = run_patients(chain, changed, events, hours, list(outputs), tolerance=tolerance, threads=threads)
    refuse_failures(solved.status, allowed_failures)
    return solved


def refuse_failures(status: NDArray[np.int64], allowed: float, spared: int = 1) -> None:
    """Refuse a result of which too much is missing.

    status    [patient]   0 if solved
    allowed   share of patients that may fail; `spared` of them may always
    raises    SolveError that names the first failure
    """
    failed, patients = int((status != 0).sum()), len(status)
    if failed > max(allowed * patients, spared):
        worst = int(np.flatnonzero(status)[0])
        found = f"{failed} of {patients} patients could not be solved."
        why = SENTENCES[int(status[worst])]
        raise SolveError(Fault(found, f"patient {worst}", f"Expected at most {allowed:.2%}. {why}"))


def _check_kinds(model: Any, regimen: Any, outputs: Any, blocks: Any, overrides: Any, genotype: Any) -> None:
    """Refuse what is of another kind than it should be, for instance arguments in another order."""
    refuse_others(
        ("model", model, isinstance(model, Model), NO_CHAIN if isinstance(model, ImportedModel) else CHAIN),
        ("regimen", regimen, isinstance(regimen, str | Regimen), "text such as `ketamine 0.5 mg/kg iv over 40 min`"),
        ("outputs", outputs, not isinstance(outputs, str), 'a list of names, such as `["HDRS17"]`'),
        ("blocks", blocks, blocks is None or isinstance(blocks, Mapping), 'shares by step, such as `{"AMPA": 0.95}`'),
        ("overrides", overrides, overrides is None or isinstance(overrides, Mapping), "values by constant"),
        ("genotype", genotype, genotype is None or isinstance(genotype, str), "a genotype such as `Val/Met`"),
    )


def _check_settings(hours: Any, tolerance: Any, threads: Any, allowed_failures: Any) -> None:
    """Refuse numbers that are none or lie where they cannot."""
    refuse_others(
        ("hours", hours, hours is None or _is_number(hours), "a number of hours"),
        (
            "tolerance",
            tolerance,
            tolerance is None or (_is_number(tolerance) and 0 < tolerance < 1),
            "a number from 0 to 1",
        ),
        (
            "threads",
            threads,
            threads is None or (isinstance(threads, int | np.integer) and bool(threads > 0)),
            "a whole number from 1",
        ),
        (
            "allowed_failures",
            allowed_failures,
            _is_number(allowed_failures) and 0 <= allowed_failures <= 1,
            "a share from 0 to 1",
        ),
    )


def _is_number(given: object) -> bool:
    return isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool)


def check_course(
    model: Model,
    regimen: str | Regimen,
    days: float,
    outputs: Sequence[str] | None,
    blocks: Mapping[str, float] | None,
    overrides: Mapping[str, float] | None,
    times_h: Sequence[float] | None = None,
) -> tuple[list[str], Regimen]:
    """Check what is asked for before anybody is recruited.

    returns   names of the outputs, and the regimen read
    raises    InputError with every fault found
    """
    plan, faults = _plan(model, regimen)
    chain = model if plan is None else with_drugs(model, plan.drugs)
    chosen, more = _outputs(chain, outputs)
    faults += more + _block_faults(model, blocks or {})
    faults += _override_faults(chain, plan, overrides or {}) + _time_faults(days, times_h or ())
    if faults or plan is None:
        raise InputError(*faults)
    return chosen, plan


def _plan(model: Model, regimen: str | Regimen) -> tuple[Regimen | None, list[Fault]]:
    """The regimen read, and what is wrong with it: words, drugs, routes without kinetics."""
    try:
        plan = regimen if isinstance(regimen, Regimen) else parse_regimen(regimen, library_drugs(model))
        check_routes(model, plan)
    except InputError as error:
        return None, list(error.faults)
    return plan, []


def output_hours(doses_h: Sequence[float], last_h: float, further_h: Sequence[float] = ()) -> Numbers:
    """Hours worth looking at: dense after each dose, sparse later.

    returns   [time] h, ascending: every 5 min to 4 h after a dose, 30 min to 24 h, 3 h to 3 d, then 12 h
    """
    dense = list(doses_h) if len(doses_h) <= DENSE_DOSES else [doses_h[0], doses_h[-1]]
    after = np.concatenate(
        [np.arange(0, 48) / 12, np.arange(8, 48) / 2, np.arange(8, 24) * 3.0, np.arange(72, last_h + 12, 12)]
    )
    hours = [0.0, last_h, *further_h, *doses_h]
    for dose, following in zip(dense, [*dense[1:], math.inf], strict=True):
        hours += [hour for hour in dose + after if hour < following]
    rounded = np.unique(np.round(hours, 9))
    return rounded[(rounded >= 0) & (rounded <= last_h)]


def main_outputs(model: Model) -> list[str]:
    """The main outputs of every stage, as far as the model has them, and the plasma level of every drug added to it."""
    main = [name for names in DEFAULT_OUTPUTS.values() for name in names if name in model.equations]
    return [*(f"{drug}_plasma" for drug in model.drugs), *main]


def block_input(model: Model, name: str) -> str | None:
    """The input that a block's name means: itself, or with `_block` behind."""
    inputs = {known.lower(): known for known in model.inputs}
    return inputs.get(f"{name}_block".lower()) or inputs.get(name.lower())


def _outputs(model: Model, outputs: Sequence[str] | None) -> tuple[list[str], list[Fault]]:
    """The outputs asked for, once each, and a fault for each that the model has not."""
    if outputs is None:
        return main_outputs(model), []
    known = [*model.equations, *model.constants]
    faults = [
        Fault(f"`{name}` is no output of the model.", "", "", nearest(str(name), known, "resprout describe"))
        for name in outputs
        if name not in model.equations and name not in model.constants
    ]
    if not outputs:
        faults.append(Fault("no output is asked for.", "", "Expected at least one, for instance `HDRS17`."))
    return list(dict.fromkeys(outputs)), faults


def _block_faults(model: Model, blocks: Mapping[str, float]) -> list[Fault]:
    """What is wrong with the blocks."""
    faults = []
    steps = [name.removesuffix("_block") for name in model.inputs if not name.endswith(("_infusion", "_input"))]
    for name, share in blocks.items():
        target = block_input(model, str(name))
        greatest = 1.0 if target is None or target.endswith(SHARE_ENDINGS) else GREATEST_BLOCK
        if target is None:
            faults.append(Fault(f"`{name}` cannot be blocked.", "", "", nearest(str(name), steps, "resprout describe")))
        elif not _is_finite(share) or not 0 <= share <= greatest:
            faults.append(Fault(f"the block of `{name}` is {share}.", "", f"Expected from 0 to {greatest:g}."))
    return faults


def _override_faults(model: Model, plan: Regimen | None, overrides: Mapping[str, float]) -> list[Fault]:
    """What is wrong with the changed constants: unknown, not finite, or of a drug that this regimen does not give."""
    faults = []
    read = {name for equation in model.equations.values() for name in equation.reads}
    read |= dosing_names(plan) if plan is not None else set()
    absent = set(library_drugs(model)) - set(model.drugs)
    for name, value in overrides.items():
        drug = next((drug for drug in absent if str(name).startswith(f"{drug}_")), "")
        if name not in model.constants and not (drug and plan is None):
            remedy = nearest(str(name), model.constants, "resprout describe")
            if drug:
                remedy = f"Give {drug} in the regimen, or leave the setting out."
            faults.append(Fault(f"`{name}` is no constant of the model.", "", "", remedy))
        elif plan is not None and drug and name not in read:
            found = f"`{name}` is set, but this regimen gives no {drug.replace('_', '-')}."
            faults.append(Fault(found, "", "Nothing would read it.", "Add the drug to the regimen or leave it out."))
        elif plan is not None and name not in read and model.constants[name].file in DRUG_TABLES:
            found = f"`{name}` is set, but nothing reads it under this regimen."
            faults.append(Fault(found, "", "Expected a constant of a drug and route that are given."))
        elif not _is_finite(value):
            faults.append(Fault(f"`{name}` is set to {value}.", "", "Expected a finite number."))
        elif model.constants[name].role == "rating":
            found, remedy = f"`{name}` is a parameter of ratings, and nobody is rated here.", "Set it for a trial."
            faults.append(Fault(found, "", "Expected a constant of the model or of people.", remedy))
    return faults


def _time_faults(days: float, times_h: Sequence[float]) -> list[Fault]:
    """What is wrong with the hours."""
    faults = []
    if not _is_finite(days) or not 0 < days <= LONGEST_DAYS:
        faults.append(Fault(f"{days} days.", "", f"Expected more than 0 and at most {LONGEST_DAYS:g}."))
    if not all(_is_finite(hour) and hour >= 0 for hour in times_h):
        faults.append(Fault("an output hour is negative or not finite.", "", "Expected hours from the first dose on."))
    return faults


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value)


def _check_size(patients: int, hours: int, outputs: int) -> None:
    size = patients * hours * outputs * 8 / 1e9
    if size > LARGEST_RESULT_GB:
        found = f"{patients} patients with {outputs} outputs at {hours} hours need {size:.0f} GB."
        raise InputError(Fault(found, "", f"Expected at most {LARGEST_RESULT_GB:g}.", "Ask for fewer outputs."))


def dataset(model: Model, part: Part, request: Request) -> xr.Dataset:
    """Name and label what a request gave."""
    told = {"seed": request.seed, "population": request.population, "genotype": request.genotype}
    told |= {"regimen": request.regimen, "tolerance": request.tolerance, "constants": draws_words(model, request.point)}
    told |= {"blocks": _pairs(request.blocks), "overrides": _pairs(request.overrides)}
    return labelled(model, part.value, part.status, part.steps, np.array(request.hours), request.outputs, told)


def labelled(
    model: EquationModel,
    value: NDArray[np.floating],
    status: NDArray[np.int64],
    steps: NDArray[np.int64],
    hours: Numbers,
    outputs: Sequence[str],
    told: Mapping[str, Any],
) -> xr.Dataset:
    """Name and label what the engine gives."""
    import xarray as xr

    if isinstance(model, Model):
        model = with_drugs_named(model, outputs)
    variables = {}
    for column, name in enumerate(outputs):
        quantity = model.equations[name] if name in model.equations else model.constants[name]
        labels = {"units": quantity.unit, "long_name": quantity.meaning}
        labels |= {"stage": STAGES[quantity.stage - 1]} if quantity.stage else {}
        variables[name] = (("patient", "time_h"), value[:, :, column], labels)
    coordinates = {
        "patient": np.arange(len(status)),
        "time_h": ("time_h", hours, {"units": "h", "long_name": "time after the first dose"}),
    }
    attributes = {"resprout_version": resprout_version(), "model_digest": model.digest, **told}
    made = xr.Dataset(variables, coords=coordinates, attrs=attributes)
    made["status"] = ("patient", status, {"long_name": "0 if solved"})
    made["steps"] = ("patient", steps, {"long_name": "steps of the solver"})
    return made


def _pairs(values: Mapping[str, float] | None) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in (values or {}).items())


def resprout_version() -> str:
    """The installed version, or that it is unknown."""
    try:
        return version("resprout")
    except PackageNotFoundError:
        return "unknown"
