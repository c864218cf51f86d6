"""The language of experiments: what a line means, and what it says of a line that means nothing."""

import numpy as np
import pytest

from resprout.calibrate.experiments import Arm, Trajectories, read_persons, run_arms
from resprout.errors import InputError
from resprout.language import load_model
from resprout.language.readouts import Readout, read_readouts

MODEL = load_model()


def test_a_measure_is_read_with_its_hours_and_direction():
    first, second = read_readouts("severity at 24, -BDNF_pool peak 0 4")
    assert first == Readout("severity", "at", 24, 24)
    assert (second.output, second.kind, second.start_h, second.stop_h, second.sign) == ("BDNF_pool", "peak", 0, 4, -1)


def test_a_measure_against_another_hour_reads_the_standard_there():
    [measure] = read_readouts("severity at 504 against 24")
    assert measure.of_standard() == Readout("severity", "at", 24, 24)


def test_a_measure_that_means_nothing_is_told():
    with pytest.raises(InputError, match="`severity after 24` is not understood"):
        read_readouts("severity after 24")


def test_a_rodent_has_its_own_body_and_a_patient_its_causes():
    persons = read_persons(MODEL)
    assert persons["rodent"].constants["body_weight"] < 1
    assert persons["patient"].constants == {"glial_uptake": 0.68, "stress": 1.0}


def test_an_input_is_held_for_its_hours_only_and_only_in_its_own_arm():
    arms = [Arm("healthy"), Arm("healthy", "firing_block=1 [1 2]"), Arm("healthy", "firing_block=1 [3 4]")]
    trajectories = run_arms(MODEL, arms, [0.9, 1.9, 2.9, 3.9], ["ambient_glutamate"])
    low = [[trajectories.at(arm, "ambient_glutamate", hour) < 0.8 for hour in (0.9, 1.9, 2.9, 3.9)] for arm in arms]
    assert low == [[False] * 4, [False, True, False, False], [False, False, False, True]]


def test_a_dose_of_one_arm_reaches_no_other():
    arms = [Arm("rodent"), Arm("rodent", "ketamine 10 mg/kg ip"), Arm("rodent", "memantine 20 mg/kg ip")]
    trajectories = run_arms(MODEL, arms, [1], ["ketamine_brain", "memantine_brain"])
    levels = ("ketamine_brain", "memantine_brain")
    reached = [[trajectories.trajectory(arm, name).max() > 0.1 for name in levels] for arm in arms]
    assert reached == [[False, False], [True, False], [False, True]]


def test_a_change_at_an_hour_lies_between_two_hours_of_the_course():
    arms = {Arm("a"): 0, Arm("b"): 1}
    value = np.array([[[1.0], [1.0]], [[2.0], [4.0]]])
    trajectories = Trajectories(arms, np.array([0.0, 2.0]), ("x",), value)
    assert trajectories.change(Arm("b"), Arm("a"), Readout("x", "at", 1, 1)) == pytest.approx(2.0)
    assert trajectories.change(Arm("b"), Arm("a"), Readout("x", "peak", 0, 2, sign=-1)) == pytest.approx(-3.0)
