"""Equation text of the chain -> nodes of a graph: names, numbers, + - * / ^, exp, ln, sqrt and the functions of functions.ant."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resprout.compile.graph import Graph, Node
from resprout.errors import Fault, ModelError

_FUNCTION = re.compile(r"function\s+(?P<name>\w+)\s*\((?P<arguments>[^)]*)\)(?P<body>.*?)\bend\b", re.DOTALL)
_COMMENT = re.compile(r"//[^\n]*")
LookUp = Callable[[str], Node]


@dataclass(frozen=True)
class Function:
    """A function of functions.ant: names of its arguments, and its body."""

    arguments: tuple[str, ...]
    body: ast.expr


@functools.lru_cache(maxsize=16)
def read_functions(text: str) -> dict[str, Function]:
    """The functions of functions.ant by name."""
    found = {}
    for match in _FUNCTION.finditer(_COMMENT.sub("", text)):
        arguments = tuple(word.strip() for word in match["arguments"].split(","))
        found[match["name"]] = Function(arguments, parse_infix(" ".join(match["body"].split())))
    return found


@functools.lru_cache(maxsize=4096)
def parse_infix(text: str) -> ast.expr:
    """The syntax tree of a formula.

    raises   ModelError if it is none
    """
    try:
        return ast.parse(text.replace("^", "**"), mode="eval").body
    except SyntaxError as trouble:
        raise ModelError(Fault(f"`{text[:60]}` is no formula: {trouble.msg}.")) from None


def infix_node(graph: Graph, text: str, look_up: LookUp, functions: Mapping[str, Function]) -> Node:
    """The node of a formula.

    look_up     gives the node of a name
    functions   that the formula may call, beside exp, ln and sqrt
    """
    return _Reader(graph, functions).node(parse_infix(text), look_up)


class _Reader:
    """Builds nodes from a syntax tree."""

    def __init__(self, graph: Graph, functions: Mapping[str, Function]) -> None:
        self.graph, self.functions = graph, functions
        self.known = {"exp": graph.exp, "ln": graph.log, "sqrt": graph.sqrt}
        self.operations = {
            ast.Add: graph.add,
            ast.Sub: graph.subtract,
            ast.Mult: graph.multiply,
            ast.Div: graph.divide,
            ast.Pow: graph.power,
        }

    def node(self, tree: ast.expr, look_up: LookUp) -> Node:
        """The node of one part of a formula."""
        match tree:
            case ast.Constant(value=int() | float() as value):
                return self.graph.number(float(value))
            case ast.Name(id=name):
                return look_up(name)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.graph.negate(self.node(inner, look_up))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in self.operations:
                build = self.operations[type(operator)]
                return build(self.node(left, look_up), self.node(right, look_up))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, [self.node(argument, look_up) for argument in arguments])
        expected = "It has + - * / ^, exp, ln, sqrt and the functions of functions.ant."
        raise ModelError(Fault(f"`{ast.unparse(tree)}` uses what the engine does not have.", "", expected))

    def call(self, name: str, arguments: list[Node]) -> Node:
        """The node of a call: an elementary function, or the body of one of the model's with its arguments in place."""
        if name in self.known and len(arguments) == 1:
            return self.known[name](*arguments)
        function = self.functions.get(name)
        if function is None or len(function.arguments) != len(arguments):
            found = f"`{name}` is called with {len(arguments)} arguments."
            raise ModelError(Fault(found, "", "Expected a function of functions.ant with as many."))
        return self.node(function.body, dict(zip(function.arguments, arguments, strict=True)).__getitem__)
