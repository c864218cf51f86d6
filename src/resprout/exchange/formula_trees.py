"""Formulas as libSBML's trees: made from parts, looked through for names, with names replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import libsbml

Tree: TypeAlias = libsbml.ASTNode


def number(value: float) -> Tree:
    """A number as a formula."""
    tree = Tree(libsbml.AST_REAL)
    tree.setValue(float(value))
    return tree


def named(name: str) -> Tree:
    """A name as a formula."""
    tree = Tree(libsbml.AST_NAME)
    tree.setName(name)
    return tree


def combined(kind: int, *parts: Tree) -> Tree:
    """An operation on formulas."""
    tree = Tree(kind)
    for part in parts:
        tree.addChild(part.deepCopy())
    return tree


def parts_of(tree: Tree) -> Iterator[Tree]:
    """Every part of a formula, the whole first; without recursion, since a sum of thousands of terms is as deep."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += [part.getChild(index) for index in range(part.getNumChildren())]


def names_in(tree: Tree) -> set[str]:
    """The names that a formula reads."""
    return {part.getName() for part in parts_of(tree) if part.getType() == libsbml.AST_NAME}


def with_replaced(tree: Tree, formulas: Mapping[str, Tree]) -> Tree:
    """A copy of a formula in which names stand written out.

    formulas   name -> what stands in its place, as it is
    """
    if tree.getType() == libsbml.AST_NAME and tree.getName() in formulas:
        return formulas[tree.getName()].deepCopy()
    copy = tree.deepCopy()
    places = [(part, index) for part in parts_of(copy) for index in range(part.getNumChildren())]
    read = [(part, index, part.getChild(index)) for part, index in places]
    found = [(part, index, child.getName()) for part, index, child in read if child.getType() == libsbml.AST_NAME]
    for part, index, name in found:
        if name in formulas:
            part.replaceChild(index, formulas[name].deepCopy(), True)
    return copy
