"""A population learned from people: what moves, what the file gives back, and who is too few."""

from dataclasses import replace

import numpy as np
import pytest

from resprout.calibrate import population_update
from resprout.calibrate.population_update import update_population
from resprout.errors import InputError
from resprout.language import load_model
from resprout.patients.read_data import read_data
from resprout.people.draws import draws_of
from resprout.people.named_population import read_population

MODEL = load_model()
EXAMPLE = read_data("example", model=MODEL)


def test_a_group_moves_its_population_and_the_file_gives_it_back(tmp_path, monkeypatch):
    for name, value in {"SELECTED": 200, "DRAWS": 60, "TUNING": 100, "MOST_ROUNDS": 1}.items():
        monkeypatch.setattr(population_update, name, value)
    some = replace(EXAMPLE, people=EXAMPLE.people[:6])
    told = []
    found = update_population(800, some, name="six", model=MODEL, progress=told.append)
    assert found.people + len(found.left_out) == 6 and told[-1] == 6
    table = found.table.set_index("quantity")
    # six people with levels say much of clearance and little of its spread
    assert table.loc["hepatic_flow", "contraction"] > 0.2
    assert (table["lower"] <= table["after"]).all() and (table["after"] <= table["upper"]).all()
    assert (found.table["mean_lower"] < 3).all() and np.isfinite(found.table["mean"]).all()
    path = tmp_path / "six.yaml"
    path.write_text(found.population.saved(), encoding="utf-8")
    own = read_population(path).applied(MODEL)
    assert own.nominal["hepatic_flow"] == found.population.values["hepatic_flow"] != MODEL.nominal["hepatic_flow"]
    assert len(draws_of(own)) == len(draws_of(MODEL))
    spread = {draw["hepatic_flow"] for draw in draws_of(own)}
    assert len(spread) > 50


def test_four_people_are_too_few():
    with pytest.raises(InputError, match="4 people"):
        update_population(800, replace(EXAMPLE, people=EXAMPLE.people[:4]), model=MODEL)
