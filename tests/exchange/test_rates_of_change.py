"""The function `rateOf` beside derivatives worked out by hand, and files of Level 1."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.errors import ModelError
from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients

TIMES = np.array([0.0, 1.0, 4.0])
LEVEL_1 = (
    '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model name="m">'
    '<listOfCompartments><compartment name="C" volume="1"/></listOfCompartments>'
    '<listOfSpecies><species name="S" compartment="C" initialAmount="8" boundaryCondition="false"/></listOfSpecies>'
    '<listOfParameters><parameter name="k" value="0.5"/></listOfParameters><listOfReactions><reaction name="J" reversible="false">'
    '<listOfReactants><speciesReference species="S"/></listOfReactants><kineticLaw formula="k * S"/></reaction></listOfReactions>'
    "</model></sbml>"
)


def solved(folder, text: str, names, name: str = "m.ant"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    found = run_patients(import_model(file), {}, Events.none(), TIMES, names)
    assert found.message(0) == "solved"
    return found.value[0].T


def test_the_rate_of_a_concentration_follows_the_size_of_its_compartment(tmp_path):
    text = "compartment C = 1; C' = 0.3; species S in C; S = 4; J: S -> ; 0.6; z := rateOf(S);"
    # the amount is 4 - 0.6 t and the size 1 + 0.3 t: by the quotient rule (-0.6 (1 + 0.3 t) - 0.3 (4 - 0.6 t)) / (1 + 0.3 t)^2
    size = 1 + 0.3 * TIMES
    np.testing.assert_allclose(solved(tmp_path, text, ["z"])[0], -1.8 / size**2, rtol=1e-7)


def test_the_rate_of_what_nothing_changes_is_zero(tmp_path):
    assert solved(tmp_path, "k = 3; x = 1; x' = 1 + rateOf(k); z := rateOf(k);", ["z"])[0].tolist() == [0, 0, 0]


def test_a_beginning_may_be_a_rate(tmp_path):
    # y begins at x' = -0.5 4
    assert solved(tmp_path, "x = 4; x' = -0.5*x; y = rateOf(x); y' = 0;", ["y"])[0].tolist() == [-2, -2, -2]


def test_the_rate_of_what_a_rule_computes_is_refused(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("x = 4; x' = -0.5*x; y := 2*x; z := rateOf(y);", encoding="utf-8")
    with pytest.raises(ModelError, match="rateOf"):
        import_model(file)


def test_a_file_of_level_1_is_read_in_seconds(tmp_path):
    # 8 e^(-0.5 t); a step is held to 1e-8
    np.testing.assert_allclose(solved(tmp_path, LEVEL_1, ["S"], "m.xml")[0], 8 * np.exp(-0.5 * TIMES), rtol=1e-6)
    assert import_model(tmp_path / "m.xml").time_unit == "second"
