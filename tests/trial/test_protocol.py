"""Protocol files: what they may say, and how their faults are told."""

import re

import pytest

from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial.protocol import SHIPPED, read_protocol

MODEL = load_model()
TEXT = (SHIPPED / "berman2000.yaml").read_text(encoding="utf-8")


def read(tmp_path, text):
    path = tmp_path / "my_trial.yaml"
    path.write_text(text, encoding="utf-8")
    return read_protocol(path, MODEL)


def faults(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_protocol_is_sound_and_says_what_it_assumes(path):
    protocol, regimens = read_protocol(path.stem, MODEL)
    assert protocol.name == path.stem and protocol.assumed and protocol.source
    assert set(regimens) == {part.name for part in protocol.parts}


def test_berman2000_is_the_published_design():
    # Berman 2000: saline-controlled crossover, two test days at least a week apart, seven completers, 0.5 mg/kg in 40 min
    protocol, regimens = read_protocol("berman2000", MODEL)
    (dose,) = regimens["ketamine"].doses
    assert (protocol.design, protocol.people, protocol.washout) == ("crossover", 7, 168)
    assert (dose.amount_mg, dose.per_kg, dose.duration_h) == (0.5, True, pytest.approx(2 / 3))
    assert {each.name for each in protocol.endpoints} == {"HDRS25", "VAS_high", "BPRS_positive"}
    assert protocol.last_visit == 72


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("washout: 7 d", "washot: 7 d", "my_trial.yaml:9 .*`washot` is no field here.*Did you mean `washout`?"),
        ("design: crossover", "design: crosover", "my_trial.yaml:7 .*Did you mean `crossover`?"),
        ("regimen: ketamine 0.5", "regimen: ketamin 0.5", "my_trial.yaml:17 .*Did you mean `ketamine`?"),
        ("80 min", "80 mn", "my_trial.yaml:20 .*`80 mn` is no time"),
        ("name: VAS_high", "name: VAS_hgh", "my_trial.yaml:21 .*Did you mean `VAS_high`?"),
        ("{HDRS25: 25}", "{HRDS25: 25}", "my_trial.yaml:13 .*Did you mean `HDRS25`?"),
        ("age: [18, 65]", "age: [65, 18]", "my_trial.yaml:14 .*not in order"),
        ("washout: 7 d", "washout: 2 d", "my_trial.yaml:9 .*starts before the last visit"),
        ("first: 3, ", "", "my_trial.yaml:18 .*has no `first`"),
        ("name: saline", "name: ketamine", "my_trial.yaml:18 .*two arms are called"),
        ("seed: 1", "seed: -1", "my_trial.yaml:26 .*Expected 0 or more"),
        ("seed: 1", "seed: {a: 1}", "my_trial.yaml:26 .*`seed` is a group of fields. Expected a whole number"),
        ("seed: 1", "source: [a]", "`source` is a list. Expected text"),
        ("seed: 1", "seed: 1\nseed: 2", "my_trial.yaml:27 .*stands twice"),
        ("design: crossover", "design: parallel", "`rm_anova` compares treatments within people"),
        ("title:", "title", "my_trial.yaml:[34] .*is no YAML"),
    ],
)
def test_a_fault_is_told_with_file_line_and_nearest_name(tmp_path, was, now, says):
    assert was in TEXT

    told = faults(tmp_path, TEXT.replace(was, now, 1))
    assert any(re.search(says, each) for each in told), told


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    text = TEXT.replace("design: crossover", "design: crosover").replace("control: saline\n", "control: salt\n")
    assert len(faults(tmp_path, text.replace("seed: 1", "sed: 1"))) == 3


@pytest.mark.parametrize("text", ["", "[]", "7", "\x00", "a: b"])
def test_what_is_no_protocol_is_refused(tmp_path, text):
    assert faults(tmp_path, text)


@pytest.mark.parametrize("size", ["012", "1:30", "true", "'3'", "3.0", "1_0", "~"])
def test_a_size_is_a_plain_whole_number(tmp_path, size):
    assert any("my_trial.yaml:18" in each for each in faults(tmp_path, TEXT.replace("first: 3", f"first: {size}")))


def test_a_value_that_could_not_be_read_is_not_told_as_missing_too(tmp_path):
    parallel = (SHIPPED / "aanhetrot2010_repeated.yaml").read_text(encoding="utf-8")
    size = re.search(r"size: (\d+)", parallel)
    (told,) = faults(tmp_path, parallel.replace(size[0], f"size: 0{size[1]}", 1))
    assert "has a leading zero" in told


def test_an_arm_called_no_is_an_arm_with_that_name(tmp_path):
    named = TEXT.replace("name: ketamine", "name: no").replace("arm: ketamine", "arm: no")
    protocol, regimens = read(tmp_path, named)
    assert "no" in [arm.name for arm in protocol.arms]
    assert set(regimens) == {"no", "saline"}


def test_a_control_is_true_or_false(tmp_path):
    assert any("true or false" in each for each in faults(tmp_path, TEXT.replace("control: true", "control: yes")))


def test_thousands_of_unknown_fields_are_one_fault_told_at_once(tmp_path):
    told = faults(tmp_path, TEXT + "".join(f"field_{number}: 1\n" for number in range(5000)))
    assert told == [each for each in told if "5,000 fields are not known here, the first is `field_0`" in each]


def test_thousands_of_faulty_items_are_counted_and_the_first_told(tmp_path):
    told = faults(tmp_path, TEXT.replace("[0 min, ", "[" + "soon, " * 400, 1))
    assert len(told) == 21 and re.search(r"\d+ more faults", told[-1])


def test_an_alias_is_read_as_what_it_names(tmp_path):
    visits = re.search(r"VAS_high, visits: (\[.*?\])", TEXT)[1]
    text = TEXT.replace(visits, f"&when {visits}", 1)
    protocol, _ = read(tmp_path, text.replace(f"visits: {visits}", "visits: *when"))
    assert protocol.endpoints[1].visits == protocol.endpoints[2].visits


def test_an_unknown_trial_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="Did you mean `berman2000`"):
        read_protocol("bermann2000", MODEL)
