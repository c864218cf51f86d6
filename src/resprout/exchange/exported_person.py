"""Whose model is exported: a word or a number and settings in; constants and blocks of one person out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from resprout.dosing.regimen import Regimen
from resprout.errors import Fault, InputError
from resprout.language.records import Model
from resprout.people.cohort import Cohort, recruit
from resprout.people.typical import MEDIAN_STRESS, typical_patient
from resprout.simulation.scenario import block_input, read_scenario
from resprout.solve import Events

HEALTHY, DEPRESSED = "healthy", "depressed"
USUAL_GENOTYPE = "Val/Val"
LARGEST_ID = 99_999
EXPORT_DAYS = 14.0


@dataclass(frozen=True)
class ExportedPerson:
    """One person whose model is written.

    constants   by constant, in its unit; every constant not named here has the model's value
    blocks      share blocked from hour 0 on, by input of the model
    words       who it is
    """

    constants: Mapping[str, float] = field(default_factory=dict)
    blocks: Mapping[str, float] = field(default_factory=dict)
    words: str = "typical healthy person"

    @property
    def block_events(self) -> Events:
        """The blocks as changes at hour 0."""
        value = np.array([[float(share)] for share in self.blocks.values()])
        return Events(np.zeros(len(self.blocks)), tuple(self.blocks), value) if self.blocks else Events.none()


def read_person(
    model: Model,
    person: str = HEALTHY,
    *,
    genotype: str | None = None,
    seed: int = 1,
    blocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, float] | None = None,
) -> ExportedPerson:
    """Read whose model is to be exported.

    person      healthy, depressed (the typical patient of the page), or the position of a patient among those whom
                `simulate` recruits with this seed, at the posterior draw it has there
    genotype    of BDNF rs6265
    seed        of the draw of patients
    blocks      share by step        overrides   value by constant, set last
    raises      InputError with every fault
    """
    faults: list[Fault] = []
    word = str(person).strip().lower()
    if word not in (HEALTHY, DEPRESSED) and not (word.isdecimal() and int(word) <= LARGEST_ID):
        expected = f"Expected `{HEALTHY}`, `{DEPRESSED}`, or a number from 0 to {LARGEST_ID:,}."
        faults.append(Fault(f"`{person}` is nobody here.", "--person", expected))
    try:
        read_scenario(model, Regimen("saline", ()), EXPORT_DAYS, None, blocks, overrides)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(*faults)
    cohort = _cohort(model, word, genotype, seed)
    own = {name: float(np.ravel(value)[0]) for name, value in cohort.constants.items()} if cohort else {}
    cut = {block_input(model, name) or name: float(share) for name, share in (blocks or {}).items()}
    return ExportedPerson({**own, **(overrides or {})}, cut, _words(word, genotype, seed))


def _cohort(model: Model, word: str, genotype: str | None, seed: int) -> Cohort | None:
    """A cohort of the one person; None for whom all shipped constants describe."""
    if word.isdecimal():
        chosen = recruit(int(word) + 1, seed=seed, model=model, uncertain=True).take([int(word)])
        return chosen if genotype is None else chosen.with_genotype(genotype, model)
    if word == DEPRESSED:
        return typical_patient(model=model, genotype=genotype or USUAL_GENOTYPE, stress=MEDIAN_STRESS)
    if genotype is None:
        return None
    glial_uptake, stress = (model.nominal[name] for name in ("glial_uptake", "stress"))
    return typical_patient(model=model, genotype=genotype, glial_uptake=glial_uptake, stress=stress)


def _words(word: str, genotype: str | None, seed: int) -> str:
    who = f"patient {word} of seed {seed}" if word.isdecimal() else f"typical {word} person"
    return who if genotype is None else f"{who}, {genotype}"
