"""Observed people beside the published data of a fit: groups of observations, how they move a constant, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from resprout.calibrate.fitted_parameters import read_quantities
from resprout.calibrate.observed_people import ObservedPeople
from resprout.calibrate.posterior_mode import Problem, fit_problem
from resprout.calibrate.write_package import write_model
from resprout.errors import InputError
from resprout.language import load_model
from resprout.patients.read_data import read_data
from resprout.people.draws import draws_of

MODEL = load_model()
EXAMPLE = read_data("example", model=MODEL)


@pytest.fixture(scope="module")
def block():
    return ObservedPeople.of(MODEL, EXAMPLE, {})


def test_a_group_is_an_endpoint_at_a_time(block):
    table = EXAMPLE.table
    for endpoint in ("MADRS", "ketamine_venous"):
        hours = table.loc[table["endpoint"] == endpoint, "time_h"].nunique()
        assert sum(endpoint in name for name in block.names) == hours
    day = table[(table["endpoint"] == "MADRS") & (table["time_h"] == 24)]
    level = table[(table["endpoint"] == "ketamine_venous") & (table["time_h"] == 1.5)]
    observed = dict(zip(block.names, block.observed, strict=True))
    assert observed["MADRS 24-24 h"] == pytest.approx(day["value"].mean())
    assert observed["ketamine_venous 1.5-1.5 h"] == pytest.approx(np.median(np.log(level["value"])))


def test_less_placebo_response_leaves_higher_ratings_and_the_same_levels(block):
    usual, less = block.residuals([{}, {"placebo_depth": 0.05}])
    moved = dict(zip(block.names, less - usual, strict=True))
    assert moved["MADRS 168-168 h"] > 0.3
    assert all(abs(value) < 1e-9 for name, value in moved.items() if name.startswith("ketamine"))


def test_people_alone_bring_a_constant_back(block):
    quantities = tuple(each for each in read_quantities(MODEL) if each.name == "hepatic_flow")
    prior = quantities[0].prior
    true = {"hepatic_flow": 1.2 * prior}
    # as if ten times as many people had been seen a hundred times
    theirs = replace(block, observed=block.observed + block.sd * block.residuals([true])[0], sd=block.sd / 30)
    problem = Problem(MODEL, quantities, (theirs,), np.zeros(1), f"test of people {block.digest}")
    found = fit_problem(problem, most_steps=6, progress=lambda _: None)
    assert found.values["hepatic_flow"] == pytest.approx(1.2 * prior, rel=0.03)


def test_few_people_are_not_used_and_said():
    few = replace(EXAMPLE, people=EXAMPLE.people[:4])
    with pytest.raises(InputError, match="seen in 5 people"):
        ObservedPeople.of(MODEL, few, {})
    first, *others = EXAMPLE.people
    seen = [each for each in first.occasions[0].observations if each.endpoint == "MADRS"]
    late = replace(seen[-1], time_h=500.0)
    more = replace(
        first, occasions=(replace(first.occasions[0], observations=(*first.occasions[0].observations, late)),)
    )
    found = ObservedPeople.of(MODEL, replace(EXAMPLE, people=(more, *others[:9])), {})
    assert found.left_out == ("MADRS 500-500 h: seen in 1 people, fewer than 5",)


def test_a_fitted_model_is_a_folder_that_loads(tmp_path):
    folder = write_model(
        tmp_path / "mine", MODEL, {"placebo_depth": 0.3}, [{"placebo_depth": 0.2}, {"placebo_depth": 0.4}]
    )
    own = load_model(folder)
    assert own.nominal["placebo_depth"] == 0.3
    assert [draw["placebo_depth"] for draw in draws_of(own)] == [0.2, 0.4]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]
