"""Small systems with exact solutions, and both ways to compute a step of them: NumPy and machine code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from resprout.compile.equations import Equations
from resprout.compile.graph import Graph, Node
from resprout.compile.machine import host_width, load_code, object_codes
from resprout.compile.system import System
from resprout.solve.driver_arrays import open_lanes, open_workspace
from resprout.solve.kernel_code import Kernel
from resprout.solve.kernels import ARGUMENTS, write_kernels
from resprout.solve.reference import NumpyKernel
from resprout.solve.tableau import Tableau


def system_of(states: Sequence[str], rates: Callable[..., Sequence[Node]], constants: Sequence[str] = ()) -> System:
    """A system whose rates are built by (graph, nodes of states, nodes of constants)."""
    graph = Graph(states, ())
    found = rates(graph, *(graph.name(name) for name in (*states, *constants)))
    return System(graph, tuple(states), tuple(constants), (), tuple(found), {})


def driven() -> System:
    """y' = y cos t with t a state: y = exp(sin t)."""
    return system_of(("y", "t"), lambda graph, y, t: (graph.multiply(y, graph.call("cos", t)), graph.one))


def linear() -> System:
    """y' = k y."""
    return system_of(("y",), lambda graph, y, k: (graph.multiply(k, y),), ("k",))


def robertson() -> System:
    """Robertson's stiff reactions: Hairer and Wanner II, section IV.1, eq. (1.4)."""

    def rates(graph: Graph, a: Node, b: Node, c: Node) -> Sequence[Node]:
        slow = graph.multiply(graph.number(0.04), a)
        fast = graph.multiply(graph.number(3e7), graph.multiply(b, b))
        back = graph.multiply(graph.number(1e4), graph.multiply(b, c))
        return (
            graph.subtract(back, slow),
            graph.subtract(graph.subtract(slow, back), fast),
            fast,
        )

    return system_of(("a", "b", "c"), rates)


def numpy_kernel(system: System, tableau: Tableau) -> NumpyKernel:
    return NumpyKernel(Equations(system, system.states), tableau, system.states)


def machine_kernel(system: System, tableau: Tableau) -> Kernel:
    width = host_width()
    texts, layout = write_kernels(system, system.states, tableau, width)
    engine, address = load_code(object_codes(texts), ARGUMENTS)
    return Kernel(layout, width, address, tableau, engine)


def step_of(
    kernel: Any, state: np.ndarray, size: float, constants: Sequence[float] = (), tolerance: float = 1e-6
) -> SimpleNamespace:
    """One step attempted from a state [state, lane]; returns all arrays by name."""
    limits, width = np.array([tolerance, *[tolerance * 1e-2] * len(state)]), state.shape[1]
    lanes, work = open_lanes(kernel.layout, width, limits), open_workspace(kernel.layout, width, limits)
    arrays = {**lanes._asdict(), **work._asdict()}
    lanes.state[:], lanes.peak[:] = state, np.abs(state)
    lanes.constants[: len(constants)] = np.reshape(constants, (-1, 1))
    kernel.interpreted("prepare", arrays)()
    lanes.proposed[:], lanes.goal[:], lanes.due[:] = size, np.inf, size / 2
    with np.errstate(all="ignore"):
        kernel.interpreted("attempt_step", arrays)()
        kernel.interpreted("observe", arrays)()
    return SimpleNamespace(**arrays)
