"""What a Python call gives -> plain numbers, lists and mappings: NumPy scalars and arrays and pandas Series are welcome wherever those are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def plain_of(given: object) -> Any:
    """A NumPy scalar or an array without axes as Python's own value; anything else as it is."""
    if isinstance(given, np.generic) or (isinstance(given, np.ndarray) and given.ndim == 0):
        return given.item()
    return given


def number_of(given: object) -> float | None:
    """A number as a float: Python's, NumPy's or an array without axes; None if it is none, or is true or false."""
    found = plain_of(given)
    try:
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    except OverflowError:  # a whole number of more than 300 digits
        return None


def whole_of(given: object) -> int | None:
    """A whole number as an int, of the same kinds; None if it is none. A float is none, even 3.0."""
    found = plain_of(given)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def numbers_of(given: object) -> tuple[float, ...] | None:
    """Numbers in order, from a list, an array of one axis, a Series or a single number; None if any is no number."""
    single = number_of(given)
    members = [given] if single is not None else _members(given)
    found = [number_of(member) for member in members] if members is not None else [None]
    numbers = tuple(each for each in found if each is not None)
    return numbers if len(numbers) == len(found) else None


def names_of(given: object) -> tuple[str, ...] | None:
    """Names in order, from a list, an array or an Index; None if any is no text, or if text alone is given."""
    members = _members(given)
    if members is None or not all(isinstance(member, str) for member in members):
        return None
    return tuple(str(member) for member in members)


def mapping_of(given: object) -> dict[Any, Any] | None:
    """A mapping as a dict, from any mapping or a Series; None if it is neither."""
    if isinstance(given, Mapping):
        return {plain_of(name): plain_of(value) for name, value in given.items()}
    items = getattr(given, "items", None)
    return mapping_of(dict(items())) if items is not None and getattr(given, "ndim", 0) == 1 else None


def _members(given: object) -> list[Any] | None:
    """The members of what has one axis; None for text, mappings, tables and single values."""
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        return None
    return list(given) if getattr(given, "ndim", 1) == 1 else None
