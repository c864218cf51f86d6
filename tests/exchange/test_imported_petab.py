"""Theophylline as a PEtab problem of people: at the estimates its likelihood is that of R's nlme, as far as linearisation goes."""

import pytest
from test_mixed_effects import FIXED, LOG_LIKELIHOOD, MAPPING, MODEL, RECORDED

import resprout as rs
from resprout.app.cli import run


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    """The problem that the command writes."""
    folder = tmp_path_factory.mktemp("theophylline")
    (folder / "model.ant").write_text(MODEL, encoding="utf-8")
    (folder / "map.yaml").write_text(MAPPING, encoding="utf-8")
    words = ["--mapping", str(folder / "map.yaml"), "--model", str(folder / "model.ant"), "--constants", "ka,ke,cl"]
    assert run(["data", "estimate", str(RECORDED), *words, "--petab", str(folder / "problem")]) == 0
    return rs.read_petab(folder / "problem" / "problem.yaml")


def test_everybody_is_an_experiment_of_their_own(problem):
    assert len(problem.experiments) == len(problem.population.groups) == 12 and len(problem.measurements) == 132
    assert problem.population.parameters == ("ka", "ke", "cl")


def test_the_likelihood_at_the_estimates_is_that_of_nlme(problem):
    found = rs.evaluate_petab(problem)
    # nlme linearises the model at each person's estimates, which for these data changes the likelihood by less than a unit
    assert found.log_likelihood == pytest.approx(LOG_LIKELIHOOD, abs=1.0)
    # 132 residuals at each person's own effects, which take up some degrees of freedom
    assert 90 < found.chi2 < 132


def test_away_from_the_estimates_the_likelihood_is_lower(problem):
    best = rs.evaluate_petab(problem).log_likelihood
    assert {name: value for name, value in problem.nominal.items() if name in FIXED}
    for name in ("ka", "cl", "omega_ka", "sigma"):
        assert rs.evaluate_petab(problem, {name: 1.5 * problem.nominal[name]}).log_likelihood < best - 1


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "model.ant").write_text(MODEL, encoding="utf-8")
    (tmp_path / "map.yaml").write_text(MAPPING, encoding="utf-8")
    words = ["--mapping", str(tmp_path / "map.yaml"), "--model", str(tmp_path / "model.ant"), "--constants", "ka"]
    assert run(["data", "estimate", str(RECORDED), *words, "--petab", str(tmp_path / "mine")]) == 2
    assert "--petab" in capsys.readouterr().err and [each.name for each in (tmp_path / "mine").iterdir()] == [
        "notes.txt"
    ]
