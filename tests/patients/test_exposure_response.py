"""Exposure against the change of a score: the numbers of R's `lm` for the shipped example, and who is left out and why."""

from dataclasses import replace

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.figures.exposure_figures import log_ticks
from resprout.patients.exposure_response import exposure_response
from resprout.patients.individual_posteriors import update
from resprout.patients.read_data import read_data

MODEL = rs.load_model()
EXAMPLE = read_data("example", model=MODEL)
FOUND = exposure_response(EXAMPLE)
DIGITS = 1e-6  # R's answers are written with eight digits


def test_the_slope_its_limits_and_p_are_those_of_r():
    # lm(change ~ log2(exposure) + baseline), R 4.2.2
    assert FOUND.slope == pytest.approx((3.91220533, -6.5123236, 14.33673428, 0.4518302364), rel=DIGITS)


def test_the_band_at_both_ends_is_that_of_r():
    # predict(..., interval = "confidence") at the lowest and highest exposure and the mean baseline
    ends = FOUND.line.iloc[[0, -1]][["change", "lower", "upper"]].to_numpy()
    assert ends == pytest.approx(
        np.array([[-19.934947, -26.438729, -13.4311663], [-13.928766, -24.715011, -3.1425217]]), rel=DIGITS
    )


def test_covariate_effects_are_those_of_r():
    table = FOUND.effects.set_index(["covariate", "outcome"])
    # lm(change ~ age / 10 + log2(exposure) + baseline), and lm(log2(exposure) ~ sex) as a ratio
    age = table.loc[("age", "change"), ["effect", "lower", "upper", "p"]].astype(float).tolist()
    assert age == pytest.approx([-3.7762074, -6.95085392, -0.60156088, 0.0210693], rel=1e-5)  # six digits of p
    sex = table.loc[("sex", "exposure"), ["effect", "lower", "upper"]].astype(float).tolist()
    assert sex == pytest.approx([0.95407998, 0.82317808, 1.10579793], rel=DIGITS)


def test_only_ratings_before_the_second_dose_count_and_who_has_none_is_told():
    found = exposure_response(EXAMPLE, hour=300.0)
    repeated = {who.name for who in EXAMPLE.people if sum(len(dose.times_h) for dose in who.occasions[0].doses) > 1}
    assert repeated and repeated <= set(found.left_out)
    assert all("before the second" in found.left_out[name] for name in repeated)


def test_exposure_by_posterior_is_near_that_of_levels_and_on_their_area():
    some = replace(EXAMPLE, people=EXAMPLE.people[:8])
    fitted = update(rs.People(800, seed=1, entry="HDRS17>=18"), some, model=MODEL)
    by_levels, by_posterior = (exposure_response(some, posteriors=each).points for each in (None, fitted))
    ratio = by_posterior["exposure"].to_numpy() / by_levels["exposure"].to_numpy()
    # four levels in six hours leave a fifth to extrapolation, and each has an error of 15 %
    assert (ratio > 0.6).all() and (ratio < 1.6).all() and 0.8 < np.median(ratio) < 1.25


def test_what_cannot_be_compared_is_refused(capsys, tmp_path):
    with pytest.raises(rs.InputError, match="no MADRS about 5 h"):
        exposure_response(EXAMPLE, hour=5.0)
    assert run(["data", "exposure", "example", "--endpoint", "MARDS", "--by", "guess"]) == 2
    assert "`guess` is not known" in capsys.readouterr().err
    assert run(["data", "exposure", "example", "--endpoint", "MARDS"]) == 2
    assert "Did you mean `MADRS`" in capsys.readouterr().err


def test_the_command_prints_the_slope_and_writes_the_table_and_both_figures(tmp_path, capsys):
    table, figure = tmp_path / "t.csv", tmp_path / "f.html"
    for kind in ("response", "covariates"):
        assert run(["data", "exposure", "example", "--figure", kind, "--table", str(table), "--out", str(figure)]) == 0
        assert figure.stat().st_size > 1000
    said = " ".join(capsys.readouterr().out.split())
    assert "changes by +3.9 points (-6.5 to +14.3) per doubling" in said and "age per 10 years" in said
    assert len(table.read_text().splitlines()) == 41


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [((200, 720), [200, 300, 500, 700]), ((0.8, 1.3), [0.8, 0.9, 1, 1.2]), ((1, 1000), [1, 10, 100, 1000])],
)
def test_ticks_of_a_logarithmic_axis_are_round_and_within_it(ends, ticks):
    assert log_ticks(*ends) == ticks
