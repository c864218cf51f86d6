"""Expected values -> what would be observed: ratings by a rater with within-subject variability, levels with the error of an assay."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.patients.expected_ratings import History
from resprout.people.cohort import Cohort
from resprout.people.ratings import rate, within_subject_variation
from resprout.people.recall import all_recalled_hours, recalled_hours, recalled_mean
from resprout.people.streams import normals

Numbers = NDArray[np.float64]


def level_sd(cv: float) -> float:
    """The standard deviation of a log level with this coefficient of variation."""
    return float(np.sqrt(np.log1p(cv * cv)))


def observed_values(
    model: Model, people: Cohort, history: History, expected: Mapping[str, Numbers], occasion: int = 0
) -> dict[str, Numbers]:
    """Observe people.

    model      whose items and errors of rating are used
    people     [person]   whose seed and numbers key the errors
    history    visits and setting
    expected   by endpoint: [person, visit], as `expected_values` gives it
    occasion   its number; errors of occasions are independent
    returns    by endpoint: [person, visit]   scores on the steps of their scale, levels in ng/mL
    """
    rated = [(name, times) for name, times in history.visits.items() if name in model.scales]
    hours = sorted(all_recalled_hours(rated, -np.inf, model.nominal))
    seed, person = people.seed + occasion, people.candidate
    varies = within_subject_variation(seed, person, hours, model.nominal) if hours else np.zeros((len(people), 0))
    found = {}
    for name, times in history.visits.items():
        labels = [f"occasion {occasion} at {hour:.4f} h" for hour in times]
        if name in model.scales:
            at = np.searchsorted(hours, recalled_hours(name, times, -np.inf, model.nominal))
            swings = recalled_mean(varies[:, at])
            found[name] = rate(model.scales[name], expected[name], swings, people.seed, person, labels, model)
        else:
            error = np.stack([normals(people.seed, f"assay of {name} {label}", person) for label in labels], axis=1)
            sd = level_sd(history.setting.level_cv)
            found[name] = np.maximum(expected[name], 0.0) * np.exp(sd * error)
    return found
