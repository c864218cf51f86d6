"""Stage 1: published plasma levels of ketamine and its metabolites, each against the sampling site it was read from."""

import numpy as np
import pytest
from scenarios import HOURS


def test_venous_ketamine_at_the_end_of_the_infusion_is_as_published(trajectories):
    level = trajectories.at("ketamine", "ketamine_venous", 40 / 60)
    assert 100 < level < 250  # PB002, range in healthy adults
    assert level == pytest.approx(185, rel=0.20)  # PB001; one number without spread, so a fifth


def test_arterial_ketamine_after_20_mg_in_20_min_is_as_measured(trajectories):
    # PB100-101: 273 and 260 ng/mL, 95 % limits 251-287; a tenth more room because a film was taken 6 h before
    assert 251 * 0.95 < trajectories.trajectory("S 20 mg", "ketamine_arterial").max() < 287 * 1.05


@pytest.mark.parametrize(("molecule", "mean", "sd"), [("S", 15.6, 4.5), ("R", 16.5, 4.9)])
def test_each_enantiomer_peaks_within_one_sd_of_a_chiral_study(trajectories, molecule, mean, sd):
    assert trajectories.trajectory(f"{molecule} 2.5 mg", "ketamine_venous").max() == pytest.approx(
        mean, abs=sd
    )  # PB102-103


@pytest.mark.parametrize(("molecule", "mean", "sd"), [("S", 97.2, 22.8), ("R", 91.8, 22.8)])
def test_each_enantiomer_is_cleared_within_one_sd_of_a_chiral_study(trajectories, molecule, mean, sd):
    clearance = 2.5e3 / trajectories.area(f"{molecule} 2.5 mg", "ketamine_venous")
    assert clearance == pytest.approx(mean, abs=sd)  # PK105-106, L/h


def test_R_is_cleared_no_faster_than_S(trajectories):
    areas = {molecule: trajectories.area(f"{molecule} 2.5 mg", "ketamine_venous") for molecule in "SR"}
    assert areas["R"] > areas["S"]  # PK112-113


def test_a_10_mg_bolus_has_the_measured_area(trajectories):
    assert trajectories.area("bolus 10 mg", "ketamine_venous") == pytest.approx(113, rel=0.15)  # PB080, n = 9


@pytest.mark.parametrize(("molecule", "mean", "sd"), [("S", 1.7, 0.8), ("R", 3.1, 1.4)])
def test_hydroxynorketamine_exceeds_ketamine_as_in_a_chiral_study(trajectories, molecule, mean, sd):
    dose = f"{molecule} 2.5 mg"
    ratio = trajectories.area(dose, "hydroxynorketamine_plasma") / trajectories.area(dose, "ketamine_venous")
    assert ratio == pytest.approx(mean, abs=sd)  # PB104-105


@pytest.mark.parametrize(("molecule", "mean", "sd"), [("S", 0.15, 0.08), ("R", 0.19, 0.10)])
def test_little_of_a_swallowed_dose_reaches_blood(trajectories, molecule, mean, sd):
    swallowed = trajectories.area(f"{molecule} swallowed", "ketamine_venous")
    assert swallowed / trajectories.area(f"{molecule} 2.5 mg", "ketamine_venous") == pytest.approx(
        mean, abs=sd
    )  # PK107-108


def test_a_swallowed_dose_is_mostly_norketamine(trajectories):
    ratio = trajectories.area("S swallowed", "norketamine_venous") / trajectories.area("S swallowed", "ketamine_venous")
    # PK060 has 16.5 with half our bioavailability; norketamine after nasal sprays (PB010-018), to which clearance is
    # fitted, asks for less: both are kept, direction is what they share
    assert 3 < ratio < 16.5 * 2


def test_a_28_mg_spray_peaks_as_published(trajectories):
    assert trajectories.trajectory("spray 28 mg", "ketamine_venous").max() == pytest.approx(43.8, rel=0.20)  # PB007
    assert trajectories.trajectory("spray 28 mg", "norketamine_venous").max() == pytest.approx(59.1, rel=0.20)  # PB009


def test_brain_ketamine_follows_arterial_blood_within_minutes(trajectories):
    delay_h = trajectories.peak_hour("ketamine", "ketamine_brain") - trajectories.peak_hour(
        "ketamine", "ketamine_arterial"
    )
    assert 0 <= delay_h <= 11.8 / 60  # effect-site half-times of S-ketamine end at 11.8 min


def test_saline_brings_no_drug(trajectories):
    assert not np.any(trajectories.trajectory("saline", "ketamine_venous"))


def test_levels_are_proportional_to_the_dose(trajectories):
    low, high = (trajectories.trajectory(dose, "ketamine_venous")[HOURS == 2] for dose in ("0.1 mg/kg", "1.0 mg/kg"))
    assert high == pytest.approx(10 * low, rel=1e-3)  # PB108 is dose-proportional; the tolerance is the solver's
