"""Imported models beside libRoadRunner and COPASI, by the command that a user gives."""

from __future__ import annotations

import json

import pytest

from resprout.app.cli import run
from resprout.crosscheck.imported_comparison import LIMIT, compare_imported
from resprout.exchange.imported_model import import_model

pytest.importorskip("roadrunner")
GROWING = (
    "model growing\n compartment C = 2; species S in C; substanceOnly species Q in C; S = 3; Q = 1;\n"
    " C' = 0.1; J: S -> Q; C*0.2*S; x = 0; x' = piecewise(1, time > 2, 0); z := S + Q;\n"
    " E: at (S < 1): S = 2;\nend\n"
)


def imported(folder, text: str):
    file = folder / "m.ant"
    file.write_text(text, encoding="utf-8")
    return import_model(file)


def test_every_output_of_the_file_is_compared(tmp_path):
    rows = compare_imported(imported(tmp_path, GROWING), 10.0, ["S", "Q", "C", "J", "x", "z", "S_amount"])
    assert [row["output"] for row in rows] == ["S", "Q", "C", "J", "x", "z"]
    assert all(row["libRoadRunner"] <= LIMIT and row["COPASI"] is None for row in rows)


def test_where_libroadrunner_differs_copasi_is_asked(tmp_path, monkeypatch):
    pytest.importorskip("basico")
    from resprout.crosscheck import imported_comparison

    honest = imported_comparison._road_runner

    def off(*arguments):
        found = honest(*arguments)
        return found and {name: values * 1.01 for name, values in found.items()}

    monkeypatch.setattr(imported_comparison, "_road_runner", off)
    rows = compare_imported(imported(tmp_path, GROWING), 10.0, ["S", "Q", "x"])
    # amounts are compared as the concentrations that COPASI reports; its tolerance is 1e-10
    assert all(row["libRoadRunner"] > LIMIT and row["COPASI"] < 1e-6 for row in rows)


def test_the_command_compares_a_file(tmp_path, capsys):
    imported(tmp_path, GROWING)
    assert run(["check", str(tmp_path / "m.ant"), "--numerics", "--until", "10", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["differ"] == [] and {row["output"] for row in told["rows"]} >= {"S", "Q", "x"}


def test_the_command_refuses_an_end_that_is_none(tmp_path, capsys):
    imported(tmp_path, GROWING)
    assert run(["check", str(tmp_path / "m.ant"), "--numerics", "--until", "-1"]) == 2
    assert "--until" in capsys.readouterr().err


@pytest.mark.parametrize("priorities", ["", ", priority = 2"])
def test_events_of_one_moment_are_compared_in_the_order_of_the_file(tmp_path, priorities):
    file = tmp_path / "m.ant"
    file.write_text(
        "compartment C = 1; species S in C; S = 3; k = 0.1; J: S -> ; C*k*S;\n"
        f"swell: at (time >= 4){priorities}: C = 2; refill: at (time >= 4){priorities}: S = 5;",
        encoding="utf-8",
    )
    rows = compare_imported(import_model(file), 10.0, ["S", "C"])
    assert all(row["libRoadRunner"] <= LIMIT and row["COPASI"] is None for row in rows)
