"""Noncompartmental analysis of curves whose areas, moments and half-lives are known exactly."""

import numpy as np
import pytest

from resprout.statistics.noncompartmental import (
    accumulation,
    noncompartmental,
    over_an_interval,
    partial_area,
    terminal_phase,
    trapezoids,
)

HOURS = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 12.0])


def test_one_exponential_after_an_injection_has_its_exact_area_moment_and_volume():
    # 100 mg into 50 L with a half-life of 2 h: 2,000 ng/mL at hour 0
    rate = np.log(2) / 2
    found = noncompartmental(HOURS, 2000 * np.exp(-rate * HOURS), dose_mg=100.0)
    assert found["half_life"] == pytest.approx(2, rel=1e-9)
    assert found["AUC_infinity"] == pytest.approx(2000 / rate, rel=1e-9)
    assert found["AUMC_infinity"] == pytest.approx(2000 / rate**2, rel=1e-9)
    assert found["MRT"] == pytest.approx(1 / rate, rel=1e-9)
    assert found["clearance"] == pytest.approx(50 * rate, rel=1e-9)
    assert (found["volume_z"], found["volume_ss"]) == pytest.approx((50, 50), rel=1e-9)
    # after 12 h, six half-lives, 1/64 is left
    assert found["extrapolated_share"] == pytest.approx(1 / 64, rel=1e-9)


def test_a_rising_part_has_linear_trapezoids_and_a_falling_one_logarithmic_ones():
    # by hand: 0 to 10 over 1 h makes 5; 10 to 5 over 1 h makes 5 / ln 2
    area, moment = trapezoids(np.array([0.0, 1.0, 2.0]), np.array([0.0, 10.0, 5.0]))
    assert area == pytest.approx(5 + 5 / np.log(2))
    # (0 x 0 + 1 x 10) / 2, and (10 - 10) / ln 2 + 5 / ln(2)^2
    assert moment == pytest.approx(5 + 5 / np.log(2) ** 2)


def test_a_level_of_nothing_at_the_end_has_a_linear_trapezoid():
    assert trapezoids(np.array([0.0, 2.0]), np.array([4.0, 0.0]))[0] == pytest.approx(4)


def test_the_terminal_phase_leaves_out_the_distribution_before_it():
    fast, slow = 900 * np.exp(-3 * HOURS), 100 * np.exp(-0.1 * HOURS)
    found = terminal_phase(np.append(HOURS, [18.0, 24.0]), np.append(fast + slow, 100 * np.exp([-1.8, -2.4])))
    assert found.rate == pytest.approx(0.1, rel=0.01) and found.levels >= 4


def test_an_infusion_begins_at_nothing_and_its_residence_leaves_out_half_of_it():
    # constant infusion over 1 h into one compartment, rate constant 0.5 per h, many levels: MRT is 1 / 0.5
    times = np.concatenate([np.linspace(0.01, 1, 100), np.linspace(1.05, 20, 400)])
    rate = 0.5
    level = np.where(times <= 1, 1 - np.exp(-rate * times), (1 - np.exp(-rate)) * np.exp(-rate * (times - 1)))
    found = noncompartmental(times, 100 * level, dose_mg=1.0, duration_h=1.0)
    assert found["MRT"] == pytest.approx(2, rel=1e-3)  # the steps of the rising part
    assert found["tmax"] == 1.0


def test_levels_that_do_not_fall_have_no_half_life_and_none_has_nothing():
    found = noncompartmental(HOURS, np.full(6, 7.0), dose_mg=1.0)
    assert np.isnan(found["half_life"]) and np.isnan(found["AUC_infinity"])
    assert found["AUC_last"] == pytest.approx(7 * 11.75)  # from 0 at hour 0: half of the first half hour
    assert all(np.isnan(value) for value in noncompartmental(np.empty(0), np.empty(0), 1.0).values())


def test_doses_every_half_life_double_the_level():
    assert accumulation(6.0, 6.0) == pytest.approx(2)
    assert accumulation(12.0, 6.0) == pytest.approx(4 / 3)


THEOPHYLLINE_H = np.array([0, 0.25, 0.57, 1.12, 2.02, 3.82, 5.1, 7.03, 9.05, 12.12, 24.37])
THEOPHYLLINE = np.array([0.74, 2.84, 6.57, 10.5, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28])


def test_the_measures_of_theophylline_are_those_of_a_published_package():
    # subject 1 of Boeckmann, Sheiner and Beal 1994 (mg/L; 319.992 mg) by pynca 1.2.3, a translation of the R package NonCompart
    found = noncompartmental(THEOPHYLLINE_H, THEOPHYLLINE, dose_mg=0.319992, duration_h=1e-9)
    published = {"Cmax": 10.5, "tmax": 1.12, "Clast": 3.28, "tlast": 24.37, "AUC_last": 147.23474853700378}
    published |= {"AUC_infinity": 214.9236315752296, "extrapolated_share": 0.31494388282068797}
    published |= {"lambda_z": 0.04845699696577491, "half_life": 14.304377571096985, "AUMC_infinity": 4545.592801070956}
    published |= {"MRT": 21.149804550365904, "clearance": 1.4888637310597155, "volume_z": 30.725464314499252}
    assert {name: found[name] for name in published} == pytest.approx(published, rel=1e-9)


@pytest.mark.parametrize(
    ("begin", "end", "area"), [(0, 4, 33.65247812535922), (2, 12, 76.12985227065357), (0, 30, 163.39681517186042)]
)
def test_partial_areas_of_theophylline_are_those_of_a_published_package(begin, end, area):
    found = partial_area(THEOPHYLLINE_H, THEOPHYLLINE, begin, end, 1e-9)
    # after the last level that package follows the fitted line, which is 1.5e-4 mg/L above it
    assert found == pytest.approx(area, rel=1e-9 if end < THEOPHYLLINE_H[-1] else 1e-5)


def test_a_partial_area_of_one_exponential_is_exact_wherever_it_begins_and_ends():
    levels = 1000 * np.exp(-0.5 * HOURS)
    for begin, end in ((0, 0.2), (0.7, 3), (10, 40), (30, 31)):
        exact = 2000 * (np.exp(-0.5 * begin) - np.exp(-0.5 * end))
        assert partial_area(HOURS, levels, begin, end) == pytest.approx(exact, rel=1e-9)


def test_a_partial_area_after_levels_that_do_not_fall_is_unknown():
    assert np.isnan(partial_area(HOURS, np.full(6, 7.0), 0, 20)) and partial_area(HOURS, np.full(6, 7.0), 1, 3) == 14


def test_an_interval_at_steady_state_has_the_area_of_a_single_dose_and_its_fluctuation():
    # one exponential, half-life 6 h, every 6 h: levels from 2 C to C, whose area is that of one dose, C x 6 / ln 2
    times = np.array([0.0, 1e-9, 1.5, 3.0, 4.5])
    levels = np.array([100.0, 200.0, *(200 * 0.5 ** (times[2:] / 6))])
    found = over_an_interval(times, levels, 6.0, dose_mg=10.0)
    area = 100 * 6 / np.log(2)
    assert found["AUC_interval"] == pytest.approx(area, rel=1e-8) and found["Cmin"] == pytest.approx(100)
    assert found["fluctuation"] == pytest.approx(100 / (area / 6), rel=1e-8)
    assert found["clearance"] == pytest.approx(10_000 / area, rel=1e-8)
    assert np.isnan(over_an_interval(times[1:], levels[1:], 6.0, 10.0)["AUC_interval"])
