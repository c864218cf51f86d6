"""The trial tab: designs, protocols of one's own, power."""

import csv
import io
import shlex

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower

import resprout as rs
from resprout.app.patient_command import followed
from resprout.app.serve.callbacks import drugs_response, trial_response
from resprout.app.serve.form_state import read_state
from resprout.app.serve.trial_pictures import trial_pictures
from resprout.app.serve.trial_tab import (
    design,
    people_needed,
    power,
    primary_of,
    read_visits,
    run_design,
    run_upload,
)
from resprout.errors import InputError
from resprout.language.plain_yaml import write_yaml
from resprout.simulation.progress_count import counted

MODEL = rs.load_model()


def run(**sent):
    state, faults = read_state({"n": "12", "replicates": "2", **sent}, MODEL)
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
    state, _ = read_state({"n": "12", "replicates": "2"}, MODEL)
    fields, _ = design(state, MODEL)
    again = run_upload(write_yaml(fields), MODEL)
    first, _ = run()
    assert again.table["value"].tolist() == pytest.approx(first.table["value"].tolist(), nan_ok=True)  # the same people


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"visits": "4 x"}, "visits"),
        ({"visits": ""}, "visits"),
        ({"visits": "400 d"}, "visits"),
        ({"primary": "2 d"}, "primary"),
        ({"primary": "soon"}, "primary"),
        ({"further": "ketamin 3"}, "further"),
        ({"youngest": "60", "oldest": "30"}, "oldest"),
        ({"scale": "HDRS17", "entry": "50"}, "entry"),
    ],
)
def test_what_is_wrong_with_a_design_is_said_at_its_field(sent, field):
    trial, faults = run(**sent)
    assert trial is None
    assert list(faults) == [field]


def test_power_is_that_of_the_visit_named_beforehand_and_of_the_test_over_all_replicates():
    trial, _ = run(primary="7 d", replicates="24")
    assert trial.replicates == 24 and primary_of(trial) == ("MADRS", 168.0)
    picture, sentence = trial_pictures(trial)["power"]
    own = trial.analysis[trial.analysis["time_h"].eq(168.0) & trial.analysis["arm"].eq("this regimen")]
    found = own[own["analysis"].eq("ancova") & own["endpoint"].eq("MADRS") & own["tested"].gt(0)].iloc[0]
    point = next(each for each in picture["data"] if each["mode"] == "markers")
    assert (point["x"], point["y"]) == ([12.0], [100 * found["power"]])
    assert sentence.startswith("MADRS at 7 d: this regimen (d = ")
    assert f"in {found['power']:.0%} of {found['tested']} replicates (95 % interval" in sentence


def test_the_picture_of_a_shipped_trial_shows_its_published_means():
    trial, faults = run(published="murrough2013_midazolam", replicates="1")
    assert faults == {}
    picture, sentence = trial_pictures(trial)["score"]
    marks = next(each for each in picture["data"] if each.get("name") == "published")
    assert "ketamine: published mean 32.33, n=15" in marks["text"] and "Diamonds: published" in sentence


def test_bands_of_twenty_replicates_are_prediction_intervals():
    trial, _ = run(replicates="20", n="4")
    assert "95 % prediction interval of the mean of a trial, over 20 replicates" in trial_pictures(trial)["score"][1]
    alone, _ = run(replicates="1", n="4")
    assert "95 % interval of the mean, 1 replicate." in trial_pictures(alone)["score"][1]


def test_replicates_are_as_many_as_the_page_has_room_for():
    # 2 arms of 250 people: 10,000 people in all are 20 replicates
    state, _ = read_state({"n": "250", "replicates": "100", "visits": "1 d"}, MODEL)
    fields, _ = design(state, MODEL)
    followed = []
    with counted(followed.append):
        trial = run_upload(write_yaml(fields), MODEL)
    assert trial.replicates == 20 and followed[-1] >= 10_000


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
        run_upload(text, MODEL)


def large(**changed):
    """The protocol of the form with other fields."""
    state, _ = read_state({"n": "12"}, MODEL)
    fields, _ = design(state, MODEL)
    del fields["primary"], fields["analysis"]
    arm, endpoint = fields["arms"][0], fields["endpoints"][0]
    arms = [arm | {"name": f"{place}", "size": 2} for place in range(changed.get("arms", 2))]
    arms[0] |= {"size": changed.get("size", 2), "regimen": changed.get("regimen", arm["regimen"])}
    visits = ["0 h", *(f"{hour} h" for hour in range(1, changed.get("visits", 2)))]
    return write_yaml(fields | {"arms": arms, "endpoints": [endpoint | {"visits": visits}]})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"size": 99_999}, "The page takes at most 2,000"),
        ({"arms": 7}, "The page takes at most 6"),
        ({"visits": 42}, "The page takes at most 40"),
        ({"regimen": "ketamine 0.5 mg/kg iv bolus; every 1 h x 61"}, "The page takes at most 60"),
    ],
)
def test_a_protocol_too_large_for_a_page_is_refused(changed, says):
    with pytest.raises(InputError, match=says):
        run_upload(large(**changed), MODEL)


def test_a_size_in_quotation_marks_is_text_and_passes_no_limit():
    text = large(size=99_999)
    assert "size: 99999" in text
    with pytest.raises(InputError, match="whole number"):
        run_upload(text.replace("size: 99999", "size: '99999'"), MODEL)


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


def test_the_command_of_the_trial_tab_gives_the_numbers_of_the_page(tmp_path):
    state, faults = read_state({"n": "6", "replicates": "3", "visits": "1 d"}, MODEL)
    assert faults == {}
    answer = trial_response({"fields": {"n": "6", "replicates": "3", "visits": "1 d"}}, MODEL)[-1]
    (tmp_path / "my_trial.yaml").write_text(write_yaml(design(state, MODEL)[0]), encoding="utf-8")
    command = answer["command"].splitlines()[-1]
    assert command == "resprout trial my_trial.yaml --replicates 3 --seed 1 --point"
    again = rs.run_trial(tmp_path / "my_trial.yaml", 3, seed=1, model=MODEL, point=True)
    assert answer["csv"] == again.table.to_csv(index=False)  # every digit


def test_the_commands_of_the_drugs_tab_give_its_numbers():
    sent = {"line1": "ketamine 0.5 mg/kg iv over 40 min", "line2": "saline", "line3": "", "glial": "70"}
    done = drugs_response({"fields": sent}, MODEL)[-1]
    shown = next(csv.DictReader(io.StringIO(done["csv"])))
    words = shlex.split(done["command"].splitlines()[0])
    assert words[2] == shown["regimen"]
    assert words[words.index("--glial-uptake") + 1] == "0.7"
    run = followed(MODEL, words[2], days=14, glial_uptake=0.7)
    assert shown["dissociation, CADSS"] == f"{float(run['CADSS'].max()):.8g}"  # every digit that is written
