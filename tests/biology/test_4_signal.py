"""Stage 4: the growth signal is brief, needs each link before it, and leaves synaptic protein behind."""

import numpy as np
import pytest

from resprout.calibrate.experiments import Arm, run_arms
from resprout.language import load_model

MODEL = load_model()
SIGNALS = ("p_mTOR", "p_S6K", "p_4EBP1", "Akt", "ERK")


@pytest.mark.parametrize("signal", SIGNALS)
def test_growth_signals_rise_within_an_hour_and_are_back_within_eight(trajectories, signal):
    rise = trajectories.trajectory("ketamine", signal).max() - trajectories.at("ketamine", signal, 0)
    assert trajectories.change("ketamine", signal, 1) > 0.5 * rise > 0  # TC013 (mGluR2/3 antagonist), IV003
    assert trajectories.change("ketamine", signal, 8) < 0.10 * rise


def test_mTORC1_activity_peaks_between_half_an_hour_and_two_hours(trajectories):
    assert 0.5 <= trajectories.peak_hour("ketamine", "p_mTOR") <= 2.0  # TC013 at 1 h


@pytest.mark.parametrize("block", ["AMPA blocked", "L-type channel blocked"])
def test_BDNF_release_needs_AMPA_receptors_and_L_type_channels(trajectories, block):
    assert trajectories.trajectory("ketamine", "BDNF_release").max() > 2  # TC022
    released = {
        who: trajectories.area(who, "BDNF_release", 4) for who in ("ketamine", "saline", f"{block} + ketamine", block)
    }
    left = (released[f"{block} + ketamine"] - released[block]) / (released["ketamine"] - released["saline"])
    assert left < 0.25  # IV021: abolished


def test_phosphorylated_eEF2_falls_at_first_and_is_back_by_eight_hours(trajectories):
    assert trajectories.change("ketamine", "p_eEF2", 0.5) < -0.02  # TC017, direction only
    for hour in (8, 24):
        assert trajectories.change("ketamine", "p_eEF2", hour) == pytest.approx(0, abs=0.02)  # TC018-019: no change
        assert trajectories.change("ketamine", "BDNF_pool", hour) == pytest.approx(0, abs=0.02)


def test_synaptic_protein_is_up_after_a_day(trajectories):
    assert trajectories.change("ketamine", "synaptic_protein", 24) > 0.05  # TC025


@pytest.mark.parametrize("block", ["AMPA blocked", "TrkB blocked", "mTORC1 blocked", "BDNF caught"])
def test_synaptic_protein_needs_every_link(trajectories, block):
    assert trajectories.left(block, "synaptic_protein", 24) < 0.25  # IV001, IV011, IV014, IV006-007: abolished


def test_met_carriers_release_less_BDNF_on_activity(trajectories):
    peaks = [
        trajectories.trajectory(who, "TrkB").max() for who in ("ketamine", "Val/Met + ketamine", "Met/Met + ketamine")
    ]
    assert peaks == sorted(peaks, reverse=True) and peaks[2] < 0.8 * peaks[0]  # MP110


def test_half_of_TrkB_has_left_the_surface_after_two_to_three_hours_of_saturating_BDNF_and_returns_within_days():
    """Proenca 2016: cortical neurons; nothing leaves at the activity of health."""
    arm = Arm("healthy", "BDNF_block=-50 [0 4]")  # fifty times the BDNF of health
    found = run_arms(MODEL, [arm, Arm("healthy")], [2.0, 3.0, 4.0, 52.0], ["TrkB_surface"])
    assert found.at(arm, "TrkB_surface", 3.0) < 0.5 < found.at(arm, "TrkB_surface", 2.0)
    assert found.at(arm, "TrkB_surface", 52.0) > 0.85
    assert found.at(Arm("healthy"), "TrkB_surface", 52.0) > 0.999


def test_tablets_add_to_a_burst_and_do_not_multiply_it():
    """The peak of TrkB after ketamine is no further above its baseline after weeks of escitalopram than without."""
    alone, tablets = "ketamine 0.5 mg/kg iv over 40 min at 21 d", "escitalopram 10 mg oral; every 24 h x 25"
    arms = {name: Arm("patient", done) for name, done in (("alone", alone), ("both", f"{alone} & {tablets}"))}
    hours = [503.0, *np.arange(504.0, 512.0, 0.1)]
    found = run_arms(MODEL, arms.values(), hours, ["TrkB"])
    rise = {}
    for name, arm in arms.items():
        seen = [found.at(arm, "TrkB", hour) for hour in hours]
        rise[name] = max(seen) - seen[0]
    assert rise["both"] == pytest.approx(rise["alone"], rel=0.35)
