"""A PEtab problem file of version 1 or 2 -> a PetabProblem: read and checked by libpetab, refused by name where it asks for what we have not."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from resprout.errors import Fault, ModelError, first_faults, need_package, refuse_others
from resprout.exchange.petab_records import PetabProblem
from resprout.exchange.population_tables import EXTENSION, named_files, read_population_tables
from resprout.language.plain_yaml import read_yaml_file

EXPECTED = "Expected the YAML file of a PEtab problem of version 1 or 2."
LIMITS = "docs/guides/petab.md lists what is supported."
LISTS = (
    "parameter_file",
    "parameter_files",
    "condition_files",
    "experiment_files",
    "observable_files",
    "measurement_files",
    "mapping_files",
    "sbml_files",
)


def read_petab(file: str | Path) -> PetabProblem:
    """The problem in a PEtab file.

    file      path of the YAML file of a problem of version 1 or 2
    returns   the checked problem; `rs.evaluate_petab` and `rs.fit_petab` take it
    raises    ModelError with every fault found: libpetab's own, and what is not supported, by name
    """
    refuse_others(("file", file, isinstance(file, str | Path), "the path of a PEtab problem file"))
    need_package("petab", "calibrate")
    need_package("libsbml", "exchange")
    path = Path(file)
    found = read_yaml_file(path)
    faults, config = list(found.faults), found.value if isinstance(found.value, dict) else {}
    version = str(config.get("format_version", ""))
    if version.split(".")[0] not in ("1", "2"):
        told = f"format_version is {version!r}." if version else "there is no format_version."
        faults.append(Fault(told, path.name, EXPECTED, field="format_version"))
    else:
        faults += _file_faults(path, config)
        faults += _unsupported(path.name, config)
    population = read_population_tables(path, config, faults)
    if faults:
        raise ModelError(*first_faults(faults, path.name))
    if version.split(".")[0] == "1":
        from resprout.exchange.petab_version1 import read_version1

        return read_version1(path)
    from resprout.exchange.petab_version2 import read_version2

    return read_version2(path, population)


def _file_faults(path: Path, config: dict[str, Any]) -> Iterator[Fault]:
    """Files that are named and are not there, or that lie on a network."""
    problems = [part for part in _listed(config.get("problems")) if isinstance(part, dict)]
    parts = [config, *problems]
    named = [name for part in parts for key in LISTS for name in _listed(part.get(key))]
    models = config.get("model_files")
    named += [m.get("location") for m in models.values() if isinstance(m, dict)] if isinstance(models, dict) else []
    named += named_files(config)
    for name in dict.fromkeys(str(each) for each in named if each is not None):
        if "://" in name:
            yield Fault(f"`{name}` lies on a network.", path.name, "Expected a file on this machine.")
        elif not (path.parent / name).is_file():
            yield Fault(f"`{name}` is not there.", path.name, f"Expected a file in `{path.parent}`.")


def _unsupported(name: str, config: dict[str, Any]) -> Iterator[Fault]:
    """What a problem may ask for and we have not."""
    if len(_listed(config.get("problems"))) > 1:
        yield Fault("several problems in one file are not supported.", name, "Expected one problem.", LIMITS)
    models = config.get("model_files")
    models = models if isinstance(models, dict) else {}
    sbml = [each for part in _listed(config.get("problems")) for each in _listed(part.get("sbml_files"))]
    if len(models) + len(sbml) > 1:
        yield Fault("several models in one problem are not supported.", name, "Expected one model.", LIMITS)
    for key, model in models.items():
        language = model.get("language") if isinstance(model, dict) else None
        if language != "sbml":
            yield Fault(
                f"model `{key}`: the model language `{language}` is not supported.", name, "Expected sbml.", LIMITS
            )
    extensions, first = config.get("extensions") or {}, str(config.get("format_version", "")).startswith("1")
    for extension in extensions:
        if extension != EXTENSION:
            yield Fault(
                f"the extension `{extension}` is not supported.", name, f"Expected {EXTENSION} or none.", LIMITS
            )
        elif first:
            yield Fault(f"the extension `{extension}` in a problem of version 1.", name, "Expected version 2.", LIMITS)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


class _Told(logging.Handler):
    """Keeps what libpetab logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        (self.errors if record.levelno >= logging.ERROR else self.warnings).append(record.getMessage())


@contextmanager
def libpetab_listening(name: str) -> Iterator[_Told]:
    """Run libpetab: what it logs is kept, what it raises becomes a ModelError.

    name     of the problem file, for messages
    """
    told, logger = _Told(), logging.getLogger("petab")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(told)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield told
    except ModelError:
        raise
    # its readers raise whatever pandas, pydantic, SymPy or their own checks do
    except Exception as error:
        raise ModelError(*petab_faults([*told.errors, str(error)], name)) from error
    finally:
        logger.removeHandler(told)
        logger.propagate = propagate


def petab_faults(messages: list[str], name: str) -> list[Fault]:
    """libpetab's messages as faults, each once."""
    lines = dict.fromkeys(" ".join(message.split())[:400] for message in messages if message.strip())
    return first_faults([Fault(f"PEtab finds: {line.rstrip('.')}.", name) for line in lines], name)
