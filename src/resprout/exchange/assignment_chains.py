"""Which assigned quantity reads which -> a fault where so many depend on each other that libSBML's search for circles does not end.

libSBML and Antimony list every pair of assignments of which one depends on the other, directly or through others, and look through
the list for each: the time grows with the cube of the length of a chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import libsbml

from resprout.errors import Fault, ModelError

MOST_PAIRS = 50_000  # some seconds
ASSIGNMENT = re.compile(r"(?:^|[;\n])[ \t]*\$?(\w+)[ \t]*:?=[ \t]*([^;\n]*)")
NAME = re.compile(r"[A-Za-z_]\w*")


def check_chains_of_text(bare: str, name: str) -> None:
    """Refuse an Antimony text, without its comments, whose assignments make chains that are too long.

    raises    ModelError
    """
    reads: dict[str, set[str]] = {}
    for target, formula in ASSIGNMENT.findall(bare):
        reads.setdefault(target, set()).update(NAME.findall(formula))
    _check(reads, name)


def check_chains(model: libsbml.Model, name: str) -> None:
    """Refuse a model whose assignments make chains that are too long.

    raises    ModelError
    """
    reads: dict[str, set[str]] = {}
    rules = [rule for rule in model.getListOfRules() if rule.isAssignment()]
    laws = [(reaction.getId(), reaction.getKineticLaw()) for reaction in model.getListOfReactions()]
    given = [(each.getSymbol(), each) for each in model.getListOfInitialAssignments()]
    for target, element in (*((rule.getVariable(), rule) for rule in rules), *given, *laws):
        if element is not None and element.isSetMath():
            reads.setdefault(target, set()).update(_names(element.getMath()))
    _check(reads, name)


def _names(tree: libsbml.ASTNode) -> Iterable[str]:
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if part.getType() == libsbml.AST_NAME:
            yield part.getName()
        waiting += [part.getChild(index) for index in range(part.getNumChildren())]


def _check(reads: Mapping[str, set[str]], name: str) -> None:
    pairs = dependent_pairs(reads)
    if pairs > MOST_PAIRS:
        found = f"{pairs:,} pairs of its assignments depend on one another, directly or through others."
        expected = f"Expected at most {MOST_PAIRS:,}: libSBML looks through all of them for each."
        raise ModelError(Fault(found, name, expected, "Shorten the chains: write some assignments out."))


def dependent_pairs(reads: Mapping[str, set[str]]) -> int:
    """How many pairs there are of which one depends on the other.

    reads   names that each assigned quantity reads; others than assigned ones do not count
    """
    place = {name: index for index, name in enumerate(reads)}
    below: dict[str, int] = {}
    for start in reads:
        waiting = [start]
        while waiting:
            name = waiting[-1]
            inner = [other for other in reads[name] if other in place]
            if name not in below:
                below[name] = 0  # in a circle; libSBML tells of it
                waiting += [other for other in inner if other not in below]
                continue
            waiting.pop()
            for other in inner:
                below[name] |= 1 << place[other] | below[other]
    return sum(bits.bit_count() for bits in below.values())
