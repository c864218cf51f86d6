"""Sensitivity of imported models: shares of variance that can be worked out on paper, whatever the model's unit of time."""

import numpy as np
import pytest
from scipy.stats import truncnorm

from resprout.calibrate.imported_sensitivity import analyse_imported, imported_factors, read_imported_target
from resprout.calibrate.sensitivity_indices import MIDDLE, Sampling
from resprout.dosing.species_doses import read_doses
from resprout.errors import InputError
from resprout.exchange.imported_model import import_model
from resprout.simulation.varied_parameters import read_variation

SAMPLING = Sampling(512)
SLACK = 0.06  # three standard errors of an index at 512 samples, from its own intervals


@pytest.fixture(scope="module")
def growth(tmp_path_factory):
    """x grows by a + 2 b a unit of time; c is not read, and z is 0."""
    path = tmp_path_factory.mktemp("model") / "growth.ant"
    path.write_text(
        "model growth\n species x; x = 0; a = 3; b = 2; c = 5; z = 0;\n J: -> x; a + 2*b; K: x -> ; z*x\nend\n", "utf-8"
    )
    return import_model(path)


def shares(found, target):
    return {index.factor.name: index.total for index in found.of(target)}


def test_shares_of_a_sum_are_those_of_its_terms(growth):
    target = read_imported_target("x@4", growth)
    factors = imported_factors(growth, read_variation("a=normal(3, 0.4), b=normal(2, 0.1), c=normal(cv=0.2)"), {})
    found = analyse_imported(growth, [target], factors, SAMPLING)
    # variances 16 (0.4^2) and 16 (2 x 0.1)^2, the same cut of the tails for both: 0.16 and 0.04 of 0.2
    told = shares(found, target)
    assert told["a"] == pytest.approx(0.8, abs=SLACK) and told["b"] == pytest.approx(0.2, abs=SLACK)
    assert told["c"] == 0
    ends = truncnorm(-1.959964, 1.959964)  # the middle 95 % of a normal distribution
    assert found.spread[0] == (pytest.approx(28, abs=0.2), pytest.approx(4 * np.sqrt(0.2) * ends.std(), rel=0.05))
    assert found.person == "" and found.lost == 0 and MIDDLE == (0.025, 0.975)


def test_every_constant_but_zeros_and_what_is_set_varies_where_nothing_is_said(growth):
    factors = imported_factors(growth, None, {"b": 1.0})
    assert {each.name for each in factors if each.name in "abcz"} == {"a", "c"}
    assert not any(each.own for each in factors)


def test_doses_and_values_that_are_set_count(growth):
    target = read_imported_target("x@1h", growth)
    factors = imported_factors(growth, read_variation("a=uniform(0, 1)"), {"b": 10.0})
    doses = read_doses(["x: 100 bolus"])
    found = analyse_imported(growth, [target], factors, SAMPLING, doses=doses, overrides={"b": 10.0})
    assert found.spread[0][0] == pytest.approx(100 + 20 + 0.5, abs=0.05)
    assert found.given == "x: 100 bolus"


def test_a_time_without_a_unit_is_in_that_of_the_model(tmp_path):
    path = tmp_path / "minutes.ant"
    path.write_text("model m\n unit minute = 60 second; time_unit = minute; x = 1; k = 1; x' = -k*x\nend\n", "utf-8")
    model = import_model(path)
    assert read_imported_target("x@30", model).time_h == pytest.approx(30 * model.hours_per_unit)
    assert read_imported_target("x@90s", model).time_h == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=normal(3, 1), b=normal(2, 1), corr(a, b)=0.5", "correlated"),
        ("x_missing=normal(3, 1)", "x_missing"),
        ("z=lognormal(cv=0.3)", "is 0 in the model"),
    ],
)
def test_ranges_that_mean_nothing_are_refused(growth, text, said):
    with pytest.raises(InputError, match=said):
        imported_factors(growth, read_variation(text), {})


def test_an_output_that_is_not_there_is_refused(growth):
    with pytest.raises(InputError, match="no output of the model"):
        read_imported_target("y@3", growth)
