"""Every way in has the same bounds: regimen, options, protocol, grid, Python call and page refuse the same values."""

import math

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.app.serve.form_state import read_state
from resprout.app.serve.trial_tab import run_design
from resprout.dosing.dose_records import Dose, Regimen, regimen_faults
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError
from resprout.language.plain_yaml import write_yaml
from resprout.trial.design_grid import surface, varied
from resprout.trial.protocol import read_protocol

MODEL = rs.load_model()
KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"


def by_regimen(text):
    """A regimen that is given to one person."""
    rs.simulate(MODEL, 1, text, days=1, outputs=["HDRS17"])


def by_record(amount=0.5, per_kg=True, route="iv", duration=0.0, times=(0.0,)):
    """A regimen made in Python, not read."""
    dose = Dose("ketamine", amount, per_kg, route, duration, tuple(times))
    rs.simulate(MODEL, 1, Regimen("made", (dose,)), days=1, outputs=["HDRS17"])


def protocol(tmp_path, **fields):
    """A protocol file."""
    arm = {"name": "drug", "regimen": fields.pop("regimen", KETAMINE), "size": fields.pop("size", 4)}
    visits = fields.pop("visits", ["0 min", "24 h"])
    told = {"name": "a", "title": "A", "design": "parallel", "control": "open_label", "arms": [arm]}
    path = tmp_path / "a.yaml"
    path.write_text(write_yaml(told | {"endpoints": [{"name": "MADRS", "visits": visits}]} | fields), encoding="utf-8")
    return path


def by_protocol(tmp_path, replicates=1, **fields):
    """A protocol file that is run."""
    rs.run_trial(protocol(tmp_path, **fields), replicates, model=MODEL, point=True)


def by_grid(tmp_path, axes, replicates=1):
    """A grid of designs."""
    surface(protocol(tmp_path), axes, replicates, 1, model=MODEL, point=True)


def by_command(*words):
    """A command line; its message where it is refused."""
    code = run(list(words))
    assert code == 2
    raise InputError()


def by_page(**sent):
    """The form of the page."""
    state, faults = read_state(sent, MODEL)
    faults = faults or run_design(state, MODEL)[1]
    if faults:
        raise InputError()


def over_every_day(times, every="1 d"):
    return f"ketamine 0.5 mg/kg iv bolus; every {every} x {times}"


SAID = {
    "dose by weight": [1000.0, 20.1],
    "dose": [1e5],
    "infusion": [1000.0],
    "doses": [1001],
    "last dose": [401.0],
    "people": [10**8, 0],
    "days": [401.0, 0.0],
    "replicates": [10**6, 0],
    "age": [130.0],
    "weight": [1e4, 1e-3],
    "seed": [2**63, -1],
    "visit": [401.0],
    "cells": [201],
}
DOORS = {
    "dose by weight": [
        lambda x, _: by_regimen(f"ketamine {x} mg/kg iv over 40 min"),
        lambda x, _: by_record(x),
        lambda x, tmp: by_protocol(tmp, regimen=f"ketamine {x} mg/kg iv over 40 min"),
        lambda x, tmp: by_grid(tmp, {"dose": [x]}),
        lambda x, tmp: by_grid(tmp, {"dose": np.array([0.5, x])}),
        lambda x, tmp: by_command("trial", "zarate2006", "--grid", f"dose={x}", "--replicates", "1"),
        lambda x, _: by_command("simulate", f"ketamine {x} mg/kg iv bolus", "--patients", "1"),
        lambda x, _: by_page(amount=str(x)),
        lambda x, _: by_page(further=f"ketamine {x} mg/kg iv bolus"),
    ],
    "dose": [
        lambda x, _: by_regimen(f"ketamine {x} mg iv bolus"),
        lambda x, _: by_record(x, per_kg=False),
        lambda x, tmp: by_protocol(tmp, regimen=f"ketamine {x} mg iv bolus"),
        lambda x, _: by_page(amount=str(x), unit="mg"),
    ],
    "infusion": [
        lambda x, _: by_regimen(f"ketamine 0.5 mg/kg iv over {x} h"),
        lambda x, _: by_record(duration=x),
        lambda x, _: by_page(minutes=str(60 * x)),
    ],
    "doses": [
        lambda x, _: by_regimen(over_every_day(x, "1 h")),
        lambda x, _: by_regimen(" + ".join([over_every_day(500, "1 h")] * 2 + [KETAMINE])),
        lambda x, _: by_record(times=range(x)),
        lambda x, tmp: by_protocol(tmp, regimen=over_every_day(x, "1 h")),
        lambda x, _: by_page(times=str(x)),
    ],
    "last dose": [
        lambda x, _: by_regimen(f"ketamine 0.5 mg/kg iv bolus at {x} d"),
        lambda x, _: by_record(times=[24 * x]),
        lambda x, _: by_page(drug2="ketamine", start2=str(24 * x)),
    ],
    "people": [
        lambda x, _: rs.simulate(MODEL, x, "saline", days=1),
        lambda x, _: rs.recruit(x, model=MODEL),
        lambda x, tmp: by_protocol(tmp, size=x),
        lambda x, tmp: by_grid(tmp, {"n": [x]}),
        lambda x, _: by_command("recruit", str(x)),
        lambda x, _: by_command("simulate", "saline", "--patients", str(100 * x)),
        lambda x, _: by_page(n=str(x)),
    ],
    "days": [
        lambda x, _: rs.simulate(MODEL, 1, "saline", days=x),
        lambda x, _: by_command("simulate", "saline", "--days", str(x)),
        lambda x, _: by_page(days=str(x)),
    ],
    "replicates": [
        lambda x, tmp: by_protocol(tmp, replicates=x),
        lambda x, tmp: by_grid(tmp, {"n": [4]}, replicates=x),
        lambda x, _: by_command("trial", "zarate2006", "--replicates", str(x)),
        lambda x, _: rs.validate(MODEL, ["zarate2006"], replicates=x),
        lambda x, _: rs.figure(1, replicates=x),
        lambda x, _: by_command("figure", "1", "--replicates", str(x)),
    ],
    "age": [
        lambda x, _: rs.recruit(1, entry=f"age 18-{x:.0f}", model=MODEL),
        lambda x, _: rs.recruit(1, entry=rs.Entry(age=(18, x)), model=MODEL),
        lambda x, tmp: by_protocol(tmp, entry={"age": [18, x]}),
        lambda x, _: by_page(oldest=str(x)),
    ],
    "weight": [
        lambda x, _: rs.simulate(MODEL, 1, "saline", days=1, overrides={"body_weight": x}),
        lambda x, tmp: rs.run_trial(protocol(tmp), 1, model=MODEL, overrides={"weight_maximum": x}),
        lambda x, _: by_command("simulate", "saline", "--set", f"body_weight={x}"),
        lambda x, _: by_page(weight=str(x)),
    ],
    "seed": [
        lambda x, _: rs.recruit(1, seed=x, model=MODEL),
        lambda x, _: rs.simulate(MODEL, rs.People(1, seed=x), "saline", days=1),
        lambda x, tmp: by_protocol(tmp, seed=x),
        lambda x, _: by_command("simulate", "saline", "--seed", str(x)),
        lambda x, _: by_page(seed=str(x)),
    ],
    "visit": [
        lambda x, tmp: by_protocol(tmp, visits=["0 min", f"{x} d"]),
        lambda x, _: by_page(visits=f"{x} d"),
    ],
    "cells": [
        lambda x, tmp: by_grid(tmp, {"dropout": [share / 1000 for share in range(x)]}),
        lambda x, _: by_command("trial", "zarate2006", "--grid", "n=" + ",".join(str(10 + n) for n in range(x))),
    ],
}


@pytest.mark.parametrize(
    ("quantity", "value", "door"),
    [
        (quantity, value, door)
        for quantity, values in SAID.items()
        for value in values
        for door in range(len(DOORS[quantity]))
    ],
)
def test_no_door_lets_in_what_another_refuses(quantity, value, door, tmp_path):
    with pytest.raises(InputError):
        DOORS[quantity][door](value, tmp_path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("quantity", ["dose by weight", "days", "age", "weight"])
def test_what_is_no_finite_number_is_refused_at_every_door_of_python(quantity, value, tmp_path):
    for door in DOORS[quantity][1:3]:
        with pytest.raises((InputError, ValueError)):
            door(value, tmp_path)


@pytest.mark.parametrize("route", ["nasal", "sublingual", "im", "sc", "ip"])
def test_a_duration_that_would_not_be_read_is_refused_at_every_door(route, tmp_path):
    text = f"ketamine 28 mg {route} over 1 h"
    with pytest.raises(InputError) as caught:
        by_record(28.0, False, route, 1.0)
    said = f"the {route} dose of ketamine is given over 1 h. Expected no duration: only iv, inhaled, oral doses are given over a time."
    assert said in str(caught.value)
    table = tmp_path / "people.csv"
    table.write_text(
        f"patient,time_h,drug,dose,unit,route,duration_min\n1,0,ketamine,28,mg,{route},60\n", encoding="utf-8"
    )
    doors = [
        (lambda: by_regimen(text), "infusion"),
        (lambda: by_protocol(tmp_path, regimen=text), "infusion"),
        (lambda: by_page(further=text), ""),
        (lambda: by_command("simulate", text), ""),
        (lambda: rs.read_data(table), "duration"),
    ]
    for door, told in doors:
        with pytest.raises(InputError) as caught:
            door()
        assert told in str(caught.value)


def test_what_every_door_starts_from_is_right(tmp_path):
    read_protocol(protocol(tmp_path), MODEL)
    varied(read_protocol(protocol(tmp_path), MODEL), {"dose": 0.5, "n": 4, "dropout": 0.1})
    parse_regimen(over_every_day(1000, "1 h"))
    assert regimen_faults(Regimen("made", (Dose("ketamine", 20.0, True, "iv", 168.0, (0.0, 9600.0)),))) == []
    assert read_state({}, MODEL)[1] == {}
