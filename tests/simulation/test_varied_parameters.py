"""How patients of an imported model differ: distributions, limits, correlations, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from resprout.errors import InputError
from resprout.simulation.varied_parameters import centre_faults, read_variation

MANY = np.arange(40_000)
CENTRE = {"k": 0.3, "V": 10.0, "q": 2.0}


def drawn(text, number=MANY, seed=1):
    return read_variation(text).draw(seed, number, CENTRE)


# scipy.stats says what each distribution is; 40,000 draws differ from it by less than 0.01 (Kolmogorov, p = 0.001)
@pytest.mark.parametrize(
    ("text", "name", "distribution"),
    [
        # CV 0.5: variance of the logarithm is ln 1.25 = 0.22314, SD 0.47238; mean 0.3, so median 0.3/sqrt(1.25) = 0.26833
        ("k=lognormal(cv=0.5)", "k", stats.lognorm(0.47238, scale=0.26833)),
        ("k=lognormal(4, cv=0.5)", "k", stats.lognorm(0.47238, scale=4 / np.sqrt(1.25))),
        ("k=lognormal(logsd=0.4)", "k", stats.lognorm(0.4, scale=0.3)),
        ("V=normal(12, 3)", "V", stats.norm(12, 3)),
        ("V=normal(sd=3)", "V", stats.norm(10, 3)),
        ("V=normal(cv=0.2)", "V", stats.norm(10, 2)),
        ("V=normal(10, 5, min=8, max=20)", "V", stats.truncnorm(-0.4, 2, 10, 5)),
        ("q=uniform(1, 5)", "q", stats.uniform(1, 4)),
        ("q=loguniform(1, 100)", "q", stats.loguniform(1, 100)),
    ],
)
def test_values_are_of_the_distribution(text, name, distribution):
    values = drawn(text)[name]
    assert stats.kstest(values, distribution.cdf).statistic < 0.01


def test_correlations_are_those_of_the_normal_numbers_behind():
    found = drawn("k=lognormal(cv=0.3), V=normal(10, 2), q=normal(2, 1), corr(k, V)=0.4, corr(V, q)=-0.5")
    table = np.corrcoef([np.log(found["k"]), found["V"], found["q"]])
    # standard error of a correlation of 40,000 pairs: 0.005
    assert table[0, 1] == pytest.approx(0.4, abs=0.02)
    assert table[1, 2] == pytest.approx(-0.5, abs=0.02)
    assert table[0, 2] == pytest.approx(0.0, abs=0.02)


def test_a_patient_is_the_same_whoever_is_drawn_beside_and_whatever_else_varies():
    text = "k=lognormal(cv=0.3), V=normal(10, 2, min=5), corr(k, V)=0.4"
    whole = drawn(text)
    some = drawn(text, np.array([31_007, 3, 12_345]))
    for name in ("k", "V"):
        assert some[name].tobytes() == whole[name][[31_007, 3, 12_345]].tobytes()
    assert drawn("k=lognormal(cv=0.3)")["k"].tobytes() == whole["k"].tobytes()
    assert not np.array_equal(drawn(text, seed=2)["k"], whole["k"])


def test_values_stay_within_their_limits_also_far_out():
    values = drawn("V=normal(10, 2, min=17, max=18)")["V"]
    assert values.min() >= 17 and values.max() <= 18


def test_nothing_varies_at_a_size_of_zero():
    assert set(drawn("k=lognormal(cv=0), V=normal(10, 0)")["V"]) == {10.0}
    assert drawn("k=lognormal(cv=0)")["k"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("k=lognormal(0.3)", "size is not clear"),
        ("k=lognormal(cv=0.3, logsd=0.2)", "size is not clear"),
        ("k=lognormal(cv=-1)", "its size is -1"),
        ("k=lognormal(-2, cv=0.3)", "its centre is -2"),
        ("k=normal(1, 2, 3)", "size is not clear"),
        ("k=normal(1, x)", "`x` is no finite number"),
        ("k=normal(1, 2, low=3)", "`low` means nothing"),
        ("k=normal(1, 2, min=3, max=3)", "`min` is 3 and `max` is 3"),
        ("k=uniform(3, 1)", "3 is not below 1"),
        ("k=uniform(1, 2, min=0)", "`min` means nothing"),
        ("k=loguniform(0, 1)", "0 is not above 0"),
        ("k=gamma(1, 2)", "`gamma` is no distribution"),
        ("k=normal(1, 1), k=normal(2, 1)", "`k` is drawn twice"),
        ("k=normal(1, 1), corr(k, V)=0.2", "`V` does not vary"),
        ("k=normal(1, 1), corr(k, k)=0.2", "of one quantity"),
        ("k=normal(1, 1), V=normal(1, 1), corr(k, V)=1", "`corr(k, V)` is 1"),
        ("k=normal(1, 1), V=normal(1, 1), corr(k, V)=0.1, corr(V, k)=0.2", "given twice"),
        ("k = 3", "says nothing"),
        ("k=normal(1, 1),, V=normal(1, 1)", "between two commas"),
    ],
)
def test_what_cannot_be_drawn_is_refused(text, said):
    with pytest.raises(InputError) as caught:
        read_variation(text, "--vary")
    assert said in str(caught.value)
    assert {fault.where for fault in caught.value.faults} == {"--vary"}


def test_all_faults_are_told_at_once():
    with pytest.raises(InputError) as caught:
        read_variation("k=gamma(1), V=normal(1, -1), corr(k, Q)=2")
    assert [fault.found.split("`")[1] for fault in caught.value.faults] == [
        "gamma",
        "V=normal(1, -1)",
        "corr(k, Q)",
        "corr(k, Q)",
    ]


def test_correlations_that_contradict_each_other_are_refused():
    text = "a=normal(0, 1), b=normal(0, 1), c=normal(0, 1), corr(a, b)=0.9, corr(b, c)=0.9, corr(a, c)=-0.9"
    with pytest.raises(InputError, match="contradict each other"):
        read_variation(text)


def test_a_distribution_around_what_the_model_has_not_is_refused():
    variation = read_variation("a=lognormal(cv=0.3), b=normal(cv=0.3), c=normal(0, 1, min=9)")
    said = [str(fault) for fault in centre_faults(variation, {"a": -1.0, "b": float("nan"), "c": 0.0})]
    assert "`a` is -1" in said[0] and "`b` has no value" in said[1]
    # the standard normal distribution above 9: 1e-19
    assert "lies between `min` and `max`" in said[2]
