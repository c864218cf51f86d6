"""People of one study are alike in part; people of the population at large are not."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import kstest

from resprout.language import load_model
from resprout.people.cohort import recruit_studies
from resprout.people.entry import Entry
from resprout.people.screening import Recruitment
from resprout.people.streams import normals
from resprout.people.studies import candidates_of, etas, study_effects, study_of

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


def test_each_ten_studies_have_one_effect_in_each_tenth_of_the_distribution():
    tenths = np.floor(10 * ndtr(study_effects(4, "belief", np.arange(1, 51)))).reshape(5, 10)
    assert (np.sort(tenths) == np.arange(10)).all()
    assert len({tuple(row) for row in tenths.tolist()}) == 5


def test_the_effect_of_one_study_is_standard_normal_over_seeds():
    drawn = np.concatenate([study_effects(seed, "belief", np.array([3])) for seed in range(2000)])
    assert kstest(drawn, "norm").pvalue > 0.001


def test_effects_for_two_purposes_have_orders_of_their_own():
    study = np.arange(1, 2001)
    one, other = (study_effects(4, purpose, study) for purpose in ("belief", "attenuation"))
    # four standard errors of a correlation of 2,000 pairs
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / 2000**0.5


def test_the_effect_of_a_study_does_not_depend_on_others():
    study = np.array([17, 2, 40, 2])
    together = study_effects(4, "belief", study)
    assert [float(study_effects(4, "belief", study[[place]])[0]) for place in range(4)] == together.tolist()


def test_a_mean_over_ten_studies_is_nearer_to_that_over_all_than_by_chance():
    means = study_effects(4, "belief", np.arange(1, 2001)).reshape(200, 10).mean(axis=1)
    assert means.std() < 0.5 * 10**-0.5
