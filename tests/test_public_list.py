"""The public list of the package."""

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import resprout


def test_importing_resprout_is_quick_because_it_imports_no_heavy_library():
    heavy = "{'sympy', 'pandas', 'plotly', 'statsmodels', 'numpy', 'scipy', 'numba', 'xarray'}"
    code = f"import sys, resprout; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout.strip()
        == "[]"
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


STATISTICAL = [
    module
    for package in ("statistics", "trial")
    for module in sorted((Path(resprout.__file__).parent / package).glob("*.py"))
    if module.stem != "__init__"
]
ROWS_OF_PUBLIC = ("run_trial", "figure", "validate", "import_model", "long_table")
"""Public functions outside those modules whose arguments are documented in rows."""


ARRAY = re.compile(r"(Numbers|People|NDArray\[[\w.]+\])( \| None)?")
AXES_AND_UNIT = r"{} {{2,}}(\[[^\]]*\]|scalar) {{2,}}\S+ {{2,}}\S"


def documented_functions():
    """Module-level public functions of statistics and trials, and the public functions named above."""
    for path in STATISTICAL:
        module = import_module(f"resprout.{path.parent.name}.{path.stem}")
        for name, thing in vars(module).items():
            if inspect.isfunction(thing) and thing.__module__ == module.__name__ and not name.startswith("_"):
                yield pytest.param(thing, id=f"{path.stem}.{name}")
    for name in ROWS_OF_PUBLIC:
        yield pytest.param(getattr(resprout, name), id=name)


@pytest.mark.parametrize("function", list(documented_functions()))
def test_each_argument_has_a_row_of_its_own_with_axes_and_unit_where_it_is_an_array(function):
    lines = (inspect.getdoc(function) or "").splitlines()
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        rows = [line for line in lines if re.match(rf"{name} {{2,}}\S", line)]
        others = [each for each in inspect.signature(function).parameters if each != name]
        if len(rows) != 1:
            found.append(f"{name} has {len(rows)} rows")
        elif any(re.search(rf" {{3,}}{other} {{2,}}\S", rows[0]) for other in others):
            found.append(f"{name} shares its row")
        elif ARRAY.fullmatch(str(parameter.annotation)) and not re.match(AXES_AND_UNIT.format(name), rows[0]):
            found.append(f"{name} has no axes, unit and meaning")
    assert found == []


def test_the_reference_page_shows_every_public_name():
    page = (Path(__file__).parents[1] / "docs" / "reference.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^::: resprout\S*?\.(\w+)$", page, re.MULTILINE))
    members = set(re.findall(r"\w+", " ".join(re.findall(r"members: \[(.*?)\]", page))))
    assert set(resprout.__all__) <= shown | members


def test_type_hints_are_shipped():
    assert (Path(resprout.__file__).parent / "py.typed").is_file()
