"""A model and names of drugs -> the same model with each drug under its own name; and the form of it that kernels are compiled from.

Kernels are compiled for numbered instances of the drug template (drug1, drug2, ...), so that every scenario with the same
number of drugs shares them; the constants of the named drug are put in when a kernel runs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resprout.language.load import model_with_places
from resprout.language.records import Equation, Model

_PLACE = re.compile(r"\bdrug([1-9]\d*)_")


def library_drugs(model: Model) -> tuple[str, ...]:
    """Drugs that a scenario can add: those of drugs.tsv with kinetics in blood or a level in the brain."""
    needed = ("central_volume", "ip_brain_peak", "local_brain_peak")
    own = {row["drug"]: set[str]() for row in model.tables["drugs"]}
    for row in model.tables["drugs"]:
        own[row["drug"]].add(row["property"])
    family = {drug for drug, parts in own.items() if "S_share" in parts}
    known = {drug for drug in own for part in needed if f"{drug}_{part}" in model.constants}
    return tuple(sorted(known - family))


def with_drugs(model: Model, drugs: Iterable[str]) -> Model:
    """The model with an instance of the drug template for each of these drugs of its library.

    drugs     names; one that is there already, and ketamine with its enantiomers, adds nothing
    returns   the same model if nothing is added
    """
    library = set(library_drugs(model))
    wanted = tuple(drug for drug in dict.fromkeys((*model.drugs, *drugs)) if drug in library)
    if wanted == model.drugs:
        return model
    return _with(model, wanted)


def with_drug_of(model: Model, name: str) -> Model:
    """The model with the drug that the name of a quantity begins with; the same model if it is none of a drug."""
    return with_drugs(model, [drug for drug in library_drugs(model) if name.startswith(f"{drug}_")])


def with_drugs_named(model: Model, names: Iterable[str]) -> Model:
    """The model with the drugs that these names of quantities begin with, for instance `memantine_plasma`."""
    unknown = [name for name in names if name not in model.equations and name not in model.constants]
    return with_drugs(model, [d for d in library_drugs(model) if any(name.startswith(f"{d}_") for name in unknown)])


@functools.lru_cache(maxsize=64)
def _with(model: Model, drugs: tuple[str, ...]) -> Model:
    form = _form(model, len(drugs))

    def own(text: str) -> str:
        return _PLACE.sub(lambda found: f"{drugs[int(found[1]) - 1]}_", text)

    def renamed(equation: Equation) -> Equation:
        if "drug" not in equation.text and "drug" not in equation.name:
            return equation
        return replace(
            equation,
            name=own(equation.name),
            text=own(equation.text),
            meaning=_meaning(equation.meaning, drugs),
            reads=tuple(own(name) for name in equation.reads),
        )

    neutral = (constant for name, constant in form.constants.items() if _PLACE.match(name))
    added = {own(c.name): replace(c, name=own(c.name), meaning=_meaning(c.meaning, drugs)) for c in neutral}
    return replace(
        model,
        constants={**added, **model.constants},
        states=tuple(renamed(state) for state in form.states),
        assigned=tuple(renamed(equation) for equation in form.assigned),
        digest=f"{model.digest.partition('+')[0]}+{'+'.join(drugs)}",
        structure=folder_part(model),
        drugs=drugs,
    )


def _meaning(text: str, drugs: Sequence[str]) -> str:
    return re.sub(r"\bdrug([1-9]\d*)\b", lambda found: drugs[int(found[1]) - 1].replace("_", "-"), text)


def with_places(model: Model, places: int) -> Model:
    """The model with so many numbered instances of the drug template, at the model's values of everything else."""
    return _with_places(model, places) if places else model


@functools.lru_cache(maxsize=64)
def _with_places(model: Model, places: int) -> Model:
    form = _form(model, places)
    constants = {name: model.constants.get(name, constant) for name, constant in form.constants.items()}
    return replace(form, constants=constants)


def _form(model: Model, places: int) -> Model:
    return model_with_places(Path(model.folder), folder_part(model), places)


def folder_part(model: Model) -> str:
    """The digest of the model folder alone, without drugs of files or instances."""
    return model.structure or model.digest


@dataclass(frozen=True)
class Binding:
    """The numbered form of a model with named drugs, and the names to go from one to the other.

    model    what kernels are compiled from; its constants have the values of the named model
    inner    own name -> name in the numbered form, for everything of the named drugs
    """

    model: Model
    inner: Mapping[str, str]

    def constants(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values by own name -> values by name in the numbered form."""
        moved = {self.inner[name]: value for name, value in given.items() if name in self.inner}
        return {**{name: value for name, value in given.items() if name in self.model.constants}, **moved}

    def names(self, given: Iterable[str]) -> tuple[str, ...]:
        """Own names -> names in the numbered form."""
        known = self.model.constants
        return tuple(name if name in known else self.inner.get(name, name) for name in given)


@functools.lru_cache(maxsize=64)
def binding(model: Model) -> Binding | None:
    """How a model with named drugs is bound to its numbered form; None for a model without them."""
    if not model.drugs:
        return None
    form = with_places(model, len(model.drugs))
    inner = {}
    for name in (*form.constants, *(equation.name for equation in (*form.states, *form.assigned))):
        found = _PLACE.match(name)
        if found:
            inner[f"{model.drugs[int(found[1]) - 1]}_{name[found.end() :]}"] = name
    constants = dict(form.constants)
    for name, inside in inner.items():
        if inside in form.constants:
            constants[inside] = replace(form.constants[inside], value=model.constants[name].value)
    return Binding(replace(form, constants=constants), inner)
