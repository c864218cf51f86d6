"""Drug levels of observed people as a PEtab problem: the engine gives the levels that it gives the same people without PEtab."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_level_export import CASES, MODEL, TOLERANCE, by_engine, read

import resprout as rs
from resprout.app.cli import run
from resprout.exchange.level_petab import level_problem
from resprout.exchange.level_records import level_records
from resprout.exchange.petab_objective import Objective


def written_problem(tmp_path, data):
    """The problem of some people, read back; and what it does not carry."""
    texts, left = level_problem(level_records(data, MODEL), 0.15)
    (tmp_path / "problem").mkdir()
    for name, text in texts.items():
        (tmp_path / "problem" / name).write_text(text, encoding="utf-8")
    return rs.read_petab(tmp_path / "problem" / "problem.yaml"), left


@pytest.mark.parametrize("name", ["infusion of the racemate with metabolites", "spray", "another drug by mouth"])
def test_a_written_problem_gives_the_levels_of_the_engine(tmp_path, name):
    data = read(tmp_path, CASES[name])
    problem, _ = written_problem(tmp_path, data)
    expected = by_engine(data)
    objective = Objective(problem)
    # the typical person, whose medians `level_model` puts below the means of the shipped constants where the spread is a cv
    typical = {each: MODEL_VALUES[each] for each in problem.nominal if each in MODEL_VALUES}
    found = objective.predict(objective.vectors(typical)).simulation[0]
    given = [(each.observable.removeprefix("measured_"), each.time) for each in problem.measurements]
    assert len(given) == len(expected)
    assert dict(zip(given, found, strict=True)) == pytest.approx(expected, rel=TOLERANCE)


MODEL_VALUES = {name: constant.value for name, constant in MODEL.constants.items()}
"""Values of the shipped constants; amounts in a problem are in mg of the drug, so that a few differ by its molar mass."""


def test_the_problem_of_the_example_has_its_people_and_can_be_evaluated(tmp_path, capsys):
    folder = tmp_path / "out"
    assert run(["data", "export", "example", "--to", "petab", "--out", str(folder)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    data = rs.read_data("example")
    levels = [each for who in data.people for _, each in who.observations if each.kind == "level"]
    above = [each for each in levels if not each.below]
    problem = rs.read_petab(folder / "problem.yaml")
    assert len(problem.measurements) == len(above)
    assert "not carried: MADRS: not in the problem" in said
    if len(above) < len(levels):
        assert f"{len(levels) - len(above)} levels below the limit of quantification" in said
    seen = sorted(each.value for each in problem.measurements)
    assert seen == pytest.approx(sorted(each.value for each in above))
    assert len(problem.population.groups) == len({each.experiment for each in problem.measurements})
    assert np.isfinite([each.nominal for each in problem.parameters]).all()
