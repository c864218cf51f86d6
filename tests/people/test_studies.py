"""People of one study are alike in part; people of the population at large are not."""

import numpy as np
import pytest

from resprout.language import load_model
from resprout.people.cohort import recruit_studies
from resprout.people.entry import Entry
from resprout.people.screening import Recruitment
from resprout.people.streams import normals
from resprout.people.studies import candidates_of, etas, study_of

MODEL = load_model()


def studies(numbers, n=8):
    return recruit_studies(n, np.array(numbers), Recruitment(Entry({"HDRS17": 18}), seed=5), MODEL)


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.6])
def test_two_people_of_one_study_correlate_as_they_are_asked_to(correlation):
    drawn = etas(3, "trait", candidates_of(np.arange(1, 20_001), 0, 2), correlation).reshape(-1, 2)
    # 0.03 is four standard errors of a correlation of 20,000 pairs
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(correlation, abs=0.03)
    assert drawn.std() == pytest.approx(1, abs=0.03)


def test_people_of_the_population_at_large_share_nothing():
    person = np.arange(1000)
    assert np.array_equal(etas(3, "trait", person, 0.2), normals(3, "trait", person))


def test_a_study_has_the_same_people_whatever_others_are_recruited_with_it():
    together, alone = studies([1, 2, 3, 7]), studies([3])
    rows = study_of(together.candidate) == 3
    assert np.array_equal(together.candidate[rows], alone.candidate)
    for name, value in alone.constants.items():
        assert np.array_equal(together.constants[name][rows], value)


def test_people_screened_for_a_series_are_those_screened_for_each_of_its_studies():
    assert studies([1, 2, 3]).screened == sum(studies([number]).screened for number in (1, 2, 3))
    assert studies([1]).screened >= len(studies([1]).candidate)


def test_a_larger_study_begins_with_the_people_of_a_smaller_one():
    small, large = studies([2], n=5), studies([2], n=40)
    assert np.array_equal(large.candidate[:5], small.candidate)
