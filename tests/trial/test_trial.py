"""The shipped trial end to end."""

import numpy as np
import pandas as pd
import pytest

from resprout.errors import InputError
from resprout.trial import run_trial
from resprout.trial.endpoints import TRIAL_COLUMNS

REPLICATES = 40


@pytest.fixture(scope="module")
def trial():
    return run_trial("berman2000", replicates=REPLICATES, seed=1)


def value(trial, arm, endpoint, statistic, time_h):
    table = trial.table
    near = np.isclose(table["time_h"], time_h)
    rows = table[(table["arm"] == arm) & (table["endpoint"] == endpoint) & (table["statistic"] == statistic) & near]
    return float(rows["value"].iloc[0])


def test_the_table_is_in_long_form_for_seven_people(trial):
    assert list(trial.table.columns) == TRIAL_COLUMNS and set(trial.table["n"]) == {7}
    assert set(trial.table["arm"]) == {"ketamine", "saline"}


def test_ketamine_lowers_and_saline_keeps_depression_as_published(trial):
    # Berman 2000: HDRS-25 at 72 h, ketamine -14 (SD 10), saline 0 (SD 12), n = 7; bounds are 95 % intervals of those means
    assert value(trial, "ketamine", "HDRS25", "mean_change", 72) == pytest.approx(-14, abs=9.2)
    assert value(trial, "saline", "HDRS25", "mean_change", 72) == pytest.approx(0, abs=11)


def test_euphoria_and_psychosis_come_first_and_have_gone_when_depression_falls(trial):
    # order of effects in Fig 1 of the review
    for endpoint in ("VAS_high", "BPRS_positive"):
        at = [value(trial, "ketamine", endpoint, "mean_change", hour) for hour in (40 / 60, 110 / 60, 24)]
        assert at[1] < 0.3 * at[0] and abs(at[2]) < 0.05 * at[0]
    fall = [value(trial, "ketamine", "HDRS25", "mean_change", hour) for hour in (80 / 60, 24)]
    # at 80 min euphoria is over; relief, of which expectation is a part, goes on growing
    assert fall[1] < 1.15 * fall[0] < 0


def test_the_interaction_is_found_for_each_outcome():
    # the legend of Fig 1 states p < .005 for each of the three; seven people, so that the share of 40 trials has a standard error of 8 %
    anova = run_trial("berman2000", replicates=200, seed=1).anova
    assert anova["endpoint"].tolist() == ["HDRS25", "VAS_high", "BPRS_positive"]
    assert (anova["p_uncorrected"] < 0.005).all()
    assert (anova["share_below_005_uncorrected"] > 0.5).all()


def test_a_longer_series_starts_with_the_same_trials(trial):
    short = run_trial("berman2000", replicates=3, seed=1)
    assert all(np.array_equal(short.ratings[key], rating[:3]) for key, rating in trial.ratings.items())


def test_replicates_have_different_people(trial):
    assert trial.cohort.covariates["candidate"].is_unique and len(trial.cohort) == 7 * REPLICATES


def test_the_path_leads_through_every_stage(trial):
    stages = {trial.path[name].attrs.get("stage") for name in trial.path.data_vars}
    assert {"dose", "receptor", "circuit", "signal", "spine", "score"} <= stages


@pytest.mark.parametrize("replicates", [0, -3, 1.5, 10**9])
def test_a_senseless_number_of_replicates_is_refused(replicates):
    with pytest.raises(InputError, match="replicates"):
        run_trial("berman2000", replicates=replicates)


def test_progress_tells_how_many_people_have_been_followed():
    told = []
    done = run_trial("berman2000", replicates=2, progress=told.append)
    assert told == sorted(told) and told[-1] == 2 * len(done.protocol.arms) * len(done.cohort) / done.replicates


def test_a_protocol_of_ones_own_is_run(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        """
name: mine
title: Ketamine against midazolam in parallel groups
design: parallel
control: midazolam
entry: {minimum: {MADRS: 25}}
arms:
  - {name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min, size: 12}
  - {name: midazolam, regimen: midazolam 0.045 mg/kg iv over 40 min, size: 6, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 24 h]}
  - {name: p_mTOR, visits: [0 min, 1 h]}
""",
        encoding="utf-8",
    )
    trial = run_trial(path, replicates=25)
    n = trial.table.groupby(["arm", "statistic"])["n"].first()
    assert (n["ketamine", "mean"], n["midazolam", "mean"]) == (12, 6)
    assert (
        value(trial, "ketamine", "MADRS", "mean_change", 24) < value(trial, "midazolam", "MADRS", "mean_change", 24) < 0
    )
    assert isinstance(trial.anova, pd.DataFrame) and trial.anova.empty
