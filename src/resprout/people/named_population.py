"""Named populations: a YAML file of parameters in; a model whose people are of that population out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, ModelError, nearest
from resprout.language.drug_instances import folder_part
from resprout.language.given_values import number_of
from resprout.language.plain_yaml import read_yaml_file, write_yaml
from resprout.language.records import Model
from resprout.people.covariates import POPULATIONS
from resprout.people.draws import draws_of
from resprout.people.spreads import SPREADS, eta_name, odds_times, spread_of

Numbers = NDArray[np.float64]
Size = float | Numbers
FIELDS = ("population", "of", "values", "spreads", "draws", "about")
SUFFIXES = (".yaml", ".yml")
DIGITS = 6


@dataclass(frozen=True)
class NamedPopulation:
    """A population that differs from a shipped one in some parameters.

    name     of the population           of       the shipped one that it is based on: mdd, bipolar or healthy
    values   by constant: its value in the constant's unit
    spreads  by constant in which people differ: word and size, such as `logsd 0.2`
    draws    by constant: [draw], as many as the model has; what is not known of the value
    about    what it was learned from, as plain data
    """

    name: str
    of: str
    values: Mapping[str, float]
    spreads: Mapping[str, str] = field(default_factory=dict)
    draws: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def applied(self, model: Model) -> Model:
        """The model whose people are of this population.

        model     the shipped one, or a user-defined one with the same constants
        returns   a model of its own
        raises    InputError with every constant that the model has not, value out of bounds and spread that is none
        """
        faults = _faults(self, model)
        if faults:
            raise InputError(*faults)
        changed = model.with_parameters(self.values)
        constants = dict(changed.constants)
        for name, spread in self.spreads.items():
            constants[name] = replace(constants[name], spread=spread)
        rows = [{"name": name, "values": " ".join(repr(each) for each in own)} for name, own in self.draws.items()]
        tables = dict(changed.tables)
        if rows and "draws" in tables:
            tables["draws"] = (*tables["draws"], *rows)
        # a run that was begun with other people is not continued with these
        told = "|".join(
            [model.digest, *(repr(sorted(part.items())) for part in (self.values, self.spreads, self.draws))]
        )
        digest = hashlib.sha256(told.encode()).hexdigest()[: len(model.digest)]
        # drugs that the folder holds no place for are added to what the folder has, not to what these people have
        return replace(changed, constants=constants, tables=tables, digest=digest, structure=folder_part(model))

    def saved(self) -> str:
        """The text of its file."""
        told: dict[str, Any] = {"population": self.name, "of": self.of, "about": dict(self.about)}
        told |= {"values": dict(self.values), "spreads": dict(self.spreads)}
        told["draws"] = {name: " ".join(f"{each:.{DIGITS}g}" for each in own) for name, own in self.draws.items()}
        return write_yaml(told)


def _faults(population: NamedPopulation, model: Model) -> list[Fault]:
    """What does not fit a model."""
    faults = []
    for name in dict.fromkeys((*population.values, *population.spreads, *population.draws)):
        if name not in model.constants:
            remedy = nearest(name, model.constants, "resprout describe")
            faults.append(Fault(f"`{name}` is no constant of the model.", population.name, "", remedy))
            continue
        constant = model.constants[name]
        for value in (
            *([population.values[name]] if name in population.values else []),
            *population.draws.get(name, ()),
        ):
            if not constant.allows(value):
                faults.append(Fault(f"`{name}` is {value:g}.", population.name, f"Expected {constant.allowed}."))
                break
        if name in population.spreads and not constant.spread.strip():
            faults.append(
                Fault(f"people do not differ in `{name}`.", population.name, "Expected a constant with a spread.")
            )
        elif name in population.spreads:
            try:
                spread_of(replace(constant, spread=population.spreads[name]))
            except ModelError:  # it names a line of a model file; here the population is named
                expected = f"Expected one of {', '.join(SPREADS)} and a size, such as `logsd 0.2`."
                faults.append(
                    Fault(f"the spread of `{name}` is `{population.spreads[name]}`.", population.name, expected)
                )
    many, wanted = {len(own) for own in population.draws.values()}, len(draws_of(model))
    if many and wanted and many != {wanted}:
        expected = f"Expected {wanted}, as the model has."
        faults.append(
            Fault(f"there are {', '.join(map(str, sorted(many)))} draws.", population.name, expected, "Leave them out.")
        )
    digest = population.about.get("model_digest")
    if digest is not None and digest != model.digest:
        remedy = "Learn it again, or take the line `model_digest` out to use its values nevertheless."
        faults.append(
            Fault(
                "the population was learned with another model.", population.name, f"Expected {model.digest}.", remedy
            )
        )
    return faults


def read_population(path: str | Path) -> NamedPopulation:
    """Read a named population.

    path      YAML file, or its name without the suffix in the working folder
    returns   the population
    raises    InputError with every fault of the file
    """
    file = Path(path)
    file = file if file.suffix.lower() in SUFFIXES else file.with_name(f"{file.name}.yaml")
    if not file.is_file():
        expected = f"Expected {', '.join(POPULATIONS)}, or the file of a named population."
        raise InputError(Fault(f"there is no population `{path}`.", "--population", expected))
    document = read_yaml_file(file)
    faults, told = list(document.faults), document.value
    if not isinstance(told, dict):
        raise InputError(*faults, Fault("holds no fields.", file.name, f"Expected {', '.join(FIELDS)}."))

    def place(*where: str) -> str:
        return f"{file.name}:{document.lines.get(where, document.lines.get(where[:1], 1))}"

    for name in told:
        if name not in FIELDS:
            faults.append(Fault(f"`{name}` is no field of a population.", place(name), "", nearest(str(name), FIELDS)))
    if told.get("of") not in POPULATIONS:
        faults.append(Fault(f"`of` is {told.get('of')!r}.", place("of"), f"Expected one of {', '.join(POPULATIONS)}."))
    parts = {name: told.get(name) or {} for name in ("values", "spreads", "draws", "about")}
    for part, given in parts.items():
        if not isinstance(given, dict):
            faults.append(Fault(f"`{part}` is {given!r}.", place(part), "Expected lines of `name: value`."))
            parts[part] = {}
    values = {name: number_of(value) for name, value in parts["values"].items()}
    for name, value in values.items():
        if value is None:
            faults.append(Fault(f"`{name}` is {parts['values'][name]!r}.", place("values", name), "Expected a number."))
    draws: dict[str, tuple[float, ...]] = {}
    for name, text in parts["draws"].items():
        try:
            draws[name] = tuple(float(each) for each in str(text).split())
        except ValueError:
            faults.append(Fault(f"the draws of `{name}` are no numbers.", place("draws", name), "Expected numbers."))
    if faults:
        raise InputError(*faults)
    kept = {name: value for name, value in values.items() if value is not None}
    spreads = {name: str(value) for name, value in parts["spreads"].items()}
    return NamedPopulation(str(told.get("population") or file.stem), told["of"], kept, spreads, draws, parts["about"])


def moved_parameters(
    model: Model, effect: str, mean: Size, sd: Size
) -> tuple[dict[str, Size], dict[str, tuple[str, Size]]]:
    """Parameters of a population in which a random effect has another mean and spread.

    model    of the population where mean and spread are 0 and 1
    effect   a random effect of the chain, `stress`, `placebo propensity` or `recovery`
    mean     scalar or [draw]  1   in standard deviations of that population       sd   scalar or [draw]  1   against it
    returns  values by constant, and word and size of spreads by constant; scalar or [draw]
    raises   InputError for a random effect that cannot be moved
    """
    value = model.nominal
    if effect == "stress":
        factor, cv = _moved_mean(value["stress_cv"], mean, sd)
        return {"stress_mean": value["stress_mean"] * factor, "stress_cv": cv}, {}
    if effect == "recovery":
        factor, cv = _moved_mean(value["recovery_cv"], mean, sd)
        return {"recovery_time": value["recovery_time"] / factor, "recovery_cv": cv}, {}
    if effect == "placebo propensity":
        size = value["placebo_propensity_sd"]
        depth = odds_times(value["placebo_depth"], np.exp(size * np.asarray(mean)))
        return {"placebo_depth": depth, "placebo_propensity_sd": size * sd}, {}
    values: dict[str, Size] = {}
    spreads: dict[str, tuple[str, Size]] = {}
    for name, constant in model.constants.items():
        found = spread_of(constant)
        if found is None or eta_name(constant) != effect or found[0] == "distance":
            continue
        word, size = found
        if word in ("logsd", "logit"):
            factor, new = np.exp(size * np.asarray(mean)), size * sd
        else:
            factor, new = _moved_mean(size, mean, sd)
        if word in ("logit", "odds"):
            values[name] = odds_times(constant.value, np.asarray(factor))
        else:
            values[name] = 1 + (constant.value - 1) * factor if word == "margin" else constant.value * factor
        spreads[name] = (word, new)
    if not values:
        raise InputError(
            Fault(f"`{effect}` is no random effect that can be moved.", "", "", nearest(effect, _movable(model)))
        )
    return values, spreads


def _moved_mean(cv: float, mean: Size, sd: Size) -> tuple[Size, Size]:
    """Factor of the mean of a log-normal multiplier, and its new coefficient of variation."""
    own = np.sqrt(np.log1p(cv * cv))
    new = own * sd
    return np.exp(own * mean - own * own / 2 + new * new / 2), np.sqrt(np.expm1(new * new))


def _movable(model: Model) -> list[str]:
    """Names of random effects that can be moved."""
    chain = {eta_name(constant) for constant in model.constants.values() if spread_of(constant) is not None}
    return [*sorted(chain), "stress", "placebo propensity", "recovery"]
