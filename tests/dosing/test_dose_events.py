"""Doses become events without losing or making a molecule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resprout as rs
from resprout.dosing.dose_events import regimen_events, route_constants
from resprout.dosing.dose_records import Dose, Regimen, regimen_faults
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError
from resprout.language import load_model
from resprout.language.drug_instances import library_drugs, with_drugs

MODEL = load_model()
KETAMINE_G_PER_MOL = 237.73
AMOUNT = st.floats(0.1, 19).map(lambda x: round(x, 3))


def events_of(text, **constants):
    regimen = parse_regimen(text, library_drugs(MODEL))
    nominal = with_drugs(MODEL, regimen.drugs).nominal
    return regimen_events(regimen, {**nominal, **route_constants(regimen, nominal), **constants})


def given_umol(events, *words):
    """Amount that states and inputs with one of these words in their name receive: boluses and integrals of inputs."""
    total = 0.0
    for name in set(events.name):
        if not any(word in name for word in words) or name.endswith("absorption"):
            continue
        rows = [index for index, each in enumerate(events.name) if each == name]
        value, time = events.value[rows], events.time_h[rows]
        if name.endswith(("_infusion", "_input")):
            assert (value[-1] == 0).all()
            total = total + (value[:-1] * np.diff(time)[:, None]).sum(axis=0)
        else:
            total = total + value.sum(axis=0)
    return total


def enters(route):
    """Share of a dose that the route lets in at all."""
    return {"im": MODEL.nominal["muscle_bioavailability"], "sc": MODEL.nominal["skin_bioavailability"]}.get(route, 1.0)


@settings(max_examples=60, deadline=None)
@given(
    AMOUNT,
    st.sampled_from(["iv bolus", "iv over 40 min", "iv over 3 h", "im", "sc", "nasal", "oral", "sublingual"]),
    st.sampled_from(["ketamine", "esketamine", "arketamine"]),
    st.integers(1, 4),
    st.sampled_from(["10 min", "1 h", "3 d"]),
)
def test_every_molecule_given_goes_somewhere(amount, route, drug, count, interval):
    events = events_of(f"{drug} {amount} mg {route}; every {interval} x {count}")
    wanted = amount / KETAMINE_G_PER_MOL * 1000 * count * enters(route.split()[0])
    assert given_umol(events, "ketamine") == pytest.approx(wanted, rel=1e-9)


def test_a_dose_per_kg_follows_each_persons_weight():
    weight = np.array([50.0, 100.0])
    events = events_of("ketamine 0.5 mg/kg iv over 40 min", body_weight=weight)
    assert given_umol(events, "ketamine") == pytest.approx(0.5 * weight / KETAMINE_G_PER_MOL * 1000, rel=1e-12)


def test_racemic_ketamine_is_half_and_half_and_esketamine_is_all_S():
    racemate, esketamine = events_of("ketamine 10 mg iv"), events_of("esketamine 10 mg iv")
    assert given_umol(racemate, "S_ketamine") == pytest.approx(given_umol(racemate, "R_ketamine"))
    assert set(esketamine.name) == {"S_ketamine_central"}


def test_an_infusion_runs_at_its_rate_and_stops_exactly():
    events = events_of("esketamine 23.773 mg iv over 30 min")
    assert events.time_h.tolist() == [0, 0.5]
    assert events.value[:, 0] == pytest.approx([200, 0])
    assert events.value[-1, 0] == 0


def test_overlapping_infusions_add_up():
    events = events_of("esketamine 23.773 mg iv over 1 h; every 30 min x 2")
    assert events.time_h.tolist() == [0, 0.5, 1, 1.5]
    assert events.value[:, 0] == pytest.approx([100, 200, 100, 0])


def test_a_tablet_of_extended_release_enters_the_gut_at_an_even_rate():
    events = events_of("ketamine 23.773 mg oral over 10 h")  # 100 umol, half of each enantiomer
    rows = zip(events.name, events.time_h, events.value[:, 0], strict=True)
    rates = {(name, time): rate for name, time, rate in rows if name.endswith("_gut_input")}
    expected = {("S_ketamine_gut_input", 0.0): 5.0, ("S_ketamine_gut_input", 10.0): 0.0}
    expected |= {(name.replace("S_", "R_"), time): rate for (name, time), rate in expected.items()}
    assert rates == pytest.approx(expected)


def test_boluses_at_one_moment_become_one():
    events = events_of("ketamine 10 mg iv + ketamine 20 mg iv")
    assert events.name == ("S_ketamine_central", "R_ketamine_central")
    assert given_umol(events, "ketamine") == pytest.approx(30 / KETAMINE_G_PER_MOL * 1000)


def test_a_nasal_dose_is_given_in_sprays_of_28_mg_five_minutes_apart():
    events = events_of("esketamine 84 mg nasal")
    sprays = [time for time, name in zip(events.time_h, events.name, strict=True) if name == "S_ketamine_depot"]
    assert sprays == pytest.approx([0, 5 / 60, 10 / 60])


def test_later_sprays_are_taken_up_less_well():
    share = [
        given_umol(events_of(f"esketamine {28 * n} mg nasal"), "S_ketamine_depot")
        / given_umol(events_of(f"esketamine {28 * n} mg nasal"), "S_ketamine")
        for n in (1, 3)
    ]
    # Perez-Ruixo 2021: later sprays are taken up 0.62 times as well as the first
    assert share[1] == pytest.approx(share[0] * (1 + 2 * 0.62) / 3)


def test_the_route_sets_the_absorption_before_anything_is_absorbed():
    events = events_of("ketamine 30 mg im")
    assert events.name[0] == "ketamine_depot_absorption" and events.time_h[0] == 0
    assert events.value[0, 0] == MODEL.nominal["muscle_absorption"]


def test_a_drug_beside_ketamine_enters_its_own_compartments():
    wanted = 0.045 * 70 / MODEL.nominal["midazolam_molar_mass"] * 1000
    assert given_umol(events_of("midazolam 0.045 mg/kg iv over 40 min"), "midazolam") == pytest.approx(wanted)


def test_saline_gives_nothing():
    assert events_of("saline").name == ()


NANOSECOND_H = 1 / 3.6e12


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            # hours within a few roundings of the clock are one hour
            st.floats(1e-9, 400) | st.sampled_from([0.0, 1.0, 1.0 + NANOSECOND_H / 2, 24.0]),
            st.sampled_from([0.0, 1e-9, 1e-6, 0.01, 40.0, 600.0, 3600.0]),  # s
            AMOUNT,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_doses_and_infusions_at_any_hours_lose_and_make_nothing(given_doses):
    doses = tuple(
        Dose("ketamine", amount, False, "iv", seconds / 3600, (hour,)) for hour, seconds, amount in given_doses
    )
    regimen = Regimen("made", doses)
    faults = regimen_faults(regimen)
    if faults:  # an infusion that the clock cannot tell from a bolus at its hour
        assert all("cannot be told apart" in fault.found for fault in faults)
        return
    wanted = sum(amount for _, _, amount in given_doses) / KETAMINE_G_PER_MOL * 1000
    events = regimen_events(regimen, MODEL.nominal)
    assert given_umol(events, "ketamine") == pytest.approx(wanted, rel=1e-6)
    starts = {hour for hour, seconds, _ in given_doses if seconds == 0}
    boluses = [time for time, name in zip(events.time_h, events.name, strict=True) if name == "S_ketamine_central"]
    assert set(boluses) == starts and len(boluses) == len(starts)  # hours half a nanosecond apart are two


def peak(text, days=0.01):
    people = rs.People(1, point=True)
    run = rs.simulate(MODEL, people, text, days=days, outputs=["ketamine_venous"], times_h=[1 / 12])
    return float(run["ketamine_venous"].sel(time_h=1 / 12, method="nearest")[0])


@pytest.mark.parametrize(
    "text",
    [
        "ketamine 0.5 mg/kg iv over 0.000001 s",
        "ketamine 0.5 mg/kg iv over 0.000000001 s",
        "ketamine 0.1 mg/kg iv bolus; every 0.000001 s x 5",
        "ketamine 0.1 mg/kg iv bolus; every 0.000000001 s x 5",
        "ketamine 0.25 mg/kg iv bolus + ketamine 0.25 mg/kg iv bolus",
        "ketamine 0.25 mg/kg iv over 0.000001 s + ketamine 0.25 mg/kg iv bolus at 0.000002 s",
    ],
)
def test_doses_within_microseconds_are_worth_as_much_as_one_bolus(text):
    # five minutes later; the step tolerance is 6e-6
    assert peak(text) == pytest.approx(peak("ketamine 0.5 mg/kg iv bolus"), rel=1e-4)


@pytest.mark.parametrize("route", ["im", "sc", "oral", "sublingual", "iv over 40 min"])
def test_simultaneous_doses_by_one_route_add(route):
    apart = events_of(f"ketamine 10 mg {route} + ketamine 15 mg {route}")
    whole = events_of(f"ketamine 25 mg {route}")
    assert apart.name == whole.name and apart.time_h.tolist() == whole.time_h.tolist()
    assert apart.value == pytest.approx(whole.value, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "ketamine 0.5 mg/kg iv over 0.000000001 s; every 9600 h x 2",
        "ketamine 0.1 mg/kg iv bolus at 9000 h; every 0.000000001 s x 5",
        "ketamine 0.1 mg/kg iv over 0.0000000000000000001 s at 1 h",
    ],
)
def test_times_that_the_clock_cannot_tell_apart_are_refused(text):
    with pytest.raises(InputError, match="cannot be told apart"):
        parse_regimen(text)


@pytest.mark.parametrize("how", ["iv bolus", "iv over 40 min", "nasal"])
def test_a_thousand_doses_are_solved(how):
    run = rs.simulate(
        MODEL, rs.People(1, point=True), f"esketamine 10 mg {how}; every 8 h x 1000", days=334, outputs=["HDRS17"]
    )
    assert int(run["status"][0]) == 0 and bool(np.isfinite(run["HDRS17"]).all())
