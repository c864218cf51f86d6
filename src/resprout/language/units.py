"""Units that the tables of a model may name: those of its units.ant, SBML's own, and those of people and ratings."""

from __future__ import annotations

import re
from pathlib import Path

_UNIT = re.compile(r"^\s*unit\s+(\w+)\s*=", re.MULTILINE)
OF_SBML = ("dimensionless", "second", "litre", "metre", "gram", "kilogram", "mole", "item", "hertz", "volt", "ampere")
OF_PEOPLE = ("hour", "year", "per_year", "cm", "kg", "kg_per_m2", "mmHg", "point", "latent", "per_latent")
OF_MEASUREMENTS = ("percent", "ng_per_mL h")


def known_units(folder: Path) -> list[str]:
    """Names of units that a table of this folder may use."""
    path = folder / "units.ant"
    own = _UNIT.findall(path.read_text(encoding="utf-8")) if path.exists() else []
    return list(dict.fromkeys([*own, *OF_SBML, *OF_PEOPLE]))
