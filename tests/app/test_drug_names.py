"""Quantities of a drug bear its name on the command line too: shown, set, described, and refused where nobody takes it."""

import json

import pytest

from resprout.app.cli import run as command

LANICEMINE = "lanicemine 100 mg iv over 60 min"


def told(capsys, *words):
    code = command([*words])
    out, err = capsys.readouterr()
    return code, out, err


def test_levels_of_a_drug_are_shown_with_their_unit(capsys):
    code, out, _ = told(
        capsys, "simulate", LANICEMINE, "--patients", "3", "--days", "1", "--outputs", "lanicemine_plasma", "--json"
    )
    assert code == 0
    [row] = json.loads(out)["rows"]
    assert (row["endpoint"], row["unit"]) == ("lanicemine_plasma", "ng_per_mL")
    assert row["farthest"] > 10


@pytest.mark.parametrize("name", ["escitalopram_brain", "escitalopram_SERT_Kd", "escitalopram_M1_hill"])
def test_a_quantity_of_a_drug_of_the_library_is_described(capsys, name):
    code, out, _ = told(capsys, "describe", name, "--json")
    assert code == 0 and json.loads(out)["name"] == name


def test_what_reads_a_constant_of_a_drug_is_said(capsys):
    _, out, _ = told(capsys, "describe", "escitalopram_SERT_Kd", "--json")
    assert json.loads(out)["read_by"] == ["SERT_under_drugs"]


def test_a_drug_outside_the_library_is_answered_with_how_to_add_one(capsys):
    code, _, err = told(capsys, "simulate", "psilocybin 25 mg oral", "--patients", "3")
    assert code == 2
    assert "--drug FILE" in err and "saline" not in err
