"""People of 12 to 17 years: who asks for them gets them, in size and placebo response as published, and no adult changes."""

import numpy as np
import pytest

from resprout.errors import InputError
from resprout.language import load_model
from resprout.people import Entry, recruit
from resprout.people.covariates import draw_covariates, liver_flow_factor
from resprout.people.entry import read_entry
from resprout.people.growth import ADULT_AGE
from resprout.trial import run_trial
from resprout.trial.enrolment import enrol
from resprout.trial.protocol import read_protocol_text

MODEL = load_model()
MANY = np.arange(20_000)
TRIAL = """
name: young
title: Placebo tablets in the young
design: parallel
control: inactive_pill
entry: {minimum: {HDRS17: 18}, age: [12, 17.9]}
arms:
  - {name: escitalopram, regimen: escitalopram 10 mg oral; every 24 h x 56, size: 20}
  - {name: placebo, regimen: saline, size: 200, control: true}
endpoints:
  - {name: HDRS17, visits: [0 min, 56 d]}
analysis: [responder]
"""


def aged(first, last):
    """Everybody of a large draw, between two ages."""
    return draw_covariates(1, MANY, "mdd", {**MODEL.nominal, "age_minimum": first, "age_maximum": last})


def median(people, name, sex):
    return np.median(people[name][people["sex"] == sex])


def test_every_door_gives_the_adolescents_that_it_is_asked_for():
    protocol, regimens = read_protocol_text(TRIAL, "young.yaml", MODEL)
    drawn = [
        recruit(60, entry=Entry({"HDRS17": 18}, (12, 17.9))),
        recruit(60, entry="HDRS17>=18, age 12-17.9"),
        enrol(protocol, regimens, MODEL, np.arange(1, 2), 1),
    ]
    for cohort in drawn:
        age = cohort.columns["age"]
        assert age.min() >= 12 and age.max() <= 17.9 and np.ptp(age) > 4
        assert np.array_equal(cohort.constants["body_weight"], cohort.columns["weight_kg"])


def test_nobody_below_18_enters_unless_the_range_begins_there():
    for entry in (None, Entry(), Entry({"HDRS17": 18}, (18, 90)), "HDRS17>=18, BMI 18-35"):
        assert recruit(150, entry=entry).columns["age"].min() >= ADULT_AGE


def test_what_is_particular_to_the_young_changes_no_adult():
    names = [name for name in MODEL.nominal if "_share_girls_" in name or "_share_boys_" in name]
    other = MODEL.with_parameters(
        {**dict.fromkeys(names, 0.5), "adolescent_placebo_odds": 9, "adolescent_weight_minimum": 39}
    )
    assert len(names) == 12
    for entry in ("HDRS17>=18, age 18-65", "HDRS17>=18, age 18-65, resistant"):
        now, then = recruit(80, entry=entry, model=MODEL), recruit(80, entry=entry, model=other)
        assert now.screened == then.screened
        for name, value in now.columns.items():
            assert np.array_equal(value, then.columns[name]), name


@pytest.mark.parametrize(
    ("age", "girls", "boys"),
    [(12, 151.2, 149.0), (13, 157.2, 156.1), (15, 161.9, 169.9), (17, 162.9, 175.3)],
)
def test_heights_are_those_of_the_growth_charts(age, girls, boys):
    people = aged(max(age - 0.1, 12), age + 0.1)
    # medians of the CDC charts of 2000; adults of the model differ from the charts by 0.2 cm, the line between ages by up to 1.3
    assert median(people, "height_cm", "female") == pytest.approx(girls, abs=1.6)
    assert median(people, "height_cm", "male") == pytest.approx(boys, abs=1.6)


def test_body_mass_index_grows_with_age_as_in_the_growth_charts():
    young, grown = aged(12.9, 13.1), aged(18, 18.2)
    for sex, at_13, at_18 in (("female", 18.71, 21.26), ("male", 18.44, 21.87)):
        # CDC charts of 2000; three standard errors of the ratio of medians are 0.02
        ratio = median(young, "BMI", sex) / median(grown, "BMI", sex)
        assert ratio == pytest.approx(at_13 / at_18, abs=0.02)


def test_height_and_weight_do_not_jump_at_18():
    before, after = aged(17.8, 17.9), aged(18, 18.1)
    for name, within in (("height_cm", 0.5), ("weight_kg", 1.5)):
        for sex in ("female", "male"):
            # a tenth of a year of growth, and sampling of some 7000 people
            assert median(before, name, sex) == pytest.approx(median(after, name, sex), abs=within)


def test_small_people_are_not_brought_up_to_the_weight_of_adults():
    weight = aged(12, 12.2)["weight_kg"]
    # CDC charts of 2000: girls of 12 of median height and the tenth percentile of body mass index weigh 35 kg
    assert 0.1 < (weight < 40).mean() < 0.4
    assert weight.min() > MODEL.nominal["adolescent_weight_minimum"]


def test_ages_are_as_frequent_below_18_as_at_18():
    age = aged(16, 20)["age"]
    young, grown = np.histogram(age, [16, 17, 18, 19])[0][:2], ((age >= 18) & (age < 18.5)).mean() * 2
    # four standard errors of 20,000 people
    assert young[0] / MANY.size == pytest.approx(young[1] / MANY.size, abs=0.014)
    assert young.mean() / MANY.size == pytest.approx(grown, abs=0.03)


def test_a_range_over_18_has_young_and_grown_people():
    age = recruit(400, entry="HDRS17>=18, age 16-25").columns["age"]
    # below 18 two of some 18 equal parts; four standard errors of 400 people
    assert (age < 18).mean() == pytest.approx(0.11, abs=0.07)
    assert age.max() > 24


def test_liver_flow_below_18_is_that_at_18():
    factor = liver_flow_factor({"age": np.array([12.0, 17.9, 18.0, 19.0])}, MODEL.nominal)
    assert factor[0] == factor[1] == factor[2] > factor[3]


def test_young_people_have_twice_the_odds_of_placebo_response_of_the_same_people_grown():
    young, grown = aged(12, 17.9), aged(18, 90)
    assert np.allclose(young["placebo_propensity"], 2 * grown["placebo_propensity"], rtol=1e-12)


def test_more_of_the_young_respond_to_placebo(tmp_path):
    rates = []
    for name, ages in (("young", "[12, 17.9]"), ("grown", "[18, 65]")):
        file = tmp_path / f"{name}.yaml"
        file.write_text(TRIAL.replace("[12, 17.9]", ages), encoding="utf-8")
        table = run_trial(file, 2).table
        row = (table["arm"] == "placebo") & (table["statistic"] == "response_rate")
        rates.append(float(table.loc[row, "value"].iloc[-1]))
    # Meister 2018: children and adolescents respond more to placebo than adults
    assert rates[0] > rates[1] + 0.03


def test_resistant_young_people_are_rarer_where_they_respond_more_to_placebo():
    entry = Entry({"HDRS17": 18}, (12, 17.9), resistant=True)
    alike = MODEL.with_parameters({"adolescent_placebo_odds": 1})
    assert recruit(60, entry=entry).screened > recruit(60, entry=entry, model=alike).screened


def test_ages_in_text_may_have_decimals():
    assert read_entry("age 12.5-17.9", MODEL).age == (12.5, 17.9)


@pytest.mark.parametrize("entry", [Entry(age=(5, 11)), "age 5-12", Entry(age=(91, 99))])
def test_ages_that_nobody_has_are_refused_before_anybody_is_drawn(entry):
    with pytest.raises(InputError, match=r"nobody is .*Expected ages from 12 to 90"):
        recruit(5, entry=entry)


def test_a_protocol_for_children_is_refused_with_its_line():
    with pytest.raises(InputError, match=r"young.yaml:6 .*nobody is 6 to 11.*Expected ages from 12 to 90"):
        read_protocol_text(TRIAL.replace("[12, 17.9]", "[6, 11]"), "young.yaml", MODEL)
