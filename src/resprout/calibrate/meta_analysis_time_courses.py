"""Time time courses of the meta-analysis: a fit in; improvement over time by drug, beside what was published, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resprout.calibrate.meta_analysis_covariates import Cell
from resprout.calibrate.meta_analysis_fit import MetaAnalysis
from resprout.calibrate.meta_analysis_predictions import predict_cells
from resprout.calibrate.meta_analysis_rows import TrialSummary

SHORTEST_H, STEPS = 24.0, 60
NORMAL_90 = 1.645


@dataclass(frozen=True)
class TimeCoursePanel:
    """Improvement over time under one drug: prediction by arm, and published points.

    hours [time] h      by arm of `curves`: median, lower and upper [time], share of baseline
    points              hour, improvement, people, whether on control, and what it is
    """

    title: str
    hours: Sequence[float]
    curves: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]]
    points: Sequence[tuple[float, float, int, bool, str]]


def time_course_panels(fit: MetaAnalysis) -> list[TimeCoursePanel]:
    """A panel for each drug that is given in an arm with a published improvement, the best informed first.

    The curve is that of the trial with most published numbers of the drug, its study included; the points are those of all
    trials, arms only.
    """
    points: dict[str, list[tuple[float, float, int, bool, str]]] = {}
    trials: dict[str, dict[str, int]] = {}
    for row, cell in zip(fit.rows, fit.cells[::2], strict=True):
        for drug in _drugs_of(cell.trial):
            trials.setdefault(drug, {}).setdefault(row.trial, 0)
            trials[drug][row.trial] += 1
            if not row.control:
                on_drug = any(each.drug == drug for each in cell.trial.treatments[cell.arm])
                said = f"{row.trial}, {row.arm}"
                point = (row.hour - cell.trial.start_h, row.improvement, cell.trial.sizes[cell.arm], not on_drug, said)
                points.setdefault(drug, []).append(point)
    named = {trial.name: trial for trial in fit.trials}
    order = sorted(points, key=lambda drug: -len(points[drug]))
    return [
        _panel(fit, drug, named[max(trials[drug], key=lambda name: trials[drug][name])], points[drug]) for drug in order
    ]


def _drugs_of(trial: TrialSummary) -> set[str]:
    return {treatment.drug for arm in trial.treatments.values() for treatment in arm}


def _panel(
    fit: MetaAnalysis, drug: str, trial: TrialSummary, points: list[tuple[float, float, int, bool, str]]
) -> TimeCoursePanel:
    rated = next(row.endpoint for row in fit.rows if row.trial == trial.name)
    start = max(trial.baseline_hour(rated), trial.start_h)
    last = max([SHORTEST_H, *(hour for hour, *_ in points)])
    until = min(last, trial.protocol.last_visit - start)  # the curve ends with its trial
    since = np.unique([*np.geomspace(0.25, max(until, 1.0), STEPS), 0.0])
    arms = {"drug": _arm_with(trial, drug)}
    if trial.protocol.control_arm and trial.protocol.control_arm != arms["drug"]:
        arms["control"] = trial.protocol.control_arm
    curves = {}
    for name, arm in arms.items():
        latent = predict_cells(fit, [Cell(trial, arm, rated, float(start + hour)) for hour in since])
        mean = latent.weight @ latent.mean
        within = np.einsum("d,dii->i", latent.weight, latent.covariance)
        spread = NORMAL_90 * np.sqrt(np.maximum(within + latent.weight @ (latent.mean - mean) ** 2, 0.0))
        curves[name] = (mean.tolist(), (mean - spread).tolist(), (mean + spread).tolist())
    title = f"{drug.replace('S_ketamine', 'esketamine').replace('_', ' ')} (curve: {trial.name})"
    return TimeCoursePanel(title, since.tolist(), curves, points)


def _arm_with(trial: TrialSummary, drug: str) -> str:
    return next(arm for arm, given in trial.treatments.items() if any(each.drug == drug for each in given))
