"""Drugs side by side in one typical depressed person: rows of compared_drugs.tsv in, six numbers for each out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from resprout.calibrate.drawn_predictions import at_draws, interval_over_draws
from resprout.calibrate.experiments import Arm, Trajectories, run_arms
from resprout.language.records import Model

PERSON = "patient"
DAY_H = 24.0
OUTPUTS = ("glutamate_release", "p_mTOR", "BDNF_outside", "spine_density", "HDRS17", "VAS_high")
COLUMNS = {
    "glutamate_surge": "% of baseline, largest rise within a day",
    "p_mTOR": "active share, largest within a day",
    "BDNF_release": "times baseline, largest within a day",
    "spines_24h": "% of baseline, change at 24 h",
    "HDRS17_24h": "points, change at 24 h",
    "psychotomimetic": "VAS high, 0 to 100, largest within a day",
}


@dataclass(frozen=True)
class DrugComparison:
    """One drug: its name, dose, family and note, and one number for each of COLUMNS.

    value      at the point estimate      interval   90 % over posterior draws; empty without any
    draws      how many
    """

    drug: str
    given: str
    family: str
    note: str
    value: dict[str, float]
    interval: dict[str, tuple[float, float]] = field(default_factory=dict)
    draws: int = 0


def compare_drugs(model: Model) -> list[DrugComparison]:
    """Give every drug of compared_drugs.tsv once to the typical depressed person.

    returns   one row for each drug, in the table's order
    """
    rows = model.tables["compared_drugs"]
    arms = [Arm(PERSON, row["given"]) for row in rows]
    trajectories = run_arms(model, arms, [DAY_H], OUTPUTS)
    return [
        DrugComparison(row["drug"], row["given"], row["family"], row["note"], numbers_of(trajectories, arm))
        for row, arm in zip(rows, arms, strict=True)
    ]


def compared_at_draws(model: Model, count: int, progress: Callable[[str], object] = str) -> list[DrugComparison]:
    """The same with 90 % intervals over posterior draws of the constants.

    count      how many draws      progress   is told in a few words how far it has come
    """
    rows, drawn = compare_drugs(model), at_draws(model, compare_drugs, count, progress)
    if not drawn:
        return rows
    return [
        replace(
            row,
            interval={name: interval_over_draws([each[place].value[name] for each in drawn]) for name in COLUMNS},
            draws=len(drawn),
        )
        for place, row in enumerate(rows)
    ]


def numbers_of(trajectories: Trajectories, arm: Arm) -> dict[str, float]:
    """The six numbers of one arm."""
    within = trajectories.hours <= DAY_H
    trajectory = {name: trajectories.trajectory(arm, name)[within] for name in OUTPUTS}
    rest = {name: float(values[0]) for name, values in trajectory.items()}
    spines, score = (trajectories.at(arm, name, DAY_H) for name in ("spine_density", "HDRS17"))
    return {
        "glutamate_surge": 100 * (float(np.max(trajectory["glutamate_release"])) / rest["glutamate_release"] - 1),
        "p_mTOR": float(np.max(trajectory["p_mTOR"])),
        "BDNF_release": float(np.max(trajectory["BDNF_outside"])) / rest["BDNF_outside"],
        "spines_24h": 100 * (spines / rest["spine_density"] - 1),
        "HDRS17_24h": score - rest["HDRS17"],
        "psychotomimetic": float(np.max(trajectory["VAS_high"])),
    }
