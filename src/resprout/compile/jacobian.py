"""Rates as nodes -> their Jacobian as nodes, in few products: intermediate values are eliminated from the graph, cheapest first.

Following every state forwards through the graph multiplies the same partial derivatives again for each state; following every
rate backwards does so for each rate. Taking out one intermediate value at a time, wherever that costs least, beats both.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from resprout.compile.graph import SYMBOL, Graph, Node

Jacobian = dict[tuple[int, int], Node]


def jacobian(graph: Graph, rates: Sequence[Node]) -> Jacobian:
    """Partial derivatives of rates with respect to the graph's states; those that are zero everywhere are left out.

    returns   (rate, state) -> node
    """
    web = _Web(graph, rates)
    while web.waiting:
        cost, node = heapq.heappop(web.waiting)
        if node not in web.below:
            continue
        now = web.cost(node)
        if now > cost:
            heapq.heappush(web.waiting, (now, node))
        else:
            web.eliminate(node)
    place = {name: index for index, name in enumerate(graph.states)}
    return {
        (web.row[top], place[graph.symbol[leaf]]): derivative
        for top in web.row
        for leaf, derivative in web.below[top].items()
        if graph.symbol[leaf] in place and derivative != graph.zero
    }


class _Web:
    """Edges between values that move, each with a derivative.

    below   [value][argument] -> derivative        above    argument -> values that read it
    row     of each rate; rates are values of their own beyond the graph's nodes
    waiting heap of (cost, value) to be eliminated; an entry may be older than its value's cost
    """

    def __init__(self, graph: Graph, rates: Sequence[Node]) -> None:
        self.graph = graph
        self.below: dict[Node, dict[Node, Node]] = {}
        self.above: dict[Node, set[Node]] = {}
        self.row = {-1 - index: index for index in range(len(rates))}
        for index, rate in enumerate(rates):
            self.below[-1 - index] = {}
            if not graph.is_invariant(rate):
                self._join(-1 - index, rate, graph.one)
        for node in graph.reachable(rates, stop_at_invariant=True):
            if graph.is_invariant(node) or graph.kind[node] == SYMBOL:
                continue
            self.below[node] = {}
            for argument, derivative in graph.partials(node):
                self._join(node, argument, derivative)
        inner = [node for node in self.below if node not in self.row]
        self.waiting = [(self.cost(node), node) for node in inner]
        heapq.heapify(self.waiting)

    def _join(self, top: Node, bottom: Node, derivative: Node) -> None:
        known = self.below[top].get(bottom)
        self.below[top][bottom] = derivative if known is None else self.graph.add(known, derivative)
        self.above.setdefault(bottom, set()).add(top)

    def cost(self, node: Node) -> tuple[int, int]:
        """Operations that are left to every step when a value is eliminated, then edges."""
        graph, operations = self.graph, 0
        below, above = self.below[node], self.above.get(node, set())
        for top in above:
            first = self.below[top][node]
            for bottom, second in below.items():
                plain = graph.is_number(first) or graph.is_number(second)
                operations += not (plain or (graph.is_invariant(first) and graph.is_invariant(second)))
                operations += bottom in self.below[top]
        return operations, len(below) * len(above)

    def eliminate(self, node: Node) -> None:
        """Join every value that reads this one to every value that this one reads."""
        below, above = self.below.pop(node), self.above.pop(node, set())
        for bottom in below:
            self.above[bottom].discard(node)
        for top in above:
            first = self.below[top].pop(node)
            for bottom, second in below.items():
                self._join(top, bottom, self.graph.multiply(first, second))
        near = {other for other in (*below, *above) if other in self.below and other not in self.row}
        for other in near:
            heapq.heappush(self.waiting, (self.cost(other), other))
