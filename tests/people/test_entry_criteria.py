"""Age, body and ancestry as criteria of entry: who enters, that nobody becomes another person, and what is refused."""

import numpy as np
import pytest

from resprout.errors import InputError
from resprout.language import load_model
from resprout.people import Entry, recruit
from resprout.people.covariates import draw_covariates, liver_flow_factor
from resprout.people.entry import read_entry
from resprout.trial.conduct import observe
from resprout.trial.enrolment import enrol
from resprout.trial.protocol import read_protocol_text

MODEL = load_model()
WIDE = Entry({"HDRS17": 18})
TRIAL = """
name: mixed
title: Whom a trial asks for
design: parallel
control: saline
entry: {minimum: {HDRS17: 18}, age: [20, 80], weight: [55, 90], BMI: [20, 30], ancestry: {european: 0.4, east_asian: 0.6}}
arms:
  - {name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min, size: 200}
endpoints:
  - {name: HDRS17, visits: [0 min, 24 h]}
"""


def test_those_who_enter_by_body_and_age_are_the_same_people_as_without_the_criteria():
    everybody = recruit(400, seed=2, entry=WIDE)
    some = recruit(60, seed=2, entry=Entry({"HDRS17": 18}, (30, 60), weight=(60, 80), BMI=(20, 28)))
    column = everybody.columns
    meets = (column["age"] >= 30) & (column["age"] <= 60) & (column["weight_kg"] >= 60) & (column["weight_kg"] <= 80)
    meets &= (column["BMI"] >= 20) & (column["BMI"] <= 28)
    rows = np.flatnonzero(meets)[:60]
    assert rows.size > 30 and np.array_equal(some.candidate[: rows.size], everybody.candidate[rows])
    for name, value in everybody.constants.items():
        assert np.array_equal(some.constants[name][: rows.size], value[rows]), name


def test_people_of_up_to_90_years_can_be_recruited_and_clear_less():
    old, young = (recruit(150, entry=Entry({"HDRS17": 18}, ages)) for ages in ((70, 90), (18, 40)))
    assert old.columns["age"].max() > 75 and old.columns["age"].min() >= 70
    ratio = old.constants["hepatic_flow"].mean() / young.constants["hepatic_flow"].mean()
    # Zoli 1999: 1020 of 1445 mL/min between those above 75 and those below 45; three standard errors of 150 people
    assert ratio == pytest.approx(1020 / 1445, abs=0.1)


def test_the_flow_through_the_liver_is_the_nominal_one_at_the_mean_age():
    drawn = draw_covariates(1, np.arange(5000), "mdd", MODEL.nominal)
    factor = liver_flow_factor(drawn, MODEL.nominal)
    assert factor.mean() == pytest.approx(1, abs=0.02)
    assert np.all(np.diff(factor[np.argsort(drawn["age"])]) <= 1e-12)


@pytest.mark.parametrize(
    ("ancestry", "shares"),
    [
        ({"east_asian": 1}, (0, 0, 1)),
        ({"european": 0.25, "african": 0.5, "east_asian": 0.25}, (0.25, 0.5, 0.25)),
        (("european",), (1, 0, 0)),
        (("east_asian",), (0, 0, 1)),
        (["african", "european"], (0.9355, 0.0645, 0)),
    ],
)
def test_a_study_has_the_ancestries_that_it_asks_for(ancestry, shares):
    found = recruit(600, entry=Entry({"HDRS17": 18}, ancestry=ancestry)).columns["ancestry"]
    seen = [(found == name).mean() for name in ("european", "african", "east_asian")]
    # four standard errors of 600 people
    assert seen == pytest.approx(shares, abs=4 * 0.5 / np.sqrt(600))
    assert [share for share, wanted in zip(seen, shares, strict=True) if wanted in (0, 1)] == [
        wanted for wanted in shares if wanted in (0, 1)
    ]


def test_east_asian_people_carry_the_Met_allele_as_published():
    people = recruit(600, entry=Entry({"HDRS17": 18}, ancestry={"east_asian": 1})).columns["genotype"]
    # Pivac 2009: frequency 0.463 in 244 Koreans
    assert (people != "Val/Val").mean() == pytest.approx(1 - (1 - 0.463) ** 2, abs=0.08)


def test_a_protocol_asks_for_body_and_ancestry():
    protocol, regimens = read_protocol_text(TRIAL, "mixed.yaml", MODEL)
    column = enrol(protocol, regimens, MODEL, np.arange(1, 3), 1).columns
    assert column["weight_kg"].min() >= 55 and column["weight_kg"].max() <= 90
    assert column["BMI"].min() >= 20 and column["BMI"].max() <= 30 and column["age"].max() <= 80
    assert (column["ancestry"] == "east_asian").mean() == pytest.approx(0.6, abs=0.1)
    assert set(column["ancestry"]) == {"european", "east_asian"}


def test_criteria_are_read_from_text():
    entry = read_entry(
        "HDRS17>=18, age 60-88, weight 50-100, BMI 18-35, ancestry european + east_asian, resistant", MODEL
    )
    assert (entry.age, entry.weight, entry.BMI) == ((60, 88), (50, 100), (18, 35))
    assert entry.ancestry == ("european", "east_asian") and entry.resistant


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (Entry(weight=(90, 60)), "weight from 90 to 60. Expected the lower one first"),
        (Entry(weight=(0, 60)), "a weight is 0. Expected a number from 0.01 to 400 kg"),
        (Entry(BMI=(20,)), "Expected the first and the last BMI"),
        (Entry(BMI=("a", 3)), "`BMI` is None|first and the last BMI"),
        (Entry(ancestry=("asian",)), "`asian` is no ancestry here.*Did you mean `east_asian`"),
        (Entry(ancestry={"european": 0.5}), "add up to 0.5. Expected 1"),
        (Entry(ancestry={"european": 2, "african": -1}), "no number from 0 to 1"),
        (Entry(ancestry=7), "`ancestry` is"),
    ],
)
def test_senseless_criteria_are_refused(entry, says):
    with pytest.raises(InputError, match=says):
        recruit(5, entry=entry)


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("weight: [55, 90]", "weight: [90, 55]", "mixed.yaml:6 .*weight from 90 to 55"),
        ("weight: [55, 90]", "weight: 7", "`entry.weight`"),
        ("BMI: [20, 30]", "BMI: [2, 30]", "a BMI is 2. Expected a number from 5 to 150"),
        ("east_asian: 0.6", "asian: 0.6", "Did you mean `east_asian`"),
        ("east_asian: 0.6", "east_asian: 0.5", "add up to 0.9"),
        ("age: [20, 80]", "age: [91, 95]", "Expected ages from 12 to 90"),
    ],
)
def test_senseless_criteria_of_a_protocol_are_refused_with_their_line(was, now, says):
    with pytest.raises(InputError, match=says):
        read_protocol_text(TRIAL.replace(was, now), "mixed.yaml", MODEL)


@pytest.mark.parametrize(("scale", "least"), [("PHQ9", 15), ("QIDS_SR16", 11)])
def test_people_may_be_chosen_by_a_self_rating(scale, least):
    people = recruit(100, entry=f"{scale}>={least}")
    assert people.columns[scale].min() >= least
    # a share of the same severity: the order of people is that of HDRS17
    assert np.array_equal(np.argsort(people.columns[scale]), np.argsort(people.columns["HDRS17"]))


def test_people_in_a_suicidal_crisis_are_chosen_by_the_item_and_keep_their_profile():
    text = TRIAL[: TRIAL.index("entry:")] + TRIAL[TRIAL.index("arms:") :].replace("HDRS17", "MADRS_suicidality")
    rated = {}
    for name, asked in (("all", "{MADRS: 28}"), ("crisis", "{MADRS: 28, MADRS_suicidality: 4}")):
        protocol, regimens = read_protocol_text(
            text.replace("arms:", f"entry: {{minimum: {asked}}}\narms:"), "crisis.yaml", MODEL
        )
        cohort = enrol(protocol, regimens, MODEL, np.arange(1, 2), 1)
        rated[name] = observe(protocol, regimens, MODEL, cohort, 1).ratings["ketamine", "MADRS_suicidality"][0, :, 0]
    assert cohort.columns["MADRS_suicidality"].min() >= 4
    # a week after screening they are still more suicidal than others of the same scale, if less than when chosen
    assert rated["crisis"].mean() > rated["all"].mean() + 0.8
    assert 3 < rated["crisis"].mean() < 4.8


def test_without_a_rater_people_are_still_chosen_by_a_rating_of_the_item():
    people = recruit(50, entry="MADRS_suicidality>=5")
    assert set(np.unique(people.columns["MADRS_suicidality"])) <= {5, 6}
    with pytest.raises(InputError, match="MADRS_suicidality"):
        recruit(5, entry="MADRS_suicidality>=7")
