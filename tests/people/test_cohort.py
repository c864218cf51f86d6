"""Recruitment: who enters, and that everybody stays the same person."""

import numpy as np
import pytest

from resprout.errors import InputError, ModelError
from resprout.language import load_model
from resprout.people import Entry, recruit
from resprout.people.cohort import read_entry


@pytest.fixture(scope="module")
def forty():
    return recruit(40, seed=3)


def test_a_patient_is_the_same_in_a_larger_draw(forty):
    more = recruit(300, seed=3)
    assert more.covariates.iloc[:40].equals(forty.covariates)
    assert all(np.array_equal(more.constants[name][:40], value) for name, value in forty.constants.items())


def test_another_seed_gives_other_people(forty):
    assert not np.isclose(recruit(40, seed=4).covariates["weight_kg"], forty.covariates["weight_kg"]).any()


def test_everybody_meets_every_criterion():
    cohort = recruit(50, entry=Entry({"HDRS21": 25}, (30, 50), ("Val/Met", "Met/Met")))
    assert (cohort.covariates["HDRS21"] >= 25).all()
    assert cohort.covariates["age"].between(30, 50).all()
    assert set(cohort.covariates["genotype"]) <= {"Val/Met", "Met/Met"}


def test_by_default_the_depressed_are_depressed_and_the_healthy_are_not(forty):
    healthy = recruit(200, population="healthy").covariates["HDRS17"]
    assert (forty.covariates["HDRS17"] >= 18).all()
    # HDRS17 of 7 is the usual upper bound of remission
    assert (healthy <= 7).mean() > 0.5


def test_taking_patients_keeps_them_whole(forty):
    some = forty.take([7, 2])
    assert some.covariates["patient"].tolist() == [7, 2]
    assert all(np.array_equal(value, forty.constants[name][[7, 2]]) for name, value in some.constants.items())


def test_a_genotype_from_birth_changes_the_genotype_alone(forty):
    changed = forty.with_genotype("met/met")
    differing = [name for name in forty.constants if not np.array_equal(forty.constants[name], changed.constants[name])]
    assert set(changed.covariates["genotype"]) == {"Met/Met"} and differing == ["BDNF_release_factor"]


@pytest.mark.parametrize("n", [0, -1, 10_000_001, 2.5, "many"])
def test_a_senseless_number_of_patients_is_refused(n):
    with pytest.raises(InputError, match="whole number from 1"):
        recruit(n)


def test_all_senseless_arguments_are_told_at_once():
    with pytest.raises(InputError) as caught:
        recruit(0, seed=-1, population="md", entry=Entry(age=(50, 40)))
    assert len(caught.value.faults) == 4 and "Did you mean `mdd`?" in str(caught.value)


def test_criteria_that_nobody_meets_are_refused_instead_of_searching_for_ever():
    with pytest.raises(InputError, match="Loosen the criteria"):
        recruit(10, entry=Entry({"HDRS17": 52}))


def test_entry_criteria_are_read_from_text():
    assert read_entry("HDRS21>=18, age 18-65", load_model()) == Entry({"HDRS21": 18}, (18, 65))


@pytest.mark.parametrize("text", ["HDRS17", "HDRS99>=18", "HDRS17>18", "age 18", ""])
def test_what_is_no_criterion_is_refused(text):
    with pytest.raises(InputError, match="no entry criterion"):
        read_entry(text, load_model())


def test_a_model_folder_without_people_says_so(toy_folder):
    with pytest.raises(ModelError, match="no `age_mean`, nor"):
        recruit(3, model=load_model(toy_folder))
