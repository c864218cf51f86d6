"""A series of studies: each replicate has a draw of its own, whatever the length of the series."""

import numpy as np
import pytest

from resprout.language import load_model
from resprout.people.draws import with_draws
from resprout.trial.protocol import read_protocol
from resprout.trial.replicates import run_series

MODEL = load_model()
# euphoria reads block of PV cells over this scale: a thousandth of it saturates, a thousandfold silences
DRAWN = with_draws(MODEL, [{"psychotomimetic_full_scale": 1e-4}, {"psychotomimetic_full_scale": 1e2}])


@pytest.fixture(scope="module")
def euphoria():
    protocol, regimens = read_protocol("berman2000", DRAWN)
    _, outcome = run_series(protocol, regimens, DRAWN, 5, 1)
    return outcome.ratings["ketamine", "VAS_high"].max(axis=2).mean(axis=1)


def test_repetitions_take_the_draws_in_turn(euphoria):
    assert (euphoria[0::2] > 90).all()
    assert (euphoria[1::2] < 20).all()


def test_the_first_studies_of_a_longer_series_are_the_same_studies():
    protocol, regimens = read_protocol("berman2000", DRAWN)
    short, long = (run_series(protocol, regimens, DRAWN, many, 4)[1] for many in (2, 5))
    for key, rating in short.ratings.items():
        assert np.array_equal(rating, long.ratings[key][:2])


def test_at_the_point_estimate_every_repetition_has_the_same_constants():
    protocol, regimens = read_protocol("berman2000", MODEL)
    plain, point = with_draws(MODEL, []), DRAWN
    first, second = (
        run_series(protocol, regimens, model, 2, 4, point=True)[1].ratings["ketamine", "VAS_high"]
        for model in (plain, point)
    )
    assert np.array_equal(first, second)
