"""Guards keep drawn people within what a circuit at rest can bear."""

import numpy as np
import pytest

from resprout.language import load_model
from resprout.people.guards import CEILINGS, FLOORS, LOOP, NMDA_GATING, guard_constants


@pytest.fixture(scope="module")
def nominal():
    return load_model().nominal


def test_every_guarded_constant_is_one_of_the_model(nominal):
    guarded = {*LOOP, *NMDA_GATING, *FLOORS, *(name for names in CEILINGS.values() for name in names)}
    assert guarded <= nominal.keys()


def test_a_loop_stronger_than_nominal_is_brought_back_and_a_weaker_one_left(nominal):
    strong_and_weak = {"pyramidal_AMPA_current": np.array([2.0, 0.5]) * nominal["pyramidal_AMPA_current"]}
    guarded = guard_constants(strong_and_weak, nominal)
    gate = 1 + nominal["NMDA_coupling"] * nominal["NMDA_decay"] * 3  # Hz, the rate of pyramidal cells in health
    loop = (
        guarded["pyramidal_AMPA_current"] + guarded["pyramidal_local_share"] * nominal["pyramidal_NMDA_current"] / gate
    )
    most = (
        nominal["pyramidal_AMPA_current"] + nominal["pyramidal_local_share"] * nominal["pyramidal_NMDA_current"] / gate
    )
    assert loop[0] == pytest.approx(most)
    assert guarded["pyramidal_AMPA_current"][1] == 0.5 * nominal["pyramidal_AMPA_current"]


def test_shares_stay_below_their_ceilings_and_together_below_one(nominal):
    drawn = {
        "PV_GluN2B_share": np.array([0.999]),
        "SST_local_share": np.array([0.9]),
        "SST_tonic_share": np.array([0.8]),
    }
    guarded = guard_constants(drawn, nominal)
    assert guarded["PV_GluN2B_share"][0] == 0.97
    assert guarded["SST_local_share"][0] + guarded["SST_tonic_share"][0] == pytest.approx(0.97)


def test_people_within_the_bounds_are_left_alone(nominal):
    drawn = {"SST_local_share": np.array([0.2]), "connectivity_need": np.array([0.6])}
    guarded = guard_constants(drawn, nominal)
    assert all(guarded[name][0] == pytest.approx(value[0], rel=1e-12) for name, value in drawn.items())
