"""Algebraic rules beside what they say when solved by hand."""

from __future__ import annotations

import libsbml
import numpy as np
import pytest

from resprout.errors import ModelError
from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients

TIMES = np.array([0.0, 0.5, 1.0, 3.0])


def model_file(folder, values, rates, algebraic, *, assigned=(), fixed=(), event=""):
    """A file of parameters under rules.

    values   name -> value at the beginning      rates, assigned   name -> formula
    fixed    constants                           event             what sets x to 6 at a time
    """
    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel()
    for name, value in values.items():
        parameter = model.createParameter()
        parameter.setId(name)
        parameter.setValue(value)
        parameter.setConstant(name in fixed)
    for create, formulas in ((model.createRateRule, dict(rates)), (model.createAssignmentRule, dict(assigned))):
        for name, formula in formulas.items():
            rule = create()
            rule.setVariable(name)
            rule.setMath(libsbml.parseL3Formula(formula))
    for formula in algebraic:
        model.createAlgebraicRule().setMath(libsbml.parseL3Formula(formula))
    if event:
        happening = model.createEvent()
        happening.setUseValuesFromTriggerTime(True)
        trigger = happening.createTrigger()
        trigger.setInitialValue(True)
        trigger.setPersistent(True)
        trigger.setMath(libsbml.parseL3Formula(event))
        change = happening.createEventAssignment()
        change.setVariable("x")
        change.setMath(libsbml.parseL3Formula("6"))
    file = folder / "m.xml"
    file.write_text(libsbml.writeSBMLToString(document), encoding="utf-8")
    return file


def values(file, names):
    """[output, time]"""
    found = run_patients(import_model(file), {}, Events.none(), TIMES, names)
    assert found.message(0) == "solved"
    return found.value[0].T


def test_a_rule_determines_what_nothing_else_does(tmp_path):
    file = model_file(tmp_path, {"x": 4, "y": 0}, {"x": "-x"}, ["2*y + x - 10"])
    x, y = values(file, ["x", "y"])
    # 2 y + x = 10 and x = 4 e^-t; a step is held to 1e-8
    np.testing.assert_allclose(x, 4 * np.exp(-TIMES), rtol=1e-6)
    np.testing.assert_allclose(y, 5 - 2 * np.exp(-TIMES), rtol=1e-6)


def test_rules_that_read_each_others_quantities_are_solved_together(tmp_path):
    file = model_file(tmp_path, {"x": 1, "a": 0, "b": 0}, {"x": "1"}, ["a + b - 3*x", "a - b - x"])
    # a + b = 3 x, a - b = x
    x, a, b = values(file, ["x", "a", "b"])
    np.testing.assert_allclose([a, b], [2 * x, x], rtol=1e-12)


def test_a_rate_may_read_what_a_rule_determines(tmp_path):
    file = model_file(tmp_path, {"x": 2, "y": 0}, {"x": "-0.5*y"}, ["y/2 - x"])
    # y = 2 x, so that x' = -x; a step is held to 1e-8
    np.testing.assert_allclose(values(file, ["x"])[0], 2 * np.exp(-TIMES), rtol=1e-6)


def test_a_rule_may_read_its_quantity_through_an_assignment_rule(tmp_path):
    file = model_file(tmp_path, {"x": 3, "y": 0, "z": 0}, {"x": "1"}, ["z - x"], assigned={"z": "2*y + 1"})
    # 2 y + 1 = x
    x, y = values(file, ["x", "y"])
    np.testing.assert_allclose(y, (x - 1) / 2, rtol=1e-12)


def test_a_rule_with_pieces_holds_in_each(tmp_path):
    file = model_file(tmp_path, {"x": 0, "y": 0}, {"x": "1"}, ["piecewise(y - 1, x < 0.7, 4*y - x)"])
    # y = 1 before x = t = 0.7, and x / 4 from then on
    np.testing.assert_allclose(values(file, ["y"])[0], [1, 1, 0.25, 0.75], rtol=1e-9)


def test_an_event_changes_what_a_rule_determines_at_once(tmp_path):
    file = model_file(tmp_path, {"x": 4, "y": 0}, {"x": "0"}, ["x + y - 10"], event="time >= 1")
    assert values(file, ["y"])[0].tolist() == [6, 6, 4, 4]


@pytest.mark.parametrize("rule", ["y*y - x", "exp(y) - x", "y*(y - x)"])
def test_a_rule_that_is_not_linear_is_refused_with_its_quantity(tmp_path, rule):
    file = model_file(tmp_path, {"x": 4, "y": 2}, {"x": "-x"}, [rule])
    with pytest.raises(ModelError, match=r"an algebraic rule that is not linear in `y`.*not supported"):
        import_model(file)


def test_rules_that_determine_too_much_are_refused(tmp_path):
    file = model_file(tmp_path, {"x": 4, "k": 2}, {"x": "-x"}, ["x - 2*k"], fixed=("k",))
    with pytest.raises(ModelError, match=r"m\.xml"):
        import_model(file)


def test_a_rule_does_not_determine_what_an_event_sets(tmp_path):
    file = model_file(tmp_path, {"x": 4, "k": 2}, {}, ["x - 2*k"], fixed=("k",), event="time >= 1")
    with pytest.raises(ModelError, match="determines no quantity of its own is not supported"):
        import_model(file)
