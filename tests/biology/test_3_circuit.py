"""Stage 3: ambient glutamate under five manipulations, and a surge that disinhibition makes and time ends."""

import pytest
from scenarios import UPTAKE

STEADY_H = 1.0


@pytest.mark.parametrize(
    ("manipulation", "change"),
    [
        ("tetrodotoxin", -0.40),
        ("conotoxin", -0.50),
        ("agonist", -0.20),
        ("antagonist", 0.40),
        ("uptake inhibitor", 1.20),
    ],
)
def test_ambient_glutamate_moves_as_in_awake_rats(trajectories, manipulation, change):
    # MP001-005, each printed as "about"; so a twentieth of resting glutamate
    assert trajectories.change(manipulation, "ambient_glutamate", STEADY_H) == pytest.approx(change, abs=0.05)


@pytest.mark.parametrize(("uptake", "expected"), UPTAKE.items())
def test_glial_loss_raises_ambient_glutamate_and_lowers_release(trajectories, uptake, expected):
    ambient, release = (
        trajectories.at(f"uptake {uptake}", name, 0) for name in ("ambient_glutamate", "glutamate_release")
    )
    assert (ambient, release) == pytest.approx(
        expected, rel=0.04
    )  # MP048-050, derived from one balance; 4 % between fits


def test_healthy_pyramidal_cells_rest_at_3_Hz(trajectories):
    assert trajectories.at("healthy", "pyramidal_rate", 0) == pytest.approx(3, rel=1e-4)  # MP072


def test_interneurons_fall_while_pyramidal_cells_rise(trajectories):
    assert trajectories.change("ketamine", "PV_rate", 40 / 60) < -0.5  # MP079, MP073
    assert trajectories.change("ketamine", "SST_rate", 40 / 60) < -0.5  # MP082
    assert trajectories.change("ketamine", "pyramidal_rate", 40 / 60) > 0.5  # MP075, MP080


def test_a_tenfold_concentration_silences_every_cell(trajectories):
    for rate in ("PV_rate", "SST_rate", "pyramidal_rate"):
        assert trajectories.change("10.0 mg/kg", rate, 40 / 60) < 0  # MP081: 10 uM suppresses, 1 uM disinhibits
    assert trajectories.change("1.0 mg/kg", "pyramidal_rate", 40 / 60) > 0


def test_the_glutamate_surge_is_over_within_four_hours(trajectories):
    surge = trajectories.trajectory("ketamine", "glutamate_release") - trajectories.at(
        "ketamine", "glutamate_release", 0
    )
    assert surge.max() > 0.1  # TC001, TC012
    assert trajectories.change("ketamine", "glutamate_release", 4) < 0.15 * surge.max()  # TC007, TC012


def test_glutamine_cycling_rises_in_healthy_people_as_measured(trajectories):
    rise = trajectories.trajectory("healthy + ketamine", "glutamine_cycling").max() - 1
    assert 0.024 < rise < 0.236  # TC011: 13 % with t = 2.4, so 95 % limits of 13 -/+ 1.96 x 13/2.4


def test_an_mGluR2_agonist_stops_the_surge(trajectories):
    left = trajectories.left(
        "healthy, agonist", "glutamate_release", 40 / 60, whole="healthy + ketamine", none="healthy"
    )
    assert left < 0.25  # IV035, TC008: blocked, in animals without stress


def test_saline_moves_no_rate(trajectories):
    assert trajectories.change("saline", "pyramidal_rate", 24) == pytest.approx(0, abs=1e-6)
