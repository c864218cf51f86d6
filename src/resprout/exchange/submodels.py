"""An SBML document with submodels (the package `comp`) -> one without: libSBML writes them out, under names such as `inner__x`.

What they would expand to is counted beforehand, since a short text can hold submodels in submodels without end. Files in which
external definitions lie are looked for beside the file, and held to the same limits.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import libsbml

from resprout.errors import Fault, ModelError
from resprout.exchange.file_limits import MOST_QUANTITIES, MOST_SUBMODELS, check_sbml_text
from resprout.exchange.model_text import read_text

PACKAGE = "comp"
EXTERNAL = re.compile(r"<(?:\w+:)?externalModelDefinition\b[^>]*?\bsource\s*=\s*[\"']([^\"']+)[\"']")
MOST_FILES = 20
COUNTED = ("Species", "Parameters", "Compartments", "Reactions", "Events", "FunctionDefinitions")


def external_texts(path: Path, text: str) -> tuple[tuple[str, str], ...]:
    """The files that an SBML text refers to for models, directly or through others, as (path, text).

    path     of the file that the text is from
    raises   ModelError for files that cannot be read, are too large or are too many
    """
    found: dict[str, str] = {}
    waiting = [(path, text)]
    while waiting:
        beside, holder = waiting.pop()
        for source in dict.fromkeys(EXTERNAL.findall(holder)):
            file = (beside.parent / source.removeprefix("file:")).resolve()
            if str(file) in found or file == path.resolve():
                continue
            if len(found) >= MOST_FILES:
                said = f"more than {MOST_FILES} files with external model definitions are referred to."
                raise ModelError(Fault(said, path.name, "Expected fewer."))
            if not file.is_file():
                said = f"the model in `{source}` is not there."
                raise ModelError(Fault(said, beside.name, "Expected a file beside the one that refers to it."))
            found[str(file)] = read_text(file, xml=True)
            check_sbml_text(found[str(file)], file.name)
            waiting.append((file, found[str(file)]))
    return tuple(found.items())


def location(path: str) -> str:
    """Where a file lies, as libSBML looks for others beside it."""
    return f"file:{Path(path).resolve().as_posix()}"


def has_submodels(document: libsbml.SBMLDocument) -> bool:
    """Whether a document is written with the package."""
    return document.getLevel() > 2 and document.getPlugin(PACKAGE) is not None


def check_submodels(document: libsbml.SBMLDocument, name: str) -> None:
    """Refuse a document whose submodels would expand to too much; libSBML writes them out to check them, so that it comes first.

    document  with the package, its location known        name   of its file, for messages
    raises    ModelError
    """
    submodels, quantities = _expanded(document)
    if submodels > MOST_SUBMODELS or quantities > MOST_QUANTITIES:
        found = f"the model has {submodels:,} submodels and {quantities:,} quantities when all are written out."
        raise ModelError(Fault(found, name, f"Expected at most {MOST_SUBMODELS:,} and {MOST_QUANTITIES:,}."))


def write_out_submodels(document: libsbml.SBMLDocument, name: str) -> None:
    """Change a document into one without submodels.

    document  sound, with the package, its location known        name   of its file, for messages
    raises    ModelError with what libSBML says if it cannot be done
    """
    wanted = libsbml.ConversionProperties()
    wanted.addOption("flatten comp", True)
    wanted.addOption("performValidation", False)
    if document.convert(wanted) != libsbml.LIBSBML_OPERATION_SUCCESS:
        serious = (libsbml.LIBSBML_SEV_ERROR, libsbml.LIBSBML_SEV_FATAL)
        errors = [document.getError(index) for index in range(document.getNumErrors())]
        said = [" ".join(error.getMessage().split()) for error in errors if error.getSeverity() in serious]
        found = "the submodels could not be written out."
        raise ModelError(*(Fault(each, name, "Sound SBML was expected.") for each in said or [found]))


def _expanded(document: libsbml.SBMLDocument) -> tuple[int, int]:
    """Submodels and quantities of a document's model when all submodels are written out."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}

    def of(holder: libsbml.SBMLDocument, model: Any, name: str) -> tuple[int, int]:
        key = (holder.getLocationURI(), name)
        if key in counts:
            return counts[key]
        counts[key] = (0, 0)  # a model within itself is for libSBML to refuse
        total = [0, sum(len(getattr(model, f"getListOf{kind}")()) for kind in COUNTED)]
        plugin = model.getPlugin(PACKAGE)
        for index in range(plugin.getNumSubmodels() if plugin is not None else 0):
            submodel = plugin.getSubmodel(index)
            found = _defined(holder, submodel.getModelRef())
            inner = (0, 0) if found is None else of(*found)
            total = [total[0] + 1 + inner[0], total[1] + inner[1]]
        counts[key] = (total[0], total[1])
        return counts[key]

    return of(document, document.getModel(), "")


def _defined(document: libsbml.SBMLDocument, name: str) -> tuple[libsbml.SBMLDocument, Any, str] | None:
    """A model definition by its name, in the document or in another one: (document that holds it, it, its name)."""
    plugin = document.getPlugin(PACKAGE)
    if plugin is None:
        return None
    own = plugin.getModelDefinition(name)
    if own is not None:
        return document, own, name
    outside = plugin.getExternalModelDefinition(name)
    model = outside.getReferencedModel() if outside is not None else None
    return (model.getSBMLDocument(), model, model.getId()) if model is not None else None
