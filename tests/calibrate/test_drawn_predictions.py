"""Predictions repeated at posterior draws: which draws are taken, and what the intervals over them are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from resprout.calibrate.drawn_predictions import at_draws, interval_over_draws
from resprout.calibrate.drug_comparison import COLUMNS, compare_drugs, compared_at_draws
from resprout.language import load_model
from resprout.people.draws import draws_of, with_draws

MODEL = load_model()


def test_draws_are_taken_evenly_and_none_twice():
    name = next(iter(draws_of(MODEL)[0]))
    model = with_draws(MODEL, [{name: float(number)} for number in range(1, 12)])
    taken = at_draws(model, lambda each: each.constants[name].value, 3)
    assert taken == [1, 6, 11]
    assert at_draws(model, lambda each: each.constants[name].value, 50) == list(range(1, 12))


def test_no_draws_give_no_intervals():
    assert at_draws(MODEL, compare_drugs, 0) == []
    assert at_draws(with_draws(MODEL, []), compare_drugs, 5) == []
    assert all(row.interval == {} and row.draws == 0 for row in compared_at_draws(MODEL, 0))


def test_an_interval_holds_nine_tenths_of_the_draws():
    # 0 to 100: the 5th and 95th percentile
    assert interval_over_draws([*range(101), math.nan]) == pytest.approx((5, 95))
    assert all(math.isnan(end) for end in interval_over_draws([math.nan]))


def test_drugs_are_compared_at_draws_with_the_point_estimate_between():
    rows = compared_at_draws(MODEL, 8)
    point = compare_drugs(MODEL)
    assert [row.value for row in rows] == [row.value for row in point]
    ketamine = next(row for row in rows if row.drug.startswith("ketamine"))
    lower, upper = ketamine.interval["HDRS17_24h"]
    assert ketamine.draws == 8 and lower < upper < 0
    # drugs that do nothing to a number do so at every draw
    saline = next(row for row in rows if row.drug.startswith("saline"))
    assert np.allclose([saline.interval[name] for name in COLUMNS if name.endswith("24h")], 0, atol=0.05)
