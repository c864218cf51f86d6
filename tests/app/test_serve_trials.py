"""The trial tab: designs, protocols of one's own, power."""

import numpy as np
import pytest
import yaml
from statsmodels.stats.power import TTestIndPower

import resprout as rs
from resprout.app.serve.form_state import read_state
from resprout.app.serve.trial_pictures import trial_pictures
from resprout.app.serve.trial_tab import (
    check_size,
    check_yaml,
    design,
    people_needed,
    power,
    read_visits,
    run_design,
    run_upload,
)
from resprout.errors import InputError

MODEL = rs.load_model()


def run(**sent):
    state, faults = read_state({"n": "12", **sent}, MODEL)
    assert faults == {}
    return run_design(state, MODEL)


def test_a_trial_has_its_arms_and_a_picture_with_a_sentence_for_each_question():
    trial, faults = run(further="ketamine 0.1 mg/kg iv over 40 min")
    assert faults == {}
    assert [arm.name for arm in trial.protocol.arms] == ["this regimen", "additional arm", "saline"]
    pictures = trial_pictures(trial)
    assert list(pictures) == ["score", "responders", "dissociation", "power"]
    assert all(picture["data"] and sentence for picture, sentence in pictures.values())


def test_an_open_trial_without_control_has_no_power_and_says_so():
    trial, _ = run(control="none")
    picture, sentence = trial_pictures(trial)["power"]
    assert picture["data"] == []
    assert "control" in sentence


def test_the_protocol_of_the_form_can_be_taken_along_and_run_again():
    state, _ = read_state({"n": "12"}, MODEL)
    fields, _ = design(state, MODEL)
    again = run_upload(yaml.safe_dump(fields), MODEL)
    first, _ = run()
    assert again.table["value"].tolist() == pytest.approx(first.table["value"].tolist(), nan_ok=True)  # the same people


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"visits": "4 x"}, "visits"),
        ({"visits": ""}, "visits"),
        ({"visits": "400 d"}, "visits"),
        ({"further": "ketamin 3"}, "further"),
        ({"youngest": "60", "oldest": "30"}, "oldest"),
        ({"scale": "HDRS17", "entry": "50"}, "entry"),
    ],
)
def test_what_is_wrong_with_a_design_is_said_at_its_field(sent, field):
    trial, faults = run(**sent)
    assert trial is None
    assert list(faults) == [field]


def test_visits_start_with_the_baseline_and_stand_in_order():
    assert read_visits("1 d, 4 h, 1 d") == ([0.0, 4.0, 24.0], "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 70_000,
        "a: &x 1\nb: *x",
        "[" * 400,
        "- " * 30_000,
        "x: !!python/object/apply:os.system [ls]",
        "2001-99-99",
        "? [a]\n: 1",
        'a: "\\',
        "\x00",
    ],
)
def test_text_that_is_no_plain_small_yaml_is_refused_before_it_is_read(text):
    with pytest.raises(InputError):
        check_yaml(text)


@pytest.mark.parametrize(
    "content",
    [
        {"arms": [{"size": 100_000}]},
        {"arms": [{"size": 2}] * 7},
        {"endpoints": [{"visits": ["1 h"] * 41}]},
        {"endpoints": [{}] * 13},
    ],
)
def test_a_protocol_too_large_for_a_page_is_refused(content):
    with pytest.raises(InputError, match="at most"):
        check_size(content)


def test_messages_about_a_protocol_name_lines_and_no_file_of_the_server():
    with pytest.raises(InputError) as error:
        run_upload("name: x\narms: 3\n", MODEL)
    assert "line 2" in str(error.value)
    assert "/tmp" not in str(error.value)
    assert "protocol-" not in str(error.value)


@pytest.mark.parametrize("effect", [0.2, 0.5, 0.8, 1.5])
def test_power_is_that_of_another_program(effect):
    sizes = np.array([4.0, 10.0, 30.0, 100.0])
    theirs = [TTestIndPower().power(effect, n, 0.05) for n in sizes]
    assert power(effect, sizes) == pytest.approx(theirs, abs=1e-6)  # the same distribution, another library


def test_a_medium_effect_needs_as_many_people_as_another_program_says():
    assert people_needed(0.5) == int(np.ceil(TTestIndPower().solve_power(0.5, alpha=0.05, power=0.9)))
