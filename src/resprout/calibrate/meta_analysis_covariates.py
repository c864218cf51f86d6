"""Covariates of the meta-analysis of published trials: an arm at a visit in, its fixed effects and random effects out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.meta_analysis_rows import ImprovementRow, Treatment, TrialSummary, entry_share
from resprout.dosing.regimen import KETAMINES

Numbers = NDArray[np.float64]
KETAMINE, PROCEDURE, TABLETS = "ketamine, largest", "another procedure, largest", "tablets, largest"
DOSE, RESISTANT_DRUG = "per doubling of dose", "resistance, drug"
FIXED = {
    "placebo, first days": (0.3, "improvement on control that comes within days"),
    "placebo, weeks": (0.3, "further improvement on control over weeks"),
    "baseline, weeks": (1.0, "change of that for a baseline higher by the whole scale"),
    "resistance, weeks": (0.2, "change of that in treatment-resistant people"),
    "open label, first days": (0.2, "further improvement where everybody knows the treatment"),
    KETAMINE: (0.5, "improvement beyond control by ketamine or an enantiomer"),
    PROCEDURE: (0.5, "the same by other drugs that are not given as tablets"),
    TABLETS: (0.5, "the same by daily tablets"),
    DOSE: (0.1, "change of the effect of a procedure for each doubling of its usual dose"),
    RESISTANT_DRUG: (0.2, "change of the effect of any drug in treatment-resistant people"),
}
"""Fixed effects: standard deviation of the normal prior around 0, and meaning; improvement is a share of baseline."""
RANDOM = {"control type": 0.1, "drug": 0.2, "study": 0.1, "drug in study": 0.15}
"""Random effects, and the scale of the half-normal prior of their standard deviation."""
PLACEBO_DAYS_H, PLACEBO_WEEKS_H, TABLETS_H = 24.0, 14 * 24.0, 14 * 24.0


@dataclass(frozen=True)
class Cell:
    """One arm at one visit: the improvement that the meta-analysis is about."""

    trial: TrialSummary
    arm: str
    endpoint: str
    hour: float


@dataclass(frozen=True)
class TimeCourse:
    """Time course of the effect of a procedure: h to its onset after the first, and h to its end after the last."""

    onset_h: float = 4.0
    offset_h: float = 8 * 24.0


@dataclass(frozen=True)
class Covariates:
    """What turns an arm at a visit into numbers: the time course of procedures, and the usual dose by drug and route."""

    time_course: TimeCourse
    usual_dose: dict[tuple[str, str], float]

    @classmethod
    def of(cls, trials: Sequence[TrialSummary], time_course: TimeCourse) -> Covariates:
        """With the median dose of each drug by each route in these trials."""
        given: dict[tuple[str, str], list[float]] = {}
        for trial in trials:
            for treatment in itertools.chain.from_iterable(trial.treatments.values()):
                given.setdefault((treatment.drug, treatment.route), []).append(treatment.dose)
        return cls(time_course, {key: float(np.median(doses)) for key, doses in given.items()})


def observed_cells(rows: Sequence[ImprovementRow], trials: Sequence[TrialSummary]) -> list[Cell]:
    """Two cells for each row: its arm and its control; the arm twice where nothing is subtracted."""
    named = {trial.name: trial for trial in trials}
    return [
        Cell(named[row.trial], arm, row.endpoint, row.hour) for row in rows for arm in (row.arm, row.control or row.arm)
    ]


def contrast(rows: Sequence[ImprovementRow]) -> Numbers:
    """[row, cell] what each row takes from its two cells."""
    weight = np.zeros((len(rows), 2 * len(rows)))
    for place, row in enumerate(rows):
        weight[place, 2 * place] = 1.0
        weight[place, 2 * place + 1] = -1.0 if row.control else 0.0
    return weight


def _reached(since_h: float, time_h: float) -> float:
    return float(1 - np.exp(-max(since_h, 0.0) / time_h))


def effect_time_course(covariates: Covariates, cell: Cell, treatment: Treatment) -> float:
    """Share of a drug's largest effect that is there at a visit, beyond what was there at baseline."""
    start = cell.trial.baseline_hour(cell.endpoint)
    return _time_course_at(covariates.time_course, treatment, cell.hour) - _time_course_at(
        covariates.time_course, treatment, start
    )


def _time_course_at(time_course: TimeCourse, treatment: Treatment, hour: float) -> float:
    given = [time for time in treatment.times_h if time < hour]
    if not given:
        return 0.0
    if treatment.oral:
        return _reached(hour - given[0], TABLETS_H) * float(np.exp(-max(hour - given[-1] - 24.0, 0.0) / TABLETS_H))
    return _reached(hour - given[0], time_course.onset_h) * float(np.exp(-(hour - given[-1]) / time_course.offset_h))


def _placebo_weeks(cell: Cell) -> float:
    return _reached(cell.hour - min(cell.trial.start_h, cell.hour), PLACEBO_WEEKS_H)


def fixed_design(covariates: Covariates, cells: Sequence[Cell]) -> Numbers:
    """How much of each fixed effect is in an arm at a visit: [cell, effect of FIXED]."""
    design = np.zeros((len(cells), len(FIXED)))
    for place, cell in enumerate(cells):
        weeks = _placebo_weeks(cell)
        days = _reached(cell.hour - min(cell.trial.start_h, cell.hour), PLACEBO_DAYS_H)
        resistant = float(cell.trial.protocol.entry.resistant)
        line = {
            "placebo, first days": days,
            "placebo, weeks": weeks,
            "baseline, weeks": weeks * (entry_share(cell.trial, cell.endpoint) - 0.4),
            "resistance, weeks": weeks * resistant,
            "open label, first days": days * (cell.trial.control_type == "open_label"),
        }
        for treatment in cell.trial.treatments[cell.arm]:
            there = effect_time_course(covariates, cell, treatment)
            name = TABLETS if treatment.oral else KETAMINE if treatment.drug in KETAMINES else PROCEDURE
            line[name] = line.get(name, 0.0) + there
            line[RESISTANT_DRUG] = line.get(RESISTANT_DRUG, 0.0) + there * resistant
            if not treatment.oral:
                usual = covariates.usual_dose.get((treatment.drug, treatment.route), treatment.dose)
                more = there * float(np.log2(treatment.dose / usual))
                line[DOSE] = line.get(DOSE, 0.0) + more
        design[place] = [line.get(name, 0.0) for name in FIXED]
    return design


def _levels(covariates: Covariates, cell: Cell, name: str) -> dict[str, float]:
    """Levels of a random effect that a cell takes part in, and how much of each it takes."""
    if name == "control type":
        return {cell.trial.control_type: _placebo_weeks(cell)}
    if name == "study":
        days = _reached(cell.hour - min(cell.trial.start_h, cell.hour), PLACEBO_DAYS_H)
        return {cell.trial.name: days}
    found: dict[str, float] = {}
    for treatment in cell.trial.treatments[cell.arm]:
        level = treatment.drug if name == "drug" else f"{treatment.drug} in {cell.trial.name}"
        found[level] = found.get(level, 0.0) + effect_time_course(covariates, cell, treatment)
    return found


def random_levels(covariates: Covariates, cells: Sequence[Cell], name: str) -> list[dict[str, float]]:
    """For each cell the levels of a random effect that it takes part in, and how much of each it takes."""
    return [_levels(covariates, cell, name) for cell in cells]


def random_design(covariates: Covariates, cells: Sequence[Cell], name: str) -> Numbers:
    """How much of each level of a random effect is in an arm at a visit: [cell, level]."""
    taken = random_levels(covariates, cells, name)
    every = sorted({level for line in taken for level in line})
    return np.array([[line.get(level, 0.0) for level in every] for line in taken])
