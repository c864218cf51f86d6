"""Print the lowest versions that pyproject.toml admits, as constraints for pip: `name==floor`, a line a package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

FLOOR = re.compile(r"^\s*([A-Za-z0-9_.-]+)\s*>=\s*([0-9][\w.]*)")
TOOLS = ("test", "docs")
"""Extras of this project's own development, which are not what a user installs."""


def lowest(project: dict) -> list[str]:
    """Constraints of what a plain installation and every extra for users needs."""
    extras = {name: needs for name, needs in project["optional-dependencies"].items() if name not in TOOLS}
    needed = [*project["dependencies"], *(need for needs in extras.values() for need in needs)]
    found = (FLOOR.match(need) for need in needed)
    return sorted({f"{match[1]}=={match[2]}" for match in found if match})


if __name__ == "__main__":
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    print("\n".join(lowest(tomllib.loads(text)["project"])))
