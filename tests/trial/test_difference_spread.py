"""The standard deviation behind a standard error of a difference, beside ordinary least squares and a paired test."""

import numpy as np
import pytest
from scipy import stats

from resprout.language import load_model
from resprout.trial.design import Protocol
from resprout.trial.protocol import read_protocol, shipped_protocols
from resprout.trial.reported_statistics import statistic
from resprout.trial.trial_outcome import Outcome

MODEL = load_model()
PEOPLE = 12
FIELDS = {
    "name": "t",
    "title": "t",
    "control": "saline",
    "arms": [{"name": "a", "regimen": "x", "size": PEOPLE}, {"name": "b", "regimen": "saline", "size": PEOPLE}],
    "endpoints": [{"name": "MADRS", "visits": ["0 min", "24 h"]}],
}


def ratings(seed):
    random = np.random.default_rng(seed)
    return {(arm, "MADRS"): np.round(random.normal(28, 6, (3, PEOPLE, 2))) for arm in ("a", "b")}


def found(design, outcome):
    arms = [FIELDS["arms"][0], FIELDS["arms"][1] | {"control": True}]
    arms = [each | ({"first": PEOPLE // 2} if design == "crossover" else {}) for each in arms]
    protocol = Protocol.model_validate(FIELDS | {"design": design, "arms": arms})
    return statistic(protocol, outcome, "difference_sd", "a", "MADRS", 24.0)


def test_groups_are_adjusted_for_baseline_as_least_squares_does():
    told = ratings(1)
    told["b", "MADRS"][:, 3, 1] = np.nan  # who was not rated counts nowhere
    spread = found("parallel", Outcome(told))
    for replicate, one in enumerate(spread):
        rows = np.concatenate([told[arm, "MADRS"][replicate] for arm in "ab"])
        group = np.repeat([0.0, 1.0], PEOPLE)[np.isfinite(rows[:, 1])]
        rows = rows[np.isfinite(rows[:, 1])]
        table = np.column_stack([np.ones_like(group), group, rows[:, 0]])
        left = np.linalg.lstsq(table, rows[:, 1] - rows[:, 0], rcond=None)[1][0]
        variance = left / (len(rows) - 3) * np.linalg.inv(table.T @ table)[1, 1]
        sizes = [(group == each).sum() for each in (0.0, 1.0)]
        assert one == pytest.approx(np.sqrt(variance / (1 / sizes[0] + 1 / sizes[1])), rel=1e-9)


def test_a_crossover_has_the_spread_of_a_paired_test():
    told = ratings(2)
    for replicate, one in enumerate(found("crossover", Outcome(told))):
        change = [told[arm, "MADRS"][replicate, :, 1] - told[arm, "MADRS"][replicate, :, 0] for arm in "ab"]
        paired = stats.ttest_rel(*change)
        assert abs(np.mean(change[0] - change[1]) / (one / np.sqrt(PEOPLE))) == pytest.approx(abs(paired.statistic))


def test_too_few_people_have_no_spread():
    told = {key: value[:, :1] for key, value in ratings(3).items()}
    assert np.isnan(found("parallel", Outcome(told))).all()


def test_published_spreads_give_back_the_published_standard_errors():
    """TRANSFORM-2 prints 1.69, PeRSEVERe 2.85 at 24 h, and TRANSFORM-1 an interval of 7.33 points."""
    told = {}
    for name in shipped_protocols():
        design, _ = read_protocol(name, MODEL)
        for row in design.published:
            if row.statistic == "difference_sd" and design.design == "parallel":
                sizes = {arm.name: arm.size for arm in design.arms}
                told[name, row.arm, row.time] = row.value * np.sqrt(1 / sizes[row.arm] + 1 / sizes[design.control_arm])
    assert told["popova2019_transform2", "esketamine", 648.0] == pytest.approx(1.69, abs=0.005)
    assert told["canuso2018", "esketamine", 24.0] == pytest.approx(2.85, abs=0.005)
    assert 2 * 1.96 * told["fedgchin2019_transform1", "esketamine 84", 648.0] == pytest.approx(7.33, abs=0.01)
