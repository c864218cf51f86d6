"""A System -> a smaller one that gives the same outputs: drops states that stay zero and those that no output depends on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from resprout.compile import graph as g
from resprout.compile.graph import Graph, Node
from resprout.compile.system import System


def prune(
    system: System,
    outputs: Iterable[str],
    perturbed: Collection[str],
    start: Mapping[str, float],
    inactive: Collection[str],
) -> System:
    """Leave out what cannot matter.

    outputs     names that are asked for
    perturbed   states and inputs that a dose, a block or a patient's constants change
    start       first guess of every state's steady value
    inactive    inputs that are zero at the steady state
    returns     a System on a new graph

    A state that starts at zero, is not dosed and has no inflow stays zero: a drug that is not given, a depot that is not used.
    One that nothing else drives, and whose rate is a straight line in it, stays where that line is zero.
    """
    outputs = tuple(outputs)
    names = (*system.assigned, *system.states, *outputs)
    zero_inputs = frozenset(name for name in inactive if name not in perturbed)
    zero = {name for name in system.states if start[name] == 0 and name not in perturbed}
    while True:
        trial = _rebuild(system, system.states, dict.fromkeys(zero_inputs | zero, system.graph.zero), names)
        still = {
            name
            for name, rate in zip(system.states, trial.rate, strict=True)
            if name in zero and rate == trial.graph.zero
        }
        if still == zero:
            break
        zero = still
    while constant := _constant(trial, perturbed):
        trial = _rebuild(trial, tuple(name for name in trial.states if name not in constant), constant, names)
    needed = _needed(trial, [trial.node(name) for name in outputs])
    return _rebuild(trial, tuple(name for name in trial.states if name in needed), {}, outputs)


def _constant(system: System, perturbed: Collection[str]) -> dict[str, Node]:
    """States that nothing drives and whose rate is a straight line in them, each with the value at which it is zero."""
    graph, found = system.graph, {}
    for index, (name, rate) in enumerate(zip(system.states, system.rate, strict=True)):
        own = graph.name(name)
        if name in perturbed or graph.reads[rate] != graph.reads[own]:
            continue
        derivative = graph.derivative(rate, index)
        if graph.is_invariant(derivative):
            at_zero = _copies(graph, graph, [rate], {name: graph.zero})[rate]
            found[name] = graph.negate(graph.divide(at_zero, derivative))
    return found


def _needed(system: System, targets: list[Node]) -> set[str]:
    graph = system.graph
    rates = dict(zip(system.states, system.rate, strict=True))
    waiting = {graph.states[index] for node in targets for index in graph.reads_states(node)}
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= {graph.states[index] for index in graph.reads_states(rates[name])} - found
    return found


def _rebuild(system: System, states: tuple[str, ...], replaced: Mapping[str, Node], assigned: Iterable[str]) -> System:
    """The same equations on a new graph: some symbols replaced by other nodes, only these states, only constants that are read."""
    new = Graph(states, system.inputs)
    rates = dict(zip(system.states, system.rate, strict=True))
    outputs = {name: system.node(name) for name in assigned}
    copies = _copies(system.graph, new, [*(rates[name] for name in states), *outputs.values()], replaced)
    rate = tuple(copies[rates[name]] for name in states)
    kept = {name: copies[node] for name, node in outputs.items()}
    read = {new.symbol[node] for node in new.reachable([*rate, *kept.values()]) if new.kind[node] == g.SYMBOL}
    constants = tuple(name for name in system.constants if name in read)
    inputs = tuple(name for name in system.inputs if name in read)
    return System(new, states, constants, inputs, rate, kept, system.any_scale)


def _copies(old: Graph, new: Graph, targets: Iterable[Node], replaced: Mapping[str, Node]) -> dict[Node, Node]:
    """Every node needed for the targets -> its like on a graph, which may be the same, with some symbols replaced."""
    copies = copy_nodes(old, new, old.reachable(replaced.values()), {})
    symbols = {old.name(symbol): copies[node] for symbol, node in replaced.items()}
    # what replaces a symbol may hold the symbol itself, so its own copy goes before
    return copy_nodes(old, new, old.reachable(targets), {**copies, **symbols})


def copy_nodes(old: Graph, new: Graph, nodes: Iterable[Node], known: Mapping[Node, Node]) -> dict[Node, Node]:
    """Nodes in order of evaluation -> their like on a graph.

    known   nodes whose like is given, which may be another operation altogether
    """
    copies = dict(known)
    for node in nodes:
        if node not in copies:
            copies[node] = _copy(old, new, node, [copies[argument] for argument in old.arguments[node]])
    return copies


def _copy(old: Graph, new: Graph, node: Node, inner: list[Node]) -> Node:
    kind = old.kind[node]
    if kind == g.CONSTANT:
        return new.number(old.value[node])
    if kind == g.SYMBOL:
        return new.name(old.symbol[node])
    if kind == g.CALL:
        return new.call(old.symbol[node], *inner)
    if kind in (g.LESS, g.AT_MOST, g.EQUAL):
        return new.compare(kind, *inner)
    build: dict[int, Callable[..., Node]] = {
        g.SELECT: new.select,
        g.ADD: new.add,
        g.MULTIPLY: new.multiply,
        g.RECIPROCAL: new.reciprocal,
        g.EXP: new.exp,
        g.LOG: new.log,
        g.SQRT: new.sqrt,
        g.POWER: new.power,
    }
    return build[kind](*inner)
