"""Predictive checks: percentiles, prediction correction and decorrelation by hand; people of the model itself pass them."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

import resprout as rs
from resprout.app.cli import run
from resprout.figures.observed_figures import agreement_figure, check_figure, discrepancy_figure, trajectory_figure
from resprout.patients.predictive_checks import (
    CHECK_COLUMNS,
    decorrelated,
    discrepancies,
    prediction_corrected,
    predictive_check,
    time_bins,
)
from resprout.patients.predictive_simulations import SIMULATED_COLUMNS, Simulated, before_treatment
from resprout.patients.read_data import EXAMPLE

MODEL = rs.load_model()


def simulated(values, drawn, hours=None, *, below=None, lloq=np.nan, endpoint="MADRS"):
    """Simulated people, one observation each, from plain numbers."""
    many = len(values)
    cells = [[f"p{n}" for n in range(many)], [""] * many, [1] * many, [endpoint] * many, hours or [0.0] * many]
    cells += [hours or [0.0] * many, values, below or [False] * many, [lloq] * many]
    table = pd.DataFrame(dict(zip(SIMULATED_COLUMNS, cells, strict=True)))
    return Simulated(table, np.asarray(drawn, dtype=float), {}, False)


@pytest.fixture(scope="module")
def example():
    """The shipped people, simulated by the model that made them."""
    return rs.simulate_data(None, rs.read_data("example", model=MODEL), replicates=200, model=MODEL)


def test_percentiles_are_those_of_the_observations_and_of_every_replicate():
    # 21 people: the 5th, 50th and 95th percentiles are the 2nd, 11th and 20th value; replicate r adds r
    values = np.arange(21.0)
    found = predictive_check(simulated(values, values[:, None] + np.arange(5.0)))
    assert [row[7] for row in found] == [1, 10, 19]
    assert [row[8] for row in found] == [3, 12, 21]


def test_a_percentile_below_the_limit_of_quantification_is_none_of_the_observed_ones():
    values, below = np.arange(1.0, 22.0), [True] * 3 + [False] * 18
    found = predictive_check(
        simulated(values, values[:, None] * np.ones(4), below=below, lloq=3.5, endpoint="ketamine_venous")
    )
    assert np.isnan(found[0][7]) and np.isnan(found[0][8])
    assert [row[7] for row in found[1:]] == [11, 20]


def test_prediction_correction_brings_values_to_the_typical_prediction_of_the_bin():
    # by hand: predictions 10, 20, 30 have the median 20; values 5, 25, 33 become 10, 25, 22
    found = prediction_corrected(np.array([5.0, 25.0, 33.0]), np.array([10.0, 20.0, 30.0]), np.zeros(3, int))
    assert found == pytest.approx([10, 25, 22])
    # on a scale that begins at 4: 4 + (5 - 4) x (20 - 4) / (10 - 4)
    from_four = prediction_corrected(np.array([5.0, 25.0, 33.0]), np.array([10.0, 20.0, 30.0]), np.zeros(3, int), 4.0)
    assert from_four[0] == pytest.approx(4 + 16 / 6)


def test_few_times_are_bins_of_their_own_and_many_are_bins_of_as_many_observations():
    assert time_bins(np.array([24.0, 0.0, 24.0, 72.0])).tolist() == [1, 0, 1, 2]
    counts = np.bincount(time_bins(np.linspace(0, 99, 100)))
    assert counts.tolist() == [10] * 10


def test_correlated_observations_are_decorrelated_before_they_are_compared():
    random = np.random.default_rng(4)
    factor = np.array([[3.0, 0.0], [4.0, 2.0]])
    drawn = factor @ random.standard_normal((2, 40_000)) + np.array([[10.0], [20.0]])
    # 10 + 3 x 1 and 20 + 4 x 1 + 2 x (-0.5): the standard normal numbers behind are 1 and -0.5
    assert decorrelated(np.array([13.0, 23.0]), drawn) == pytest.approx([1, -0.5], abs=0.03)


def test_an_observation_beyond_all_replicates_gets_the_score_of_half_a_replicate():
    assert decorrelated(np.array([99.0]), np.arange(100.0)[None] / 10)[0] == pytest.approx(ndtri(1 - 0.5 / 100))


def test_people_of_the_model_pass_their_own_check(example):
    found = pd.DataFrame(predictive_check(example), columns=list(CHECK_COLUMNS)).dropna()
    inside = (found["observed"] >= found["lower"]) & (found["observed"] <= found["upper"])
    # 27 percentiles with 95 % intervals: fewer than 22 inside happen once in a thousand
    assert len(found) == 27 and inside.sum() >= 22
    for each in discrepancies(example):
        assert each.p > 0.001 and abs(each.mean) < 0.25 and 0.7 < each.variance < 1.4


def test_a_wrong_population_fails_the_check(example):
    wrong = Simulated(example.observations, example.replicates * 1.5, {}, False)
    levels = next(each for each in discrepancies(wrong) if each.endpoint == "ketamine_venous")
    assert levels.p < 1e-6 and levels.mean < -0.5


def test_given_their_baseline_people_are_predicted_more_narrowly_before_treatment():
    data = rs.read_data("example", model=MODEL)
    some = type(data)(data.people[:3], data.setting, (), (), ("a",))
    free, given = (rs.simulate_data(None, some, given_baseline=mark, model=MODEL).predictions for mark in (False, True))
    width = [(each["upper"] - each["lower"])[each["after_first_dose_h"] == 0].mean() for each in (free, given)]
    assert width[1] < 0.9 * width[0]


def test_only_ratings_before_the_first_dose_are_kept_for_the_baseline():
    kept = before_treatment(rs.read_data("example", model=MODEL).people[0])
    assert [(each.endpoint, each.time_h) for _, each in kept.observations] == [("MADRS", 0.0)]


def test_each_figure_has_every_observation(example):
    check = pd.DataFrame(predictive_check(example), columns=list(CHECK_COLUMNS))
    many = len(example.observations)
    shown = sum(
        len(trace.x) for trace in check_figure(check, example.observations, title="a").data if trace.mode == "markers"
    )
    assert shown == many
    fit = agreement_figure(example.predictions, title="a")
    assert sum(len(trace.x) for trace in fit.data if trace.mode == "markers") == many
    assert sum(len(trace.x) for trace in trajectory_figure(example.observations, title="a").data) == many
    errors = discrepancy_figure(discrepancies(example), example.observations, title="a")
    assert sum(len(trace.x) for trace in errors.data if trace.mode == "markers") == 2 * many


def test_the_command_writes_tables_and_a_figure_and_refuses_what_is_no_figure(tmp_path, capsys):
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    (tmp_path / "a.csv").write_text("\n".join(lines[:21]), encoding="utf-8")
    words = ["data", "simulate", str(tmp_path / "a.csv"), "--replicates", "30", "--figure", "pcvpc"]
    assert run([*words, "--table", str(tmp_path / "t.csv"), "--out", str(tmp_path / "f.html"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["check"]) == 27 and {each["endpoint"] for each in told["errors"]} == {"MADRS", "ketamine_venous"}
    assert (tmp_path / "f.html").read_text(encoding="utf-8").startswith("<!")
    assert run([*words[:-1], "vcp"]) == 2
    assert "Did you mean `vpc`?" in capsys.readouterr().err
