"""Algebraic rules, 0 = f -> assignments: each is solved for the quantity that nothing else determines, in which it must be linear.

Which quantity a rule determines is a matching of rules with the quantities that they read and that neither a rule, a reaction nor
an attribute fixes: SBML Level 3 Version 2 Core, section 4.9.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import libsbml
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from resprout.errors import Fault, ModelError
from resprout.exchange.formula_trees import Tree, combined, names_in, number, parts_of, with_replaced

MOST_PARTS = 25_000
"""Of a formula, with the quantities that it reads written out."""
LIMITS = "docs/limits.md lists what an imported model may hold."
Line = tuple[Tree | None, Tree | None]
"""Slope and rest of a straight line, slope x + rest; None for 0."""


def solved_rules(
    model: libsbml.Model, fixed: Iterable[str], assigned: Mapping[str, Tree], file: str
) -> dict[str, Tree]:
    """What the algebraic rules of a model say, as a formula for each quantity that they determine.

    model      of Level 3 Version 2      fixed   names that something else determines
    assigned   formulas of those that are computed      file    name of it, for messages
    raises     ModelError for rules that do not determine a quantity each, or in which it is not linear
    """
    rules = [rule for rule in model.getListOfRules() if rule.isAlgebraic() and rule.isSetMath()]
    if not rules:
        return {}
    free = sorted(_free(model) - set(fixed))
    written = [_written_out(rule.getMath(), assigned, set(free), file) for rule in rules]
    chosen = _matched(rules, written, free, file)
    found: dict[str, Tree] = {}
    for rule, tree, name in zip(rules, written, chosen, strict=True):
        # what earlier rules say goes in, so that no two define each other
        tree = with_replaced(tree, found)
        slope, rest = line_in(tree, name) or (None, None)
        if slope is None or _size(tree) > MOST_PARTS:
            what = f"an algebraic rule that is not linear in `{name}`, which it determines,"
            raise ModelError(_refusal(rule, file, what))
        rest = rest or number(0)
        found[name] = combined(libsbml.AST_DIVIDE, combined(libsbml.AST_MINUS, rest), slope)
    return found


def _free(model: libsbml.Model) -> set[str]:
    """Quantities that may change and that neither a reaction nor an event changes."""
    moved: set[str] = set()
    references = []
    for reaction in model.getListOfReactions():
        for taken in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
            moved.add(taken.getSpecies())
            references += [taken] if taken.isSetIdAttribute() and not taken.getConstant() else []
    species = [s for s in model.getListOfSpecies() if s.getBoundaryCondition() or s.getId() not in moved]
    others = [*model.getListOfParameters(), *model.getListOfCompartments()]
    found = [element for element in (*species, *others) if not element.getConstant()]
    set_by_events = {
        change.getVariable() for event in model.getListOfEvents() for change in event.getListOfEventAssignments()
    }
    return {element.getIdAttribute() for element in (*found, *references)} - set_by_events


def _written_out(tree: Tree, assigned: Mapping[str, Tree], free: set[str], file: str) -> Tree:
    """A formula in which computed quantities that read a free one stand written out."""
    while True:
        inner = {name: assigned[name] for name in names_in(tree) & set(assigned)}
        inner = {name: each for name, each in inner.items() if _reads_free(each, assigned, free)}
        if not inner:
            return tree
        tree = with_replaced(tree, inner)
        if _size(tree) > MOST_PARTS:
            found = f"an algebraic rule has more than {MOST_PARTS:,} parts with what it reads written out."
            raise ModelError(Fault(found, file, "", LIMITS))


def _reads_free(tree: Tree, assigned: Mapping[str, Tree], free: set[str]) -> bool:
    seen: set[str] = set()
    waiting = [tree]
    while waiting:
        names = names_in(waiting.pop()) - seen
        if names & free:
            return True
        seen |= names
        waiting += [assigned[name] for name in names if name in assigned]
    return False


def _matched(rules: list[libsbml.Rule], trees: list[Tree], free: list[str], file: str) -> list[str]:
    """The quantity that each rule determines."""
    reads = np.array([[name in names_in(tree) for name in free] for tree in trees], dtype=float)
    chosen = maximum_bipartite_matching(csr_array(reads), perm_type="column") if free else np.array([-1])
    if (chosen < 0).any():
        found = "an algebraic rule that determines no quantity of its own"
        raise ModelError(*(_refusal(rule, file, found) for rule, of in zip(rules, chosen, strict=False) if of < 0))
    return [free[column] for column in chosen]


def _refusal(rule: libsbml.Rule, file: str, what: str) -> Fault:
    where = f"{file}:{rule.getLine()}" if rule.getLine() else file
    return Fault(f"{what} is not supported.", where, "A rule that can be solved for one quantity was expected.", LIMITS)


def _size(tree: Tree) -> int:
    return sum(1 for _ in parts_of(tree))


def line_in(tree: Tree, name: str) -> Line | None:
    """A formula as a straight line in one quantity; None if it is none.

    returns   (slope, rest), each None where it is 0
    """
    if name not in names_in(tree):
        return None, tree
    kind, inner = tree.getType(), [tree.getChild(index) for index in range(tree.getNumChildren())]
    if kind == libsbml.AST_NAME:
        return number(1), None
    if kind == libsbml.AST_FUNCTION_PIECEWISE:
        return _choice(inner, name)
    lines = [line_in(part, name) for part in inner]
    if kind in (libsbml.AST_PLUS, libsbml.AST_MINUS) and all(line is not None for line in lines):
        slopes, rests = ([line[side] for line in lines if line is not None] for side in (0, 1))
        return _sum(kind, slopes), _sum(kind, rests)
    moving = [index for index, part in enumerate(inner) if name in names_in(part)]
    product = kind == libsbml.AST_TIMES and len(moving) == 1
    if product or (kind == libsbml.AST_DIVIDE and moving == [0]):
        line, place = lines[moving[0]], moving[0]
        if line is None:
            return None
        slope, rest = (None if part is None else _with_part(tree, place, part) for part in line)
        return slope, rest
    return None


def _sum(kind: int, parts: list[Tree | None]) -> Tree | None:
    """A sum, or a difference, of which some parts are 0."""
    if all(part is None for part in parts):
        return None
    return combined(kind, *(number(0) if part is None else part for part in parts))


def _with_part(tree: Tree, place: int, part: Tree) -> Tree:
    """A product or quotient with another factor in one place."""
    inner = [tree.getChild(index) for index in range(tree.getNumChildren())]
    return combined(tree.getType(), *inner[:place], part, *inner[place + 1 :])


def _choice(inner: list[Tree], name: str) -> Line | None:
    """A piecewise formula whose conditions do not read the quantity."""
    values, conditions = inner[::2], inner[1::2]
    lines = [line_in(value, name) for value in values]
    if any(name in names_in(condition) for condition in conditions) or any(line is None for line in lines):
        return None
    sides = []
    for side in (0, 1):
        parts: list[Tree] = []
        for index, line in enumerate(lines):
            assert line is not None
            parts.append(number(0) if line[side] is None else line[side])
            parts += conditions[index : index + 1]
        sides.append(combined(libsbml.AST_FUNCTION_PIECEWISE, *parts))
    return sides[0], sides[1]
