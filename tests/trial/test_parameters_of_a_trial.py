"""Parameters of people, ratings and items are the model's own: what sets or draws them reaches every trial and cohort."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run as command
from resprout.errors import InputError
from resprout.people.draws import with_draws

FORTY = rs.People(40, point=True)
MODEL = rs.load_model()


def change(**more):
    """Mean change of HDRS25 three days after saline, and all ratings."""
    trial = rs.run_trial("berman2000", 20, 1, point=True, **more)
    rating = trial.ratings["saline", "HDRS25"]
    return float((rating[:, :, -1] - rating[:, :, 0]).mean()), rating


@pytest.fixture(scope="module")
def shipped():
    return change()


@pytest.mark.parametrize(
    ("name", "value"),
    [("placebo_depth", 0.95), ("belief_saline", 0.9), ("placebo_propensity_sd", 0.1), ("HDRS_10_threshold_1", 3.0)],
)
def test_what_is_set_for_a_trial_changes_its_ratings(shipped, name, value):
    assert not np.array_equal(change(overrides={name: value})[1], shipped[1])


def test_a_deeper_placebo_effect_lowers_the_score_on_saline(shipped):
    assert change(overrides={"placebo_depth": 0.95, "belief_saline": 0.9})[0] < shipped[0] - 1


def test_a_posterior_draw_of_a_rating_parameter_or_of_a_threshold_changes_the_ratings(shipped):
    deep = with_draws(MODEL, [{"placebo_depth": 0.95, "belief_saline": 0.9, "HDRS_1_threshold_4": 3.0}])
    drawn = rs.run_trial("berman2000", 20, 1, model=deep).ratings["saline", "HDRS25"]
    set_ = change(overrides={"placebo_depth": 0.95, "belief_saline": 0.9, "HDRS_1_threshold_4": 3.0})[1]
    assert not np.array_equal(drawn, shipped[1])
    assert np.array_equal(drawn, set_)


def test_what_is_set_is_not_drawn_in_its_place():
    deep = with_draws(MODEL, [{"placebo_depth": 0.95}, {"placebo_depth": 0.1}])
    trial = rs.run_trial("berman2000", 4, 1, model=deep, overrides={"placebo_depth": 0.5})
    point = rs.run_trial("berman2000", 4, 1, point=True, overrides={"placebo_depth": 0.5})
    assert np.array_equal(trial.ratings["saline", "HDRS25"], point.ratings["saline", "HDRS25"])


def test_a_copied_model_folder_has_its_own_people_and_raters(tmp_path, shipped):
    folder = tmp_path / "model"
    shutil.copytree(MODEL.folder, folder)
    table = folder / "ratings.tsv"
    text = table.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)^placebo_depth\t[.\d]+", "placebo_depth\t0.95", text)
    assert count == 1
    table.write_text(changed, encoding="utf-8")
    own = rs.load_model(folder)
    assert own.nominal["placebo_depth"] == 0.95
    assert np.array_equal(change(model=own)[1], change(overrides={"placebo_depth": 0.95})[1])


def test_what_each_person_has_of_their_own_is_refused_with_what_to_set_instead():
    with pytest.raises(InputError, match="Set stress_mean"):
        rs.run_trial("berman2000", 1, overrides={"stress": 2.0})


def test_all_wrong_overrides_of_a_trial_are_told_at_once():
    with pytest.raises(InputError) as caught:
        rs.run_trial("berman2000", 1, overrides={"placebo_dept": 0.1, "fluctuation": float("nan"), "stress": 1})
    assert [fault.field for fault in caught.value.faults] == ["placebo_dept", "fluctuation", "stress"]
    assert "Did you mean `placebo_depth`" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"placebo_depth": 1.5}, "Expected from 0 to 1."),
        ({"HDRS_1_slope": 0.0}, "Expected above 0 per_latent."),
        ({"ketamine_NMDA_trapping": -0.2}, "Expected from 0 to 1."),
        ({"midazolam_GABAA_Emax": 11}, "Expected from -1 to 10."),
    ],
)
def test_an_override_of_a_trial_is_within_the_bounds_of_its_constant(changed, says):
    with pytest.raises(InputError) as caught:
        rs.run_trial("berman2000", 1, overrides=changed)
    assert [(fault.field, fault.expected) for fault in caught.value.faults] == [(next(iter(changed)), says)]


def test_a_simulation_recruits_people_by_the_parameters_that_are_set():
    more = rs.simulate(MODEL, FORTY, "saline", days=1 / 24, outputs=["HDRS17"], overrides={"stress_mean": 2.5})
    usual = rs.simulate(MODEL, FORTY, "saline", days=1 / 24, outputs=["HDRS17"])
    assert float(more["HDRS17"].mean()) > float(usual["HDRS17"].mean()) + 1


def test_the_command_line_and_python_recruit_the_same_people(tmp_path):
    asked = ["simulate", "saline", "--patients", "40", "--hours", "1", "--outputs", "HDRS17", "--point"]
    assert command([*asked, "--set", "stress_mean=2.5", "--table", str(tmp_path / "t.csv")]) == 0
    more = rs.simulate(MODEL, FORTY, "saline", days=1 / 24, outputs=["HDRS17"], overrides={"stress_mean": 2.5})
    lines = [line.split(",") for line in (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()]
    row = next(dict(zip(lines[0], line, strict=True)) for line in lines if "mean" in line and "HDRS17" in line)
    assert float(row["value"]) == pytest.approx(
        float(more["HDRS17"].isel(time_h=0).mean()), rel=1e-6
    )  # six decimals are written


def test_people_who_have_been_recruited_are_not_recruited_otherwise():
    with pytest.raises(InputError, match="acts while people are recruited"):
        rs.simulate(MODEL, rs.recruit(3), "saline", days=1 / 24, overrides={"stress_mean": 2.5})


def test_a_simulation_rates_nobody_and_says_so():
    with pytest.raises(InputError, match="parameter of ratings"):
        rs.simulate(MODEL, 3, "saline", days=1 / 24, overrides={"placebo_depth": 0.5})


def test_a_trial_takes_parameters_on_the_command_line(capsys):
    told = ["trial", "berman2000", "--replicates", "4", "--seed", "1", "--point", "--json"]
    assert command(told) == 0
    plain = capsys.readouterr().out
    assert command([*told, "--set", "placebo_depth=0.95", "--set", "belief_saline=0.9"]) == 0
    assert capsys.readouterr().out != plain
    assert command([*told, "--set", "placebo_dept=0.95"]) == 2


def test_nothing_in_the_package_is_read_from_the_surroundings():
    package = Path(rs.__file__).parent
    assert not [path for path in package.rglob("*.py") if "contextvars" in path.read_text(encoding="utf-8")]


def test_a_setting_of_a_drug_that_no_arm_gives_is_refused():
    with pytest.raises(InputError, match="no arm gives scopolamine"):
        rs.run_trial("berman2000", 1, overrides={"scopolamine_M1_Kd": 1.0})
