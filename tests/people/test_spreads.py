"""Spread words give the spreads they name, and correlations the correlations."""

from dataclasses import replace

import numpy as np
import pytest

from resprout.errors import ModelError
from resprout.language.records import Constant, Model
from resprout.people.spreads import draw_deviates, spread_constants, spread_of

MANY = np.arange(40_000)


def constant(name, value, spread, shared=""):
    return Constant(
        name, value, "1", 1, "constant", spread, shared, "", "assumed", "", "for a test", "parameters.tsv", 7
    )


def model(*constants, correlations=()):
    rows = tuple({"first": a, "second": b, "correlation": str(r)} for a, b, r in correlations)
    named = {each.name: each for each in constants}
    return Model("test", named, (), (), "", "", {"correlations": rows})


def drawn(made, seed=1):
    return spread_constants(made, draw_deviates(made, seed, MANY, 0.0))


def test_cv_keeps_the_mean_and_gives_the_coefficient_of_variation():
    value = drawn(model(constant("a", 5.0, "cv 0.3")))["a"]
    # four standard errors of a mean and of a spread in 40,000 people
    assert value.mean() == pytest.approx(5, rel=4 * 0.3 / 200)
    assert value.std() / value.mean() == pytest.approx(0.3, rel=0.03)


def test_logsd_keeps_the_median():
    value = drawn(model(constant("a", 5.0, "logsd 0.4")))["a"]
    assert np.median(value) == pytest.approx(5, rel=0.015)
    assert np.log(value).std() == pytest.approx(0.4, rel=0.02)


@pytest.mark.parametrize("word", ["logit 1.5", "odds 0.8"])
def test_shares_stay_shares(word):
    value = drawn(model(constant("a", 0.9, word)))["a"]
    assert value.min() > 0 and value.max() < 1
    assert np.median(value) == pytest.approx(0.9, abs=0.03)


def test_margins_stay_on_their_side_of_one():
    value = drawn(model(constant("above", 1.3, "margin 0.5"), constant("below", 0.7, "margin 0.2")))
    assert value["above"].min() > 1 and value["below"].max() < 1


def test_potentials_stay_above_the_reversal_potential():
    assert drawn(model(constant("a", -55.0, "distance 0.4")))["a"].min() > -80


def test_constants_that_share_a_deviate_move_together_and_others_do_not():
    value = drawn(
        model(*(constant(name, 1.0, "cv 0.2", shared) for name, shared in (("a", "x"), ("b", "x"), ("c", ""))))
    )
    assert np.array_equal(value["a"], value["b"])
    assert abs(np.corrcoef(value["a"], value["c"])[0, 1]) < 0.02


def test_another_constant_changes_nobody_else():
    alone = drawn(model(constant("b", 1.0, "cv 0.2")))
    joined = drawn(model(constant("a", 1.0, "cv 0.2"), constant("b", 1.0, "cv 0.2"), constant("c", 1.0, "cv 0.2")))
    assert np.array_equal(alone["b"], joined["b"])


def test_deviates_correlate_as_the_table_says():
    made = model(
        *(constant(name, 1.0, "logsd 0.2") for name in "abc"), correlations=[("a", "b", 0.48), ("c", "b", -0.3)]
    )
    value = drawn(made)
    # four standard errors of a correlation in 40,000 people
    for pair, wanted in (("ab", 0.48), ("bc", -0.3), ("ac", 0.0)):
        assert np.corrcoef(*(np.log(value[name]) for name in pair))[0, 1] == pytest.approx(wanted, abs=0.02)


def test_correlations_that_contradict_each_other_are_refused():
    made = model(
        *(constant(name, 1.0, "logsd 0.2") for name in "abc"),
        correlations=[("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)],
    )
    with pytest.raises(ModelError, match="contradict"):
        drawn(made)


def test_a_correlation_of_something_without_spread_is_refused():
    with pytest.raises(ModelError, match=r"correlations.tsv:2 .*no deviate"):
        drawn(model(constant("a", 1.0, "logsd 0.2"), correlations=[("a", "b", 0.5)]))


@pytest.mark.parametrize("word", ["cv", "cv x", "cv -1", "cv nan", "spread 0.2"])
def test_a_spread_that_is_none_is_refused_with_its_line(word):
    with pytest.raises(ModelError, match=r"parameters.tsv:7"):
        spread_of(replace(constant("a", 1.0, ""), spread=word))
