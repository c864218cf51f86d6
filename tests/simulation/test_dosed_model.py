"""Doses into states of imported models: amounts, concentrations, units, populations."""

from __future__ import annotations

import numpy as np
import pytest

import resprout as rs
from resprout.exchange.imported_model import import_model
from resprout.simulation import Numerics
from resprout.simulation.dosed_model import dosed
from resprout.simulation.imported_population import make_imported_request, patients_of, solve_numbers
from resprout.simulation.imported_simulation import read_given
from resprout.simulation.stream import Part

STILL = "model m\n compartment C = 4, G = 4; {} S in {}; S = 1; G' = 1; J: S -> ; 0*S; y = 2; y' = 0;\nend"
UNITS = """model m
  unit substance = {}; unit time_unit = 3600 second; unit volume = litre
  compartment C = 4; substanceOnly species S in C; S = 0; J: S -> ; 0*S
end"""


def imported(tmp_path, text):
    path = tmp_path / "m.ant"
    path.write_text(text, encoding="utf-8")
    return import_model(path)


def last(model, doses, hours=10.0, **more):
    run = rs.simulate_imported(model, hours, doses=doses, **more)
    return {name: run[name].values[0, -1] for name in run.data_vars if "time_h" in run[name].dims}, run.attrs["notes"]


@pytest.mark.parametrize(
    ("kind", "home", "expected"),
    [
        # 8 into an amount; into a concentration in a size of 4
        ("substanceOnly species", "C", 9.0),
        ("species", "C", 3.0),
        # in a compartment of size 4 + t: (1*4 + 8)/(4 + 10)
        ("species", "G", 12 / 14),
    ],
)
@pytest.mark.parametrize("dose", ["S: 8 at 1 h", "S: 8 over 2 h at 1 h", "S: 2 over 30 min; every 1 h x 4"])
def test_an_amount_goes_into_what_the_species_counts(tmp_path, kind, home, expected, dose):
    found, _ = last(imported(tmp_path, STILL.format(kind, home)), dose)
    # a step is held to 1e-8
    assert found["S"] == pytest.approx(expected, rel=1e-7)


def test_a_quantity_with_a_rate_rule_takes_the_amount_as_it_is(tmp_path):
    found, _ = last(imported(tmp_path, STILL.format("species", "C")), ["y: 3", "y: 5 over 1 h"])
    # 2 + 3 + 5; a step is held to 1e-8
    assert found["y"] == pytest.approx(10.0, rel=1e-7)


@pytest.mark.parametrize(
    ("unit", "dose", "expected"),
    [
        # 2 g counted in mg, 3 mmol in umol
        ("1e-3 gram", "S: 2 g", 2000.0),
        ("gram", "S: 500 mg", 0.5),
        ("1e-6 mole", "S: 3 mmol", 3000.0),
        ("1e-6 mole", "S: 3", 3.0),
    ],
)
def test_units_of_amount_are_converted(tmp_path, unit, dose, expected):
    found, notes = last(imported(tmp_path, UNITS.format(unit)), dose)
    assert found["S"] == pytest.approx(expected, rel=1e-12) and notes == ""


def test_a_mass_into_moles_is_refused_and_a_file_without_units_is_told(tmp_path):
    with pytest.raises(rs.InputError, match="molar mass"):
        last(imported(tmp_path, UNITS.format("mole")), "S: 5 mg")
    found, notes = last(imported(tmp_path, STILL.format("species", "C")), "S: 8 mg")
    assert found["S"] == pytest.approx(3.0) and "8 mg counts as 8" in notes


def test_the_rate_of_change_that_a_file_asks_for_holds_the_infusion(tmp_path):
    model = imported(tmp_path, "x = 0; x' = 1; y := 2*rateOf(x); z = 0; z' = y")
    found, _ = last(model, "x: 6 over 2 h at 1 h", 4.0)
    # x' is 1, and 3 more for two hours; z' = 2 x'
    assert found["x"] == pytest.approx(10.0, rel=1e-7) and found["z"] == pytest.approx(20.0, rel=1e-7)
    assert found["y"] == pytest.approx(2.0)


def test_an_infusion_that_has_ended_leaves_nothing_behind(tmp_path):
    model = imported(tmp_path, "x = 0; x' = -0.1*x")
    given = ["x: 0.1 over 1 h; every 1 h x 7", "x: 0.3 over 1 h at 0.5 h; every 1 h x 7"]
    run = rs.simulate_imported(model, 20, doses=given)
    # x(20) = x(12) e^-0.8 exactly only if the rate is zero to the last digit
    x = run["x"]
    assert x.sel(time_h=20).item() == pytest.approx(x.sel(time_h=12).item() * np.exp(-0.8), rel=1e-7)
    events = dosed(model, read_given(given)).events({}, 1, 20.0)
    rate = 0.0
    for name, value in zip(events.name, events.value[:, 0], strict=True):
        rate = rate + value if name == "x_infusion" else rate
    assert rate == 0.0


@pytest.mark.parametrize(
    ("dose", "said"),
    [
        ("Q: 5", "`Q` is not in the model"),
        ("k: 5", "`k` is not changed by rates"),
        ("x: dose", "`dose` is no constant of the model"),
        ("x: 5 lag=tlag", "`tlag` is no constant"),
    ],
)
def test_what_a_model_has_not_takes_no_dose(tmp_path, dose, said):
    with pytest.raises(rs.InputError) as caught:
        last(imported(tmp_path, "x = 1; k = 0.1; x' = -k*x"), dose)
    assert said in str(caught.value)


def test_doses_after_the_end_are_told(tmp_path):
    model = imported(tmp_path, "x = 1; k = 0.1; x' = -k*x")
    found, notes = last(model, "x: 5 at 2 h; every 4 h x 4", 10.0)
    assert "2 of 4 doses of `x: 5 at 2 h; every 4 h x 4` come at the end of the run or after it" in notes
    # 1 e^-1 + 5 e^-0.8 + 5 e^-0.4
    assert found["x"] == pytest.approx(np.exp(-1) + 5 * np.exp(-0.8) + 5 * np.exp(-0.4), rel=1e-7)


EVENTS = "model m\n compartment C = 2; species S in C; S = 0; k = 0.2; tlag = 0.5; J: S -> ; C*k*S; n = 0; n' = 0; at (S > 1.5): n = n + 1;\nend"


@pytest.mark.parametrize("text", [EVENTS, EVENTS.replace("at (S > 1.5): n = n + 1;", "")], ids=["events", "plain"])
@pytest.mark.parametrize(
    "vary", ["k=lognormal(cv=0.4), C=lognormal(cv=0.2)", "k=lognormal(cv=0.4), tlag=uniform(0, 2)"]
)
def test_dosed_patients_have_the_same_bits_however_they_are_split(tmp_path, text, vary):
    model = imported(tmp_path, text)
    given = dosed(model, read_given(["S: 4 lag=tlag; every 6 h x 3", "S: 3 over 2 h at 1 h"]))
    people = patients_of(model, 20, vary, 5, {})
    request = make_imported_request(given, np.linspace(0.0, 20.0, 21), ("S", "n"), {}, people, Numerics())
    whole = solve_numbers(request, np.arange(20))
    parts = Part.joined([solve_numbers(request, np.arange(first, last)) for first, last in ((0, 1), (1, 13), (13, 20))])
    assert parts.digest() == whole.digest() and (whole.status == 0).all()
    assert (whole.value[:, -1, 1] >= 1).all() == ("n + 1" in text)
