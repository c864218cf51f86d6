"""The part of the chain between doses and the plasma levels of one drug, as formulas that other programs take."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from resprout.compile.infix import Function, parse_infix, read_functions
from resprout.errors import Fault, InputError
from resprout.language.records import Constant, Equation, Model
from resprout.people.spreads import eta_correlations, eta_name, spread_of

NOTHING, UNITY = ast.Constant(0.0), ast.Constant(1.0)
WEIGHT = "body_weight"
LOGNORMAL, LOGIT = "lognormal", "logit"
AMOUNTS = {"umol": 1, "umol_per_h": 1, "uM": 1, "g_per_mol": -1}
"""By unit: the power of mg/umol by which a constant changes when amounts are counted in mg of the drug."""


@dataclass(frozen=True)
class Effect:
    """One random effect.

    name      of the model
    members   constants that it moves: name, kind (lognormal or logit), standard deviation on that scale
    """

    name: str
    members: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class LevelModel:
    """Formulas of the levels of one drug; amounts in mg of the drug, times in hours, levels in ng/mL.

    outputs     levels                             states      by name: rate of change
    fixed       by name, in order: what follows from constants alone
    moving      by name, in order: what follows from states
    constants   by name: median over people         effects     random effects
    correlation [effect, effect] of the random effects
    meanings    by name of a state, constant or quantity: unit and meaning
    """

    outputs: tuple[str, ...]
    states: Mapping[str, ast.expr]
    fixed: Mapping[str, ast.expr]
    moving: Mapping[str, ast.expr]
    constants: Mapping[str, float]
    effects: tuple[Effect, ...]
    correlation: np.ndarray
    meanings: Mapping[str, str]

    @property
    def spread(self) -> tuple[str, ...]:
        """Names of the constants in which people differ."""
        return tuple(name for effect in self.effects for name, _, _ in effect.members)


def level_model(  # many arguments: the chain, what is observed and how doses enter
    chain: Model,
    outputs: Iterable[str],
    dosed: Iterable[str],
    routes: Mapping[str, str],
    mg_per_umol: float,
    left_out: list[str],
) -> LevelModel:
    """The formulas between the states that doses enter and some levels.

    chain         with the drug whose levels are asked for
    outputs       plasma levels                        dosed      states that receive amounts
    routes        by input of the chain that the route of a dose decides: the constant that takes its place
    mg_per_umol   of the drug that is given            left_out   what the formulas do not carry is added here
    returns       formulas without states that stay empty
    raises        InputError for levels that depend on more than doses
    """
    outputs, dosed = tuple(outputs), set(dosed)
    replaced: dict[str, ast.expr] = dict.fromkeys(chain.inputs, NOTHING)
    replaced |= {name: ast.Name(to) for name, to in routes.items()}
    functions = read_functions(chain.functions)
    found = _reached(chain, outputs, replaced, functions)
    while simpler := _empty_states(chain, found, dosed) | _aliases(chain, found, outputs):
        replaced |= simpler
        found = _reached(chain, outputs, replaced, functions)
    states = {name: tree for name, tree in found.items() if chain.equations[name].kind == "state"}
    depends = set(states)
    order = graphlib.TopologicalSorter({name: _names(tree) & set(found) - set(states) for name, tree in found.items()})
    assigned = [name for name in order.static_order() if name not in states]
    for name in assigned:
        if _names(found[name]) & depends:
            depends.add(name)
    constants = {name for tree in found.values() for name in _names(tree)} - set(found)
    _check(chain, constants, outputs)
    effects, medians = _effects(chain, sorted(constants), left_out)
    names, table = eta_correlations(chain)
    at = [names.index(effect.name) for effect in effects]
    value = {name: _scaled(chain, name, mg_per_umol) for name in sorted(constants)}
    value |= {name: value[name] * factor for name, factor in medians.items()}
    known: dict[str, Constant | Equation] = {**chain.constants, **chain.equations}
    meanings = {name: f"{_unit(known[name].unit)}, {_brief(known[name].meaning)}" for name in (*found, *value)}
    fixed = {name: found[name] for name in assigned if name not in depends}
    moving = {name: found[name] for name in assigned if name in depends}
    return LevelModel(outputs, states, fixed, moving, value, effects, table[np.ix_(at, at)], meanings)


def needed(formulas: Mapping[str, ast.expr], roots: Iterable[ast.expr | str]) -> dict[str, ast.expr]:
    """The formulas that some others read, in order.

    formulas   by name, in order          roots   names of formulas, or formulas that read them
    returns    those among the formulas that are read, directly or through others, and those that are named
    """
    wanted: set[str] = set()
    for root in roots:
        wanted |= {root} if isinstance(root, str) else _names(root)
    for name, tree in reversed(list(formulas.items())):
        wanted |= _names(tree) if name in wanted else set()
    return {name: tree for name, tree in formulas.items() if name in wanted}


def written(tree: ast.expr, name_of: Callable[[str], str], power: str, functions: Mapping[str, str]) -> str:
    """A formula as the text of a program.

    tree        sums, products, powers and elementary functions
    name_of     what the program calls a quantity      power   its operator          functions   by name: its name there
    returns     text with the parentheses it needs
    """
    match tree:
        case ast.Constant(value=int() | float() as value):
            return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))
        case ast.Name(id=name):
            return name_of(name)
        case ast.UnaryOp(operand=inner):
            return f"-{_inner(inner, name_of, power, functions)}"
        case ast.BinOp(left=left, op=operator, right=right):
            sign = {ast.Add: " + ", ast.Sub: " - ", ast.Mult: "*", ast.Div: "/", ast.Pow: power}[type(operator)]
            one = written(left, name_of, power, functions)
            products = isinstance(operator, ast.Mult | ast.Div) and _is_product(left)
            if not isinstance(operator, ast.Add | ast.Sub) and not products:
                one = _inner(left, name_of, power, functions)
            other = _inner(right, name_of, power, functions)
            if isinstance(operator, ast.Add | ast.Sub) and (isinstance(operator, ast.Add) or _is_product(right)):
                bare = written(right, name_of, power, functions)
                other = other if bare.startswith("-") else bare
            return f"{one}{sign}{other}"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{functions[name]}({', '.join(written(each, name_of, power, functions) for each in arguments)})"
    raise InputError(Fault(f"`{ast.unparse(tree)}` cannot be written for another program."))


def _is_product(tree: ast.expr) -> bool:
    """Whether a formula is a product or quotient, which binds its parts before a sum does."""
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div)


def _inner(tree: ast.expr, name_of: Callable[[str], str], power: str, functions: Mapping[str, str]) -> str:
    """A part of a formula, in parentheses unless it is a name, a number above 0 or a call."""
    text = written(tree, name_of, power, functions)
    plain = isinstance(tree, ast.Name | ast.Call) or (isinstance(tree, ast.Constant) and not text.startswith("-"))
    return text if plain else f"({text})"


def _reached(
    chain: Model, outputs: tuple[str, ...], replaced: Mapping[str, ast.expr], functions: Mapping[str, Function]
) -> dict[str, ast.expr]:
    """Every equation that some outputs need, by name, with inputs and empty states put in and zeros left out."""
    found: dict[str, ast.expr] = {}
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        if name in found or name not in chain.equations:
            continue
        found[name] = _put_in(parse_infix(chain.equations[name].text), replaced, functions, chain)
        waiting += sorted(_names(found[name]))
    return found


def _empty_states(chain: Model, found: Mapping[str, ast.expr], dosed: set[str]) -> dict[str, ast.expr]:
    """States that no dose enters and that stay at 0 as long as they are 0, with 0 for each."""
    states = [name for name in found if chain.equations[name].kind == "state" and name not in dosed]
    return {name: NOTHING for name in states if _is(_put_in(found[name], {name: NOTHING}, {}, chain), 0.0)}


def _aliases(chain: Model, found: Mapping[str, ast.expr], outputs: tuple[str, ...]) -> dict[str, ast.expr]:
    """Quantities that are another one, with that one for each."""
    same = {name: tree for name, tree in found.items() if isinstance(tree, ast.Name) and name not in outputs}
    return {name: tree for name, tree in same.items() if chain.equations[name].kind != "state" and tree.id not in same}


def _put_in(
    tree: ast.expr, replaced: Mapping[str, ast.expr], functions: Mapping[str, Function], chain: Model
) -> ast.expr:
    """A formula with names replaced, functions written out, and what is multiplied by 0 left out."""

    def again(part: ast.expr) -> ast.expr:
        return _put_in(part, replaced, functions, chain)

    match tree:
        case ast.Name(id=name):
            constant = chain.constants.get(name)
            is_zero = constant is not None and constant.value == 0 and not constant.spread
            return replaced.get(name, NOTHING if is_zero else tree)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            inside = again(inner)
            return NOTHING if _is(inside, 0.0) else ast.UnaryOp(ast.USub(), inside)
        case ast.BinOp(left=left, op=operator, right=right):
            return _folded(again(left), operator, again(right))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in functions:
            given = dict(zip(functions[name].arguments, map(again, arguments), strict=True))
            return _put_in(functions[name].body, given, functions, chain)
        case ast.Call(func=function, args=arguments):
            return ast.Call(function, [again(each) for each in arguments], [])
    return tree


def _folded(left: ast.expr, operator: ast.operator, right: ast.expr) -> ast.expr:
    """A sum, product or quotient without parts that are 0, and without factors of 1."""
    if isinstance(operator, ast.Mult | ast.Div):
        if _is(left, 0.0) or (_is(right, 0.0) and isinstance(operator, ast.Mult)):
            return NOTHING
        if _is(right, 1.0):
            return left
        if _is(left, 1.0) and isinstance(operator, ast.Mult):
            return right
    if isinstance(operator, ast.Add | ast.Sub) and _is(right, 0.0):
        return left
    if isinstance(operator, ast.Add | ast.Sub) and _is(left, 0.0):
        return right if isinstance(operator, ast.Add) else ast.UnaryOp(ast.USub(), right)
    return ast.BinOp(left, operator, right)


def _is(tree: ast.expr, value: float) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == value


def _names(tree: ast.AST) -> set[str]:
    """Names of quantities that a formula reads."""
    if isinstance(tree, ast.Name):
        return {tree.id}
    parts = tree.args if isinstance(tree, ast.Call) else list(ast.iter_child_nodes(tree))
    return {name for part in parts for name in _names(part)}


def _check(chain: Model, constants: set[str], outputs: tuple[str, ...]) -> None:
    """Refuse levels whose formulas read a quantity in units that do not follow the amounts."""
    strange = sorted(name for name in constants if "mol" in chain.unit(name) and chain.unit(name) not in AMOUNTS)
    if strange:
        found = f"{', '.join(outputs)} depend on `{strange[0]}` in {chain.unit(strange[0])}."
        raise InputError(Fault(found, "", f"Expected constants in {', '.join(AMOUNTS)}.", "Export the model as SBML."))


def _scaled(chain: Model, name: str, mg_per_umol: float) -> float:
    """The value of a constant where amounts are in mg."""
    constant = chain.constants[name]
    return float(constant.value * mg_per_umol ** AMOUNTS.get(constant.unit, 0))


def _effects(
    chain: Model, constants: Iterable[str], left_out: list[str]
) -> tuple[tuple[Effect, ...], dict[str, float]]:
    """Random effects of some constants, and by constant the median against the shipped value where they differ."""
    members: dict[str, list[tuple[str, str, float]]] = {}
    medians = {}
    for name in constants:
        constant = chain.constants[name]
        spread = spread_of(constant)
        if spread is None or constant.value == 0:
            continue
        word, size = spread
        if word == "cv":
            variance = float(np.log1p(size * size))
            medians[name], size, word = float(np.exp(-variance / 2)), variance**0.5, "logsd"
        kind = {"logsd": LOGNORMAL, "logit": LOGIT}.get(word)
        if kind is None:
            left_out.append(f"how people differ in {name} ({constant.spread})")
            continue
        members.setdefault(eta_name(constant), []).append((name, kind, size))
    return tuple(Effect(name, tuple(own)) for name, own in members.items()), medians


def _brief(meaning: str) -> str:
    """The first part of a meaning, without the symbol of its source."""
    return re.sub(r" \[[^\]]*\]", "", meaning).partition(";")[0]


def _unit(unit: str) -> str:
    """The unit of a quantity where amounts are in mg."""
    return {"umol": "mg", "umol_per_h": "mg/h", "uM": "mg/L", "g_per_mol": "ng/mL per mg/L"}.get(unit, unit)
