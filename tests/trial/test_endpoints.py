"""Response, remission and intervals against textbook answers."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from statsmodels.stats.proportion import proportion_confint

from resprout.errors import InputError
from resprout.trial import run_trial
from resprout.trial.endpoints import COLUMNS, long_rows, long_table, share_interval
from resprout.trial.protocol import shipped_protocols
from resprout.trial.trial_outcome import remission_share, responder_share


def test_a_score_that_has_halved_is_a_response():
    assert responder_share(np.array([10.0, 11.0, 0.0]), np.array([20.0, 20.0, 20.0])) == pytest.approx(2 / 3)


def test_a_missed_visit_counts_as_no_response_and_no_remission():
    score = np.array([np.nan, 5.0])
    assert responder_share(score, np.array([20.0, 20.0])) == 0.5
    assert remission_share(score, 7) == 0.5


def test_who_has_no_symptoms_cannot_respond():
    assert responder_share(np.array([0.0]), np.array([0.0])) == 0


@pytest.mark.parametrize(("count", "n"), [(0, 7), (4, 7), (7, 7), (17, 26), (1, 1000)])
def test_intervals_of_shares_are_exact(count, n):
    assert share_interval(count / n, n) == pytest.approx(proportion_confint(count, n, method="beta"), rel=1e-9)


def run_of(score):
    score = np.asarray(score, dtype=float)
    labels = {"rates": "depression", "remission": 7.0}
    variables = {"HDRS17": (("patient", "time_h"), score, labels), "status": ("patient", np.zeros(len(score), int))}
    return xr.Dataset(variables, coords={"time_h": [0.0, 24.0]}, attrs={"regimen": "saline"})


def test_the_long_table_states_means_changes_response_and_remission():
    table = long_table(run_of([[20, 10], [24, 6], [22, 21]])).set_index(["statistic", "time_h"])
    assert table["value"]["mean", 24.0] == pytest.approx(37 / 3)
    assert table["value"]["mean_change", 24.0] == pytest.approx(-29 / 3)
    # SD of -10, -18, -1 by hand: sqrt(145/2 x ...) = sqrt(72.333)
    assert table["value"]["sd_change", 24.0] == pytest.approx(np.sqrt(217 / 3))
    assert table["value"]["response_rate", 24.0] == pytest.approx(2 / 3)
    assert table["value"]["remission_rate", 24.0] == pytest.approx(1 / 3)
    assert (table["n"] == 3).all()


def test_several_regimens_become_arms_by_their_names():
    runs = [run_of([[20, 10], [24, 6]]), run_of([[20, 19], [24, 23]])]
    table = long_table(xr.concat(runs, "regimen").assign_coords(regimen=["drug", "saline"]))
    change = table[table["statistic"] == "mean_change"].set_index(["arm", "time_h"])["value"]
    assert change["drug", 24.0] == pytest.approx(-14) and change["saline", 24.0] == pytest.approx(-1)
    with pytest.raises(InputError, match="2 regimens"):
        long_table(xr.concat(runs, "regimen").assign_coords(regimen=["drug", "saline"]), arm="both")


def test_a_mean_has_students_interval():
    table = long_table(run_of([[20, 1], [20, 2], [20, 3]])).set_index(["statistic", "time_h"])
    row = table.loc[("mean", 24.0)]
    # mean 2, SD 1, n 3: 2 -+ 4.3027 / sqrt(3)
    assert (row["lower"], row["upper"]) == (pytest.approx(2 - 2.4841, abs=1e-4), pytest.approx(2 + 2.4841, abs=1e-4))


def test_patients_that_failed_are_left_out():
    run = run_of([[20, 10], [np.nan, np.nan]])
    run["status"][1] = 1
    assert (long_table(run)["n"] == 1).all()


def test_the_rows_need_no_pandas_and_are_those_of_the_table():
    run = run_of([[20, 10], [24, 6]])
    assert long_rows(run) == long_table(run).to_dict("records")


def test_the_columns_are_those_promised():
    assert list(long_table(run_of([[20, 10]])).columns) == COLUMNS


def test_a_protocol_may_set_its_own_cut_off_of_remission(tmp_path):
    text = shipped_protocols()["mathew2010"].read_text(encoding="utf-8")
    shares = {}
    for cut_off in (0, 9, 59):
        path = tmp_path / f"{cut_off}.yaml"
        path.write_text(text + f"\nremission: {{MADRS: {cut_off}}}\n", encoding="utf-8")
        trial = run_trial(path, 2, 1, point=True)
        last = trial.table[trial.table["statistic"].eq("remission_rate") & trial.table["endpoint"].eq("MADRS")].iloc[-1]
        rated = trial.ratings[last["arm"], "MADRS"][:, :, -1]
        # counted from the ratings themselves
        assert last["value"] == pytest.approx((rated <= cut_off).mean())
        shares[cut_off] = last["value"]
    assert shares[0] <= shares[9] <= shares[59]
    # 9 is the cut-off of the model, so that a protocol without one gives the same
    plain = run_trial("mathew2010", 2, 1, point=True).table
    own = run_trial(tmp_path / "9.yaml", 2, 1, point=True).table
    pd.testing.assert_frame_equal(plain, own)


@pytest.mark.parametrize(("scale", "points"), [("MADRS", 60), ("MADRS", -1), ("CADSS", 4), ("MADRSS", 9)])
def test_a_cut_off_that_cannot_be_is_refused_with_its_line(tmp_path, scale, points):
    path = tmp_path / "own.yaml"
    text = shipped_protocols()["mathew2010"].read_text(encoding="utf-8")
    path.write_text(text + f"\nremission: {{{scale}: {points}}}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"own.yaml:\d+"):
        run_trial(path, 1, 1, point=True)
