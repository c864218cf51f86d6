"""Stage 6: euphoria and psychosis first, gone within two hours; relief afterwards, lasting days."""

import numpy as np
import pytest
from scenarios import HOURS

EARLY = {"VAS_high": 0.0, "BPRS_positive": 4.0, "CADSS": 0.0}


@pytest.mark.parametrize(("scale", "none"), EARLY.items())
def test_psychotomimetic_effects_peak_with_the_infusion_and_are_gone_by_110_min(trajectories, scale, none):
    peak = trajectories.trajectory("ketamine", scale).max() - none
    assert trajectories.peak_hour("ketamine", scale) <= 45 / 60  # CS006, CS008: present at 40 min
    assert trajectories.at("ketamine", scale, 110 / 60) - none < 0.20 * peak  # CS003, CS006, CS008


def test_relief_is_there_within_two_hours(trajectories):
    assert trajectories.change("ketamine", "HDRS17", 110 / 60) < -1  # CT009: drug difference from 110 min on


def test_relief_is_still_growing_when_euphoria_has_gone(trajectories):
    best = trajectories.change("ketamine", "HDRS17", 24)
    assert (
        trajectories.change("ketamine", "HDRS17", 110 / 60) > 0.5 * best
    )  # CS003: relief emerges after the early effects abate


def test_feeling_high_is_linear_in_plasma_ketamine(trajectories):
    doses = [f"{dose} mg/kg" for dose in (0.1, 0.2, 0.3, 0.4)]
    high = [trajectories.at(dose, "VAS_high", 40 / 60) for dose in doses]
    level = [trajectories.at(dose, "ketamine_venous", 40 / 60) for dose in doses]
    assert np.corrcoef(level, high)[0, 1] > 0.93  # CS024-025


def test_scales_stay_within_their_ends(trajectories):
    for dose in ("ketamine", "10.0 mg/kg", "saline"):
        for scale, lowest, highest in (
            ("VAS_high", 0, 100),
            ("BPRS_positive", 4, 28),
            ("CADSS", 0, 92),
            ("HDRS17", 0, 52),
        ):
            trajectory = trajectories.trajectory(dose, scale)
            assert (
                trajectory.min() >= lowest - 1e-6 and trajectory.max() <= highest
            )  # ends of the scales; the margin is the solver's


def test_depression_is_lowest_on_the_first_or_second_day(trajectories):
    assert (
        24 <= HOURS[trajectories.trajectory("ketamine", "HDRS17").argmin()] <= 48
    )  # CT015: largest difference on day 2


@pytest.mark.xfail(
    strict=True, reason="the drug alone takes 39 % off; expectation is not part of this run: docs/limits.md"
)
def test_the_typical_person_responds_within_a_day(trajectories):
    assert trajectories.at("ketamine", "HDRS17", 24) < 0.5 * trajectories.at(
        "ketamine", "HDRS17", 0
    )  # MP129: more than half do


def test_relief_fades_over_three_to_fourteen_days(trajectories):
    relief = -trajectories.change("ketamine", "HDRS17", 24)
    assert -trajectories.change("ketamine", "HDRS17", 72) > 0.5 * relief  # MP128: relapse from day 3
    assert -trajectories.change("ketamine", "HDRS17", 240) < 0.5 * relief
    assert -trajectories.change("ketamine", "HDRS17", 336) < 0.25 * relief  # MP128: to day 14
    assert -trajectories.change("ketamine", "HDRS17", 504) < 1.0  # none left beyond what a rater sees


def test_illness_comes_from_glial_loss_and_stress_together(trajectories):
    severity = [trajectories.at(who, "severity", 0) for who in ("healthy", "stressed", "saline")]
    assert severity == sorted(severity) and severity[2] > 2 * severity[1]  # MP051, MP054, MP115


def test_met_carriers_gain_less(trajectories):
    left = [trajectories.left(who, "HDRS17", 230 / 60) for who in ("Val/Met", "Met/Met")]
    assert left[1] < left[0] < 1  # GE004, GE007: within 230 min


@pytest.mark.parametrize("knocked_down", ["PV knock-down", "SST knock-down"])
def test_relief_needs_GluN2B_on_interneurons(trajectories, knocked_down):
    assert trajectories.left(knocked_down, "HDRS17", 24) < 0.25  # IV027, IV028: abolished


def test_an_antibody_rapamycin_and_channel_blockers_abolish_relief(trajectories):
    for block in ("AMPA blocked", "BDNF caught", "mTORC1 blocked", "TrkB blocked", "L-type channel blocked"):
        assert trajectories.left(block, "HDRS17", 24) < 0.25, block  # IV001, IV011, IV006-007, IV014, IV019-020


def test_Hamilton_and_Montgomery_Asberg_scores_correspond_as_published(trajectories):
    ratio = trajectories.at("saline", "MADRS", 0) / trajectories.at("saline", "HDRS17", 0)
    assert ratio == pytest.approx(26 / 20, rel=0.05)  # equipercentile linking of 4388 patients (PubMed 29031182)


def test_blood_pressure_rises_with_the_infusion_and_returns(trajectories):
    rise = trajectories.trajectory("ketamine", "SBP").max() - trajectories.at("ketamine", "SBP", 0)
    assert (
        rise > 0 and trajectories.peak_hour("ketamine", "SBP") <= 45 / 60
    )  # CS020: transient hypertension during treatment
    assert trajectories.change("ketamine", "SBP", 24) < 1


def test_saline_changes_no_score(trajectories):
    for scale in ("HDRS17", "VAS_high", "BPRS_positive"):
        assert np.ptp(trajectories.trajectory("saline", scale)) < 1e-6
