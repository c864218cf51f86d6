"""What people on control expect depends on the control, its procedure, the number of sites and hospital care."""

from functools import lru_cache

import numpy as np
import pytest

from resprout.errors import InputError
from resprout.language import load_model
from resprout.people.studies import candidates_of
from resprout.trial.blinded_treatment import blinded_treatment
from resprout.trial.control_setting import belief_at_start, control_kind, effects_expected, may_unblind, sites_of
from resprout.trial.design import Protocol, Setting
from resprout.trial.design_checks import check_design
from resprout.trial.protocol import protocol_schema, read_protocol
from resprout.trial.trial import run_protocol

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
SPRAY = "esketamine 84 mg nasal"


@lru_cache(maxsize=1)
def model():
    return load_model()


def read(drug=KETAMINE, *, size=10, control="saline", given="saline", visits=("0 min", "24 h"), **fields):
    arms = [
        {"name": "drug", "regimen": drug, "size": size},
        {"name": "none", "regimen": given, "size": size, "control": True},
    ]
    plan = {"name": "t", "title": "t", "design": "parallel", "control": control, "arms": arms}
    protocol = Protocol.model_validate(plan | {"endpoints": [{"name": "MADRS", "visits": list(visits)}]} | fields)
    regimens, faults = check_design(protocol, model(), lambda _: "")
    assert not faults
    return protocol, regimens


def test_a_placebo_added_to_an_oral_drug_is_believed_as_its_procedure_is():
    for drug, kind in ((KETAMINE, "saline"), (SPRAY, "spray")):
        protocol, regimens = read(drug, control="add_on", background="escitalopram 10 mg oral; every 24 h x 7")
        assert control_kind(protocol, blinded_treatment(protocol, regimens, model())) == kind


def test_nobody_expects_anything_of_a_background_that_has_failed():
    background = "escitalopram 10 mg oral; every 24 h x 28"
    falls = []
    for state in ("new", "failing"):
        told = read(background=background, visits=("0 min", "28 d"), size=40, setting={"background": state})
        rated = run_protocol(*told, model(), 10, 1, point=True).ratings["none", "MADRS"]
        falls.append(float(np.nanmean(rated[..., 0] - rated[..., -1])))
    assert falls[0] > falls[1] + 2


def at_start(*, arm="none", studies=(), values=None, **told):
    values = values or {}
    protocol, regimens = read(**told)
    person = candidates_of(np.array(studies), 0, 5) if studies else np.arange(5)
    blinded = blinded_treatment(protocol, regimens, model())
    return belief_at_start(
        protocol, blinded, arm, sites_of(protocol), (1, person), model().nominal | {"belief_sd": 0.0} | values
    )


@pytest.mark.parametrize(
    ("drug", "setting", "kind"),
    [
        (KETAMINE, {}, "saline"),
        ("ketamine 0.2 mg/kg iv over 2 min", {}, "saline"),
        (SPRAY, {}, "spray"),
        ("escitalopram 10 mg oral; every 24 h x 7", {}, "inactive_pill"),
        (KETAMINE, {"procedure": "anaesthesia"}, "anaesthesia"),
        (KETAMINE, {"procedure": "sham"}, "sham"),
        (SPRAY, {"procedure": "infusion"}, "saline"),
    ],
)
def test_the_procedure_follows_from_the_route_of_the_drug_unless_it_is_stated(drug, setting, kind):
    protocol, regimens = read(drug, setting=setting)
    assert control_kind(protocol, blinded_treatment(protocol, regimens, model())) == kind


def test_a_control_that_is_named_is_not_overruled_by_its_procedure():
    protocol, regimens = read(SPRAY, control="midazolam", setting={"procedure": "spray"})
    assert control_kind(protocol, blinded_treatment(protocol, regimens, model())) == "midazolam"


def test_a_placebo_spray_is_believed_in_more_than_an_infusion_and_many_sites_more_than_one():
    assert at_start(drug=SPRAY)[0] > at_start()[0] == pytest.approx(model().nominal["belief_saline"])
    one = at_start()[0]
    many = at_start(size=50, setting={"sites": 50})[0]
    odds = many / (1 - many) / (one / (1 - one))
    assert np.log(odds) == pytest.approx(model().nominal["belief_multicentre"] * 0.98)


@pytest.mark.parametrize(("size", "sites"), [(10, 1.0), (29, 1.0), (30, 10.0), (150, 50.0)])
def test_sites_follow_from_the_number_of_people_unless_they_are_stated(size, sites):
    assert sites_of(read(size=size)[0]) == sites and sites_of(read(size=size, setting={"sites": 3})[0]) == 3


def test_people_of_one_study_believe_alike_and_studies_differ():
    sure = at_start(studies=(1, 2, 3)).reshape(3, 5)
    assert np.ptp(sure, axis=1) == pytest.approx(np.zeros(3)) and np.unique(sure[:, 0]).size == 3
    assert np.array_equal(sure, at_start(arm="drug", studies=(1, 2, 3)).reshape(3, 5))


def test_people_differ_in_what_they_believe():
    person_of_many = at_start(values={"belief_sd": 1.0})
    assert np.unique(person_of_many).size == 5 and ((person_of_many > 0) & (person_of_many < 1)).all()


def test_where_nothing_is_hidden_everybody_is_sure_and_who_waits_expects_nothing():
    assert (at_start(control="open_label") == 1).all() and (at_start(control="wait_list") == 0).all()
    assert (at_start(control="wait_list", arm="drug") == 1).all()
    assert (at_start(control="standard_of_care") == model().nominal["belief_standard_of_care"]).all()
    assert (at_start(control="standard_of_care", arm="drug") == 1).all()


def test_euphoria_unblinds_neither_a_control_nor_a_trial_whose_blinding_is_maintained():
    assert may_unblind(read()[0], "drug") and not may_unblind(read()[0], "none")
    assert not may_unblind(read(blinding="maintained")[0], "drug")
    assert not may_unblind(read(control="open_label")[0], "drug")


@pytest.mark.parametrize(("control", "looks"), [("saline", True), ("midazolam", False), ("psychoactive", False)])
def test_a_control_that_is_felt_lets_nobody_lose_belief(control, looks):
    protocol, regimens = read(control=control)
    assert effects_expected(protocol, blinded_treatment(protocol, regimens, model())) == looks


def test_admission_in_a_crisis_brings_early_relief_in_both_arms():
    fall = {}
    for hospital in (False, True):
        told = read(SPRAY, size=40, setting={"hospital": hospital})
        trial = run_protocol(*told, model(), 8, 1, point=True)
        fall[hospital] = [
            -np.nanmean(trial.ratings[arm, "MADRS"][..., 1] - trial.ratings[arm, "MADRS"][..., 0])
            for arm in ("drug", "none")
        ]
    # 640 people: standard error 0.4 points
    assert fall[True][1] > fall[False][1] + 1.2 and fall[True][0] > fall[False][0] + 0.4


def test_people_in_a_crisis_are_more_severely_ill_than_the_same_criteria_let_others_in():
    # Canuso 2018: 38.5 and 38.8 points of MADRS where more than 22 were asked for; trials of outpatients have some 31
    mean = {}
    for hospital in (False, True):
        told = read(SPRAY, size=40, setting={"hospital": hospital})
        mean[hospital] = np.nanmean(run_protocol(*told, model(), 8, 1, point=True).ratings["none", "MADRS"][..., 0])
    assert mean[True] > mean[False] + 2


def test_the_control_arm_of_a_hospital_trial_falls_as_published():
    # Canuso 2018: 12 points of MADRS in a day on placebo spray and standard of care (C0165), 33 people of SD about 10
    protocol, regimens = read_protocol("canuso2018", model())
    # studies differ by 4 points: the mean of 60 has a standard error of a half
    rating = run_protocol(protocol, regimens, model(), 60, 1, point=True).ratings["placebo", "MADRS"]
    day = protocol.visits_of("MADRS").index(24.0)
    assert np.nanmean(rating[..., 0] - rating[..., day]) == pytest.approx(12.0, abs=2 * 10 / np.sqrt(33))


def test_people_guess_by_what_they_believe():
    guesses = {}
    for blinding in ("natural", "maintained"):
        trial = run_protocol(*read(size=40, blinding=blinding), model(), 8, 1, point=True)
        guesses[blinding] = {arm: trial.outcome.guessed_drug[arm].mean() for arm in ("drug", "none")}
    assert guesses["natural"]["drug"] > guesses["maintained"]["drug"] + 0.2
    assert guesses["natural"]["none"] < 0.4
    # with blinding maintained both arms believe alike; 320 people an arm, standard error 0.03
    assert guesses["maintained"]["drug"] == pytest.approx(guesses["maintained"]["none"], abs=0.12)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"procedure": "needle"}, "procedure"),
        ({"sites": 0}, "sites"),
        ({"sites": 2.5}, "sites"),
        ({"hospital": "yes"}, "hospital"),
        ({"beds": 3}, "beds"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(tmp_path, setting, words):
    text = "\n".join(f"  {name}: {value}" for name, value in setting.items())
    file = tmp_path / "odd.yaml"
    file.write_text(
        "name: odd\ntitle: odd\ndesign: parallel\ncontrol: saline\nsetting:\n" + text + "\narms:\n"
        f"  - {{name: drug, regimen: {KETAMINE}, size: 10}}\n  - {{name: none, regimen: saline, size: 10, control: true}}\n"
        "endpoints:\n  - {name: MADRS, visits: [0 min, 24 h]}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=words):
        read_protocol(str(file), model())


def test_more_sites_than_people_are_refused():
    crowded = read()[0].model_copy(update={"setting": Setting(sites=21)})
    _, faults = check_design(crowded, model(), lambda path: ".".join(map(str, path)))
    assert [fault.where for fault in faults] == ["setting.sites"] and "21 sites" in faults[0].found


def test_the_schema_knows_the_setting():
    schema = protocol_schema()
    assert set(schema["$defs"]["Setting"]["properties"]) == {"procedure", "hospital", "sites", "background"}
    assert "spray" in schema["properties"]["control"]["enum"]
