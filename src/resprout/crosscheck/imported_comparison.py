"""An imported model beside libRoadRunner, which reads the original file, and beside COPASI where these two differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import libsbml
import numpy as np

from resprout.errors import Fault, InputError
from resprout.exchange.formula_trees import combined
from resprout.exchange.imported_model import import_text
from resprout.exchange.sbml_flattening import as_amount
from resprout.language.records import ImportedModel
from resprout.solve import Events, run_patients
from resprout.solve.events import Floats

POINTS, PLACE = 200, 0.37
"""Times that are compared, and where each lies in its part of the run: programs differ in whether they report before or after an event."""
LAST, TIE = -1_000_000, 1e-9
"""Priority of the first event that has none, and what a later place in the file takes from one of those that have."""
LIMIT = 1e-4
"""Largest difference over an output's largest value, as for the shipped model."""
RELATIVE, ABSOLUTE_SHARE = 1e-10, 1e-12
"""Tolerance of the other programs; the absolute one is relative to the smallest output that is not zero."""
FINER = 1e-12, 1e-18
"""The same of libRoadRunner where it differs by more than the limit: states far below the outputs may decide what follows."""


def compare_imported(
    model: ImportedModel, until: float, outputs: Sequence[str], *, tolerance: float | None = None
) -> list[dict[str, Any]]:
    """Largest relative difference of each output from other programs.

    model      what `rs.import_model` gave
    until      end of the run, in the model's own unit of time
    outputs    names; those that the file has not are left out
    returns    a row an output: output, libRoadRunner, COPASI; None where a program was not asked or cannot run the model.
               libRoadRunner is asked again more finely, then COPASI, where it differs by more than the limit
    raises     InputError if libRoadRunner is not installed, or the model cannot be solved here
    """
    times = np.concatenate([[0.0], (np.arange(POINTS) + PLACE) / POINTS * until])
    inner = libsbml.readSBMLFromString(model.original)
    # an amount that stands for a concentration is this program's own
    outputs = [name for name in outputs if inner.getModel().getElementBySId(name) is not None]
    sizes = [species.getCompartment() for species in inner.getModel().getListOfSpecies()]
    asked = list(dict.fromkeys([*outputs, *sizes]))
    # all of them draw or choose the order of events of one moment where priorities do not say it
    ordered = in_file_order(model.original)
    by_lot = any(event.isSetPriority() for event in inner.getModel().getListOfEvents())
    own = import_text(ordered, model.file) if by_lot else model
    solved = run_patients(own, {}, Events.none(), times, asked, tolerance=tolerance)
    if solved.status[0] != 0:
        raise InputError(Fault(f"the model could not be solved: {solved.message(0)}.", model.name))
    found = {name: solved.output(name)[0] for name in asked}
    others = (
        _road_runner(inner.getModel(), ordered, outputs, times, found, own)
        for own in ((RELATIVE, ABSOLUTE_SHARE), FINER)
    )
    road_runner = _differences(outputs, found, next(others))
    if any(miss is not None and miss > LIMIT for miss in road_runner.values()):
        finer = next(others)
        road_runner = road_runner if finer is None else _differences(outputs, found, finer)
    differ = [name for name in outputs if road_runner[name] is None or road_runner[name] > LIMIT]  # type: ignore[operator]
    copasi: Mapping[str, float | None] = {}
    if differ:
        concentrations = _as_concentrations(inner.getModel(), found, differ)
        copasi = _differences(differ, concentrations, _copasi(ordered, differ, times, concentrations))
    return [{"output": name, "libRoadRunner": road_runner[name], "COPASI": copasi.get(name)} for name in outputs]


def in_file_order(text: str) -> str:
    """SBML in which priorities have events of one moment happen in the order of the file, as they do here.

    text      of a sound document
    returns   the same with a priority of each event, where there are several
    """
    document = libsbml.readSBMLFromString(text)
    if document.getModel().getNumEvents() < 2:
        return text
    if document.getLevel() < 3:
        document.setLevelAndVersion(3, 2, False)
    for place, event in enumerate(document.getModel().getListOfEvents()):
        given = event.getPriority() if event.isSetPriority() and event.getPriority().isSetMath() else None
        if given is None:
            event.createPriority().setMath(libsbml.parseL3Formula(f"{LAST - place}"))
            continue
        tie = libsbml.parseL3Formula(f"{place} * {TIE}")
        given.setMath(combined(libsbml.AST_MINUS, given.getMath(), tie))
    return str(libsbml.writeSBMLToString(document))


def _differences(
    names: Sequence[str], found: Mapping[str, Floats], other: Mapping[str, Floats] | None
) -> dict[str, float | None]:
    """Largest difference of each output over its largest value, at the times at which both are numbers."""
    differences: dict[str, float | None] = dict.fromkeys(names)
    for name in names:
        if other is None or name not in other:
            continue
        mine, its = found[name], other[name]
        if (np.isfinite(mine) != np.isfinite(its)).any():
            differences[name] = float("inf")
            continue
        known = np.isfinite(mine)
        size = max(np.abs(its[known]).max(initial=0.0), np.abs(mine[known]).max(initial=0.0))
        differences[name] = float(np.abs(mine[known] - its[known]).max(initial=0.0) / size) if size > 0 else 0.0
    return differences


def _road_runner(  # many arguments: what is run, and how closely
    inner: libsbml.Model,
    text: str,
    outputs: Sequence[str],
    times: Floats,
    found: Mapping[str, Floats],
    tolerance: tuple[float, float],
) -> dict[str, Floats] | None:
    """Trajectories by libRoadRunner; None where it cannot run the model.

    tolerance   relative one, and absolute one over the smallest output
    """
    try:
        import roadrunner
    except ImportError as missing:
        raise InputError(
            Fault("libRoadRunner is not installed.", remedy="Install it with `pip install libroadrunner`.")
        ) from missing
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    try:
        program = roadrunner.RoadRunner(text)
        program.integrator.relative_tolerance = tolerance[0]
        program.integrator.absolute_tolerance = tolerance[1] * _smallest(found)
        program.integrator.maximum_num_steps = 200_000
        amounts = {species.getId() for species in inner.getListOfSpecies() if as_amount(inner, species)}
        species = {species.getId() for species in inner.getListOfSpecies()} - amounts
        program.timeCourseSelections = [f"[{name}]" if name in species else name for name in outputs]
        values = np.array(program.simulate(times=times.tolist()))
    except RuntimeError:
        return None
    return dict(zip(outputs, values.T, strict=True))


def _as_concentrations(inner: libsbml.Model, found: Mapping[str, Floats], names: Sequence[str]) -> dict[str, Floats]:
    """Every species by its concentration, as COPASI reports it."""
    amounts = {s.getId(): s.getCompartment() for s in inner.getListOfSpecies() if as_amount(inner, s)}
    return {name: found[name] / found[amounts[name]] if name in amounts else found[name] for name in names}


def _smallest(found: Mapping[str, Floats]) -> float:
    """The largest value of the output that stays smallest, but for those that stay 0."""
    sizes = [float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) for values in found.values()]
    return min((size for size in sizes if size > 0), default=1.0)


def _copasi(text: str, names: Sequence[str], times: Floats, found: Mapping[str, Floats]) -> dict[str, Floats] | None:
    try:
        import basico
    except ImportError:
        return None
    data = basico.load_model_from_string(text)
    if data is None:
        return None
    try:
        table = basico.run_time_course(
            values=times.tolist(),
            start_time=0.0,
            duration=float(times[-1]),
            use_sbml_id=True,
            r_tol=RELATIVE,
            a_tol=ABSOLUTE_SHARE * _smallest(found),
            max_steps=1_000_000,
            model=data,
        )
    finally:
        basico.remove_datamodel(data)
    if table is None or len(table) != len(times):
        return None
    return {name: table[name].to_numpy() for name in names if name in table}
