"""Enrolment: a design in; the patients who are allocated out, after entry and after the phases before allocation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.regimen import Regimen
from resprout.language.records import Model
from resprout.people.cohort import Cohort, recruit_studies
from resprout.people.entry import Entry
from resprout.people.ratings import screening_rater
from resprout.people.screening import Recruitment, Visit
from resprout.people.studies import study_of
from resprout.trial.conduct import treat
from resprout.trial.design import Protocol
from resprout.trial.null_models import AS_MODELLED
from resprout.trial.phases import goes_on
from resprout.trial.sequences import lead_in

BEGAN = "began_lead_in"
"""Covariate: how many people of the study had begun the phases before allocation when its last patient was allocated."""
LEFT = "left_lead_in"
"""Covariate: how many of these had left during the phases."""
People = NDArray[np.int64]
Numbers = NDArray[np.float64]


def enrol(  # many arguments: what recruits, and the model under which people go through the phases
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    studies: People,
    seed: int,
    null: str = AS_MODELLED,
) -> Cohort:
    """Recruit the patients of some replicates; a replicate has the same patients in any series.

    protocol  design of the trial
    regimens  by phase and arm
    model     model of every patient
    studies   [replicate]  1  numbers of the replicates, from 1
    seed      of the random streams
    null      AS_MODELLED, or a key of NULL_MODELS: under what people go through the phases before allocation
    returns   patients, replicate by replicate. With phases they are those who go on, and the covariate `began_lead_in` is
              the number of people of the replicate who began the first phase until all arms were full; `left_lead_in` is how
              many of them left during the phases
    raises    InputError where hardly anybody enters or goes on
    """
    wanted = protocol.entry
    entry = Entry(
        dict(wanted.minimum),
        wanted.age,
        wanted.genotype,
        dict(wanted.maximum),
        wanted.resistant,
        wanted.weight,
        wanted.BMI,
        wanted.ancestry,
    )
    rater = screening_rater(model, wanted.screening if wanted.confirmed else None)
    began: list[tuple[People, NDArray[np.bool_]]] = []
    last = _lead_in(protocol, regimens, model, null, began) if protocol.selects else None
    visit = Visit(rater, lead_in=last)
    sought = Recruitment(entry, seed, protocol.who, visit=visit, crisis=protocol.setting.hospital)
    cohort = recruit_studies(protocol.people, studies, sought, model)
    return _with_numbers_of_the_lead_in(cohort, began, protocol.people) if began else cohort


def _lead_in(
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    null: str,
    began: list[tuple[People, NDArray[np.bool_]]],
) -> Callable[[Mapping[str, Numbers], Mapping[str, NDArray], int], NDArray[np.bool_]]:
    """Make the test of who goes on after all phases; who begins them, and whether he leaves, is added to `began`."""

    def test(constants: Mapping[str, Numbers], covariates: Mapping[str, NDArray], seed: int) -> NDArray[np.bool_]:
        people = Cohort(dict(constants), dict(covariates), seed, protocol.who, 0)
        group = lead_in(protocol, np.arange(len(people)))
        nulls = () if null == AS_MODELLED else (null,)
        found = treat(protocol, regimens, model, people, group, nulls)[null]
        left = np.zeros(len(people), dtype=bool)
        for phase in protocol.phases:
            left |= np.isfinite(found.left_h.get(phase.name, np.inf))
        began.append((people.candidate, left))
        return goes_on(protocol, found.ratings) & ~left

    return test


def _with_numbers_of_the_lead_in(cohort: Cohort, began: list[tuple[People, NDArray[np.bool_]]], size: int) -> Cohort:
    """The cohort with the numbers of people of each study who began the phases before its last patient did, he included,
    and who left them."""
    candidate, left = (np.concatenate(each) for each in zip(*began, strict=True))
    last = cohort.candidate.reshape(-1, size)[:, -1]
    until = [(study_of(candidate) == study_of(each)) & (candidate <= each) for each in last]
    numbers = {BEGAN: [int(each.sum()) for each in until], LEFT: [int((each & left).sum()) for each in until]}
    columns = cohort.columns | {name: np.repeat(number, size) for name, number in numbers.items()}
    return Cohort(cohort.constants, columns, cohort.seed, cohort.population, cohort.screened)
