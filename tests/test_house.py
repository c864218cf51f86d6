"""House rules of the source tree: names of modules, sizes of files and functions, numbers of arguments."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import resprout
from resprout.app.cli import COMMANDS

SOURCE = Path(__file__).parents[1] / "src" / "resprout"
MODULES = [path for path in sorted(SOURCE.rglob("*.py")) if "__pycache__" not in path.parts]
LONGEST_FILE, LONGEST_FUNCTION = 350, 45
MOST_ARGUMENTS, MOST_PUBLIC_ARGUMENTS = 7, 8
PUBLIC = {*resprout.__all__, *(command.__name__ for command in COMMANDS)}
REASON = re.compile(r"# many arguments: \w+")
FEEDS_THE_ENGINE = {"language", "compile", "solve", "people", "dosing", "simulation"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """A module's path below the package."""
    return path.relative_to(SOURCE).as_posix()


def functions(path: Path) -> list[Function]:
    """Every function and method of a module."""
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, Function)]


def arguments(function: Function) -> list[str]:
    """Names of a function's arguments, without self and cls."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return [each.arg for each in every if each.arg not in ("self", "cls")]


def gives_a_reason(path: Path, function: Function) -> bool:
    """Whether the line that opens the definition says why it takes many arguments."""
    return bool(REASON.search(path.read_text(encoding="utf-8").splitlines()[function.lineno - 1]))


def test_no_two_modules_share_a_name():
    counts = Counter(path.name for path in MODULES if path.name != "__init__.py")
    assert [name for name, count in counts.items() if count > 1] == []


def test_no_file_is_longer_than_its_limit():
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_its_limit():
    found = [
        f"{name_of(path)}:{function.lineno} {function.name} has {length} lines"
        for path in MODULES
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert found == []


def test_no_function_takes_more_arguments_than_its_limit_without_a_reason():
    found = []
    for path in MODULES:
        for function in functions(path):
            most = MOST_PUBLIC_ARGUMENTS if function.name in PUBLIC else MOST_ARGUMENTS
            if len(arguments(function)) > most and not gives_a_reason(path, function):
                found.append(f"{name_of(path)}:{function.lineno} {function.name} takes {len(arguments(function))}")
    assert found == []


def adds_whole_numbers(term: ast.expr) -> bool:
    """Whether an expression is evidently a whole number or a truth value."""
    called = isinstance(term, ast.Call) and isinstance(term.func, ast.Name) and term.func.id in ("len", "int", "bool")
    shifted = isinstance(term, ast.BinOp) and isinstance(term.op, ast.LShift)
    return called or shifted or isinstance(term, ast.Compare)


def test_what_feeds_the_engine_adds_no_floats_by_the_builtin_sum():
    # from Python 3.12 on it rounds the sum of floats once, before at every term: the bits of a run would depend on it
    found = []
    for path in MODULES:
        if name_of(path).split("/")[0] not in FEEDS_THE_ENGINE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum":
                first = node.args[0]
                from_an_array = len(node.args) == 2 and isinstance(node.args[1], ast.Call)
                if not ((isinstance(first, ast.GeneratorExp) and adds_whole_numbers(first.elt)) or from_an_array):
                    found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def test_every_file_that_the_architecture_page_names_exists():
    root = SOURCE.parents[1]
    named = set()
    for page in ("ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = (root / page).read_text(encoding="utf-8")
        named |= set(re.findall(r"`((?:[a-z_0-9]+/)+[\w.]+\.(?:py|tsv|ant|yaml|md))`", text))
    missing = [name for name in sorted(named) if not (root / name).exists() and not (SOURCE / name).exists()]
    assert missing == []


def test_modules_are_imported_by_name_only_where_a_package_lists_its_public_names():
    by_text = [name_of(path) for path in MODULES if "import_module(" in path.read_text(encoding="utf-8")]
    assert by_text == ["__init__.py", "trial/__init__.py"]
