"""Patients of an imported model: as many as are drawn, the same however they are split, stored and resumed as others are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import resprout as rs
from resprout.exchange.imported_model import import_model
from resprout.simulation import Numerics
from resprout.simulation.dosed_model import dosed
from resprout.simulation.imported_population import make_imported_request, patients_of, solve_numbers
from resprout.simulation.run_check import check_run
from resprout.simulation.stream import Part, run_stream
from resprout.simulation.workers import open_pool

PLAIN = """model two
  compartment C = 2
  species drug in C, deep in C
  drug = 5; deep = 0; k = 0.3; q = 0.5; start = 3
  ratio := (drug + 1)^1.7 * exp(-deep) + sin(drug)
  J0: drug -> deep; C*q*drug
  J1: deep -> drug; C*0.2*deep
  J2: drug -> ; C*k*drug/(1 + drug^1.3)
end"""
PULSED = PLAIN.replace("end", "  late: at (time >= 6): drug = drug + start\n  low: at (deep > 2.6): deep = deep/2\nend")
TIMED = PLAIN.replace("k*drug", "k*drug*piecewise(1, time < 4*q, 3)")
LOTS = """model lots
  n = 0; n' = 0; a = 0; b = 0; a' = 0; b' = 0; k = 1; x = 1; x' = -k*x
  E1: at (time >= n + 1), priority = 1, persistent = false: n = n + 1, a = a + 1
  E2: at (time >= n + 1), priority = 1, persistent = false: n = n + 1, b = b + 1
end"""
VARY = "k=lognormal(cv=0.3), q=normal(0.5, 0.1, min=0.2), drug=lognormal(cv=0.2), corr(k, q)=0.5"


def imported(tmp_path, text):
    path = tmp_path / "model.ant"
    path.write_text(text, encoding="utf-8")
    return import_model(path)


def request_of(model, count, vary=VARY, outputs=None, hours=12.0):
    names = tuple(outputs or (name for name in model.equations if name != model.clock))
    people = patients_of(model, count, vary, 3, {})
    return make_imported_request(dosed(model, ()), np.linspace(0.0, hours, 13), names, {}, people, Numerics())


@pytest.mark.parametrize(
    ("text", "vary"),
    [(PLAIN, VARY), (PULSED, VARY), (TIMED, VARY), (LOTS, "k=lognormal(cv=0.5)")],
    ids=["plain", "events", "a condition on time that differs", "events by lot"],
)
def test_a_patient_has_the_same_bits_however_the_population_is_split(tmp_path, text, vary):
    request = request_of(imported(tmp_path, text), 40, vary)
    whole = solve_numbers(request, np.arange(40))
    singly = Part.joined([solve_numbers(request, np.array([number])) for number in (0, 7, 23, 39)])
    parts = Part.joined([solve_numbers(request, np.arange(first, first + 20)) for first in (0, 20)])
    assert parts.digest() == whole.digest()
    assert singly.value.tobytes() == whole.value[[0, 7, 23, 39]].tobytes()
    assert (whole.status == 0).all() and len(np.unique(whole.value[:, -1], axis=0)) > 3


def test_a_patient_is_the_same_in_a_larger_population(tmp_path):
    model = imported(tmp_path, PLAIN)
    few, many = (rs.simulate_imported(model, 12, patients=count, vary=VARY) for count in (3, 300))
    for name in few.data_vars:
        assert np.array_equal(few[name].values, many[name].values[:3]), name


# a pulse of 1e-4 h that a state sets off: 8 e^-kt = 4 at ln(2)/k; the first patients are run again in short pieces
NARROW = "x = 8; x' = -k*x; k = 0.5; y = 0; y' = 1e4*exp(-((x - 4)*5e3)^2)"


def test_what_the_first_patients_need_holds_for_all(tmp_path):
    model = imported(tmp_path, NARROW)
    vary = "k=lognormal(cv=0.1)"
    people = patients_of(model, 30, vary, 3, {})
    request = make_imported_request(dosed(model, ()), np.linspace(0.0, 4.0, 5), ("x", "y"), {}, people, Numerics())
    assert request.pieces > 1
    whole = rs.simulate_imported(model, 4, patients=30, vary=vary, seed=3, outputs=["y"])
    # integral over x of 1e4 exp(-(5000 (x - 4))^2) / (k x), at x = 4: 1e4 sqrt(pi) / 5000 / (4 k)
    by_hand = 1e4 * np.sqrt(np.pi) / 5e3 / (4 * whole["k"].values)
    assert whole["y"].sel(time_h=4).values == pytest.approx(by_hand, rel=1e-4)


def test_drawn_values_and_those_of_a_table_are_run(tmp_path):
    model = imported(tmp_path, "x = 8; k = 0.5; x' = -k*x;")
    drawn = rs.simulate_imported(model, 2, patients=50, vary="k=lognormal(cv=0.4), x=uniform(4, 8)", seed=9)
    # x0 e^-2k; a step is held to 1e-8
    assert drawn["x"].sel(time_h=2).values == pytest.approx(
        drawn["x"].sel(time_h=0).values * np.exp(-2 * drawn["k"].values), rel=1e-6
    )
    table = pd.DataFrame({"ID": ["a", "b"], "k": [0.5, 1.0]})
    rows = rs.simulate_imported(model, 2, patients=table)
    assert rows["x"].sel(time_h=2).values == pytest.approx([8 * np.exp(-1), 8 * np.exp(-2)], rel=1e-6)
    assert rows["k"].values.tolist() == [0.5, 1.0]


def test_a_value_that_is_set_is_the_centre(tmp_path):
    model = imported(tmp_path, "x = 8; k = 0.5; x' = -k*x;")
    run = rs.simulate_imported(model, 1, patients=4, vary="k=lognormal(cv=0)", overrides={"k": 2.0, "x": 1.0})
    assert run["x"].sel(time_h=1).values == pytest.approx(np.full(4, np.exp(-2)), rel=1e-6)


@pytest.mark.parametrize(
    ("patients", "vary", "overrides", "said"),
    [
        (10, None, {}, "nothing says how the patients differ"),
        (0, "k=normal(1, 1)", {}, "number of patients is 0"),
        (2.5, "k=normal(1, 1)", {}, "number of patients is 2.5"),
        (5, "kk=normal(1, 1)", {}, "Did you mean `k`"),
        (5, "twice=normal(1, 1)", {}, "`twice` is computed by the model"),
        (5, "k=normal(1, 1)", {"k": 2.0}, "`k` is set, and drawn around a value of its own"),
        (5, "k=lognormal(cv=1)", {"x": [1.0, 2.0]}, "`x` is set to 2 values"),
        ({"k": [1.0, 2.0]}, "k=normal(1, 1)", {}, "`k` is drawn and in the table"),
        ({"k": [1.0, np.nan]}, None, {}, "row 2 is no finite number"),
        ({"k": [1.0, 2.0], "x": [1.0]}, None, {}, "columns of different lengths"),
        ({"k": ["a", "b"]}, None, {}, "something that is no number"),
        ({"id": [1, 2]}, None, {}, "holds no parameters"),
        (5, 7, {}, "`vary` is 7"),
    ],
)
def test_patients_that_make_no_sense_are_refused(tmp_path, patients, vary, overrides, said):
    model = imported(tmp_path, "x = 8; k = 0.5; x' = -k*x; twice := 2*x;")
    with pytest.raises(rs.InputError) as caught:
        rs.simulate_imported(model, 1, patients=patients, vary=vary, overrides=overrides)
    assert said in str(caught.value)


def test_values_that_are_no_numbers_are_named_with_the_first_patient(tmp_path):
    model = imported(tmp_path, "x = 1; k = 1; x' = -k; side := sqrt(x);")
    run = rs.simulate_imported(model, 2, patients={"k": [0.1, 1.0, 0.2]}, outputs=["side"])
    # 1 - t falls below zero after the first hour: 100 of the 201 moments of one patient of three
    assert "`side` is not a number" in run.attrs["notes"]
    assert "at 100 of 603 times, first in patient 1 at 1.01 h" in run.attrs["notes"]


def stored(target, request, stop_after=None):
    from resprout.simulation.store import open_store

    class Stopped(Exception):
        pass

    with open_store(target, request, request.model) as kept, open_pool(None, 1) as pool:

        def keep(first, part):
            kept.keep(first, part)
            if stop_after is not None and first // request.chunk + 1 >= stop_after:
                raise Stopped

        try:
            found = run_stream(request, pool, keep=keep, kept=kept.kept())
        except Stopped:
            return None
        kept.finish(found.digest)
    return found.digest


def test_a_stopped_run_of_an_imported_model_goes_on_to_the_same_digest(tmp_path, monkeypatch):
    pytest.importorskip("zarr")
    monkeypatch.setattr("resprout.simulation.imported_population.CHUNK_BYTES", 64.0)
    request = request_of(imported(tmp_path, PLAIN), 200, outputs=["drug", "deep"])
    assert request.chunk == 64
    whole = stored(tmp_path / "whole.zarr", request)
    assert stored(tmp_path / "run.zarr", request, stop_after=2) is None
    assert stored(tmp_path / "run.zarr", request) == whole
    assert check_run(tmp_path / "run.zarr").digest == whole
    assert check_run(tmp_path / "run.zarr").patients == 200


def test_another_population_is_not_continued(tmp_path):
    model = imported(tmp_path, PLAIN)
    keys = {request_of(model, count, vary).key for count in (9, 10) for vary in (VARY, "k=lognormal(cv=0.3)")}
    assert len(keys) == 4
    same = request_of(model, 9)
    assert same.key == dataclasses.replace(same, numerics=Numerics(threads=1)).key
