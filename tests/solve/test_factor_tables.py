"""Loops over tables solve the systems that written-out code solves, and let large imported models start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_systems import machine_kernel, numpy_kernel, robertson, step_of, system_of

from resprout.compile import equations
from resprout.compile.equations import Equations
from resprout.compile.factor_tables import factor_tables, factorise_in, substitute_in
from resprout.compile.graph import Graph, Node
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.compile.order import minimum_degree
from resprout.compile.system import System
from resprout.solve.tableau import RODAS4

OVER = NumpyArithmetic()


def ring(states: int) -> System:
    """Each state is made from the next and binds the one after that: a sparse Jacobian that fills in."""

    def rates(graph: Graph, *y: Node) -> list[Node]:
        found = []
        for index in range(states):
            made = graph.multiply(graph.number(0.5 + index / states), y[(index + 1) % states])
            lost = graph.multiply(y[index], graph.add(graph.one, y[(index + 7) % states]))
            found.append(graph.subtract(made, lost))
        return found

    return system_of([f"y{index}" for index in range(states)], rates)


@pytest.mark.parametrize("seed", range(5))
def test_tables_solve_a_sparse_system(seed):
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 30))
    matrix = np.where(random.random((size, size)) < 0.2, random.normal(size=(size, size)), 0.0)
    matrix[np.arange(size), np.arange(size)] = 5 + random.random(size)
    nonzero = {(int(row), int(column)) for row, column in np.argwhere(matrix)}
    tables = factor_tables(minimum_degree(size, nonzero))
    factors = np.array([[matrix[place]] for place in tables.places])
    right = random.normal(size=(size, 2))
    wide = np.repeat(factors, 2, axis=1)
    factorise_in(OVER, tables, wide)
    found = right.copy()
    substitute_in(OVER, tables, wide, found)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-10)


CASES = {"robertson": (robertson(), [0.8, 2e-5, 0.2]), "ring": (ring(23), np.linspace(0.1, 1.0, 23))}


@pytest.mark.parametrize("case", CASES)
def test_a_step_by_tables_is_the_step_written_out(case, monkeypatch):
    system, typical = CASES[case]
    state = np.array(typical)[:, None] * np.linspace(0.7, 1.3, 8)
    written = step_of(machine_kernel(system, RODAS4), state, 0.1)
    monkeypatch.setattr(equations, "is_large", lambda system, elimination: True)
    found, expected = (step_of(kind(system, RODAS4), state, 0.1) for kind in (machine_kernel, numpy_kernel))
    for name in ("new", "stages", "dense", "outputs"):
        # sums are reordered: some roundings of the largest state
        for known in (getattr(written, name), getattr(expected, name)):
            assert np.abs(getattr(found, name) - known).max() <= 1e-11 * max(np.abs(known).max(), 1.0), name
    np.testing.assert_allclose(found.error, written.error, rtol=1e-7)


def test_large_imported_models_alone_have_tables():
    wide, small = ring(400), ring(20)
    assert Equations(wide, ("y0",)).elimination.products > equations.MOST_WRITTEN_OUT
    assert [Equations(each, ("y0",)).tabled for each in (wide, small)] == [False, False]
    imported = [Equations(replace(each, any_scale=True), ("y0",)).tabled for each in (wide, small)]
    assert imported == [True, False]
