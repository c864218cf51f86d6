"""The public list of the package."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import resprout


def test_importing_resprout_is_quick_because_it_imports_no_heavy_library():
    heavy = "{'sympy', 'pandas', 'plotly', 'statsmodels', 'numpy', 'scipy', 'numba', 'xarray'}"
    code = f"import sys, resprout; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        resprout.simulat  # noqa: B018


def explained(name):
    """Every public thing under one public name: itself, and the methods and properties of a class of ours."""
    thing = getattr(resprout, name)
    yield name, thing
    if inspect.isclass(thing):
        for word, part in vars(thing).items():
            if not word.startswith("_") and (inspect.isfunction(part) or isinstance(part, property)):
                yield f"{name}.{word}", part


PUBLIC = [pytest.param(thing, id=word) for name in resprout.__all__ for word, thing in explained(name)]


@pytest.mark.parametrize("thing", PUBLIC)
def test_a_public_name_says_what_it_is_and_explains_every_argument_and_field(thing):
    said = inspect.getdoc(thing)
    assert said and said.splitlines()[0].endswith(".")
    if isinstance(thing, property) or (inspect.isclass(thing) and issubclass(thing, Exception)):
        return
    asked = [word for word in inspect.signature(thing).parameters if word != "self"]
    assert [word for word in asked if not re.search(rf"\b{word}\b", said)] == []


def test_the_reference_page_shows_every_public_name():
    page = (Path(__file__).parents[1] / "docs" / "reference.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^::: resprout\S*?\.(\w+)$", page, re.MULTILINE))
    members = set(re.findall(r"\w+", " ".join(re.findall(r"members: \[(.*?)\]", page))))
    assert set(resprout.__all__) <= shown | members
