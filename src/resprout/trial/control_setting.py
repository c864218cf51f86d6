"""Setting of a control: a protocol in; procedure, sites, belief at the first treatment and relief by hospital care out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.people.spreads import odds_times
from resprout.people.streams import normals
from resprout.people.studies import study_effects, study_of
from resprout.trial.blinded_treatment import BlindedTreatment
from resprout.trial.design import Protocol

Numbers = NDArray[np.float64]
Parameters = Mapping[str, float]
OPEN = ("open_label", "wait_list", "standard_of_care")  # whoever is given the drug knows it
FELT_CONTROLS = ("midazolam", "psychoactive", "anaesthesia")  # everybody feels something
PEOPLE_PER_SITE = 6.0
PEOPLE_OF_ONE_SITE = 60  # a protocol of fewer people that does not state its sites has one
INACTIVE = ("saline", "add_on")  # without effects of its own: people go by the procedure
BY_PROCEDURE = {"spray": "spray", "tablet": "inactive_pill", "sham": "sham", "anaesthesia": "anaesthesia"}


def procedure_of(protocol: Protocol, blinded: BlindedTreatment) -> str:
    """The procedure of the control as stated; otherwise that by which the arms give their drugs.

    protocol  design of the trial
    blinded   its blinded treatment
    returns   name of the procedure
    """
    return protocol.setting.procedure or blinded.procedure


def sites_of(protocol: Protocol) -> float:
    """Number of sites as stated; otherwise one below PEOPLE_OF_ONE_SITE people, and above it one for PEOPLE_PER_SITE.

    protocol  design of the trial
    returns   scalar  1  number of sites
    """
    if protocol.setting.sites is not None:
        return float(protocol.setting.sites)
    return protocol.people / PEOPLE_PER_SITE if protocol.people >= PEOPLE_OF_ONE_SITE else 1.0


def control_kind(protocol: Protocol, blinded: BlindedTreatment) -> str:
    """Which belief holds: that of the control type; for an inactive one that of its procedure, without it that of saline.

    protocol  design of the trial
    blinded   its blinded treatment
    returns   ending of the name of a `belief_` constant
    """
    procedure = procedure_of(protocol, blinded)
    return BY_PROCEDURE.get(procedure, "saline") if protocol.control in INACTIVE else protocol.control


def belief_at_start(  # many arguments: the design, its treatment and its people
    protocol: Protocol,
    blinded: BlindedTreatment,
    arm: str,
    sites: float,
    people: tuple[int, NDArray[np.int64]],
    parameters: Parameters,
) -> Numbers:
    """How sure patients are, at the first blinded treatment, of being given something that works.

    protocol    design of the trial
    blinded     its blinded treatment
    arm         name of the arm
    sites       number of sites of the trial
    people      seed, and [patient] numbers in the population, which tell the study
    parameters  by constant of the model; `belief_` constants are used
    returns     [patient]  1  0 to 1

    Where blinding holds, the number of sites (by 1 - 1 / sites, as many sites are much alike) the study and the
    person multiply the odds; all arms of a study share its random effect.
    """
    seed, person = people
    everybody = np.ones(len(person))
    if protocol.control in OPEN:
        waits = arm == protocol.control_arm and protocol.control != "open_label"
        if not waits:
            return everybody * parameters["belief_open_label"]
        return everybody * (0.0 if protocol.control == "wait_list" else parameters["belief_standard_of_care"])
    shift = parameters["belief_sd"] * normals(seed, "belief", person)
    shift = shift + parameters["belief_study_sd"] * study_effects(seed, "belief of the study", study_of(person))
    shift = shift + parameters["belief_multicentre"] * (1 - 1 / sites)
    return odds_times(parameters[f"belief_{control_kind(protocol, blinded)}"], np.exp(shift))


def effects_expected(protocol: Protocol, blinded: BlindedTreatment) -> bool:
    """Whether patients look for an immediate effect and may miss it: blind procedures without a felt control.

    protocol  design of the trial
    blinded   its blinded treatment
    returns   whether they do
    """
    blind = protocol.control not in OPEN and protocol.blinding == "natural"
    return blind and not blinded.pills and control_kind(protocol, blinded) not in FELT_CONTROLS


def may_unblind(protocol: Protocol, arm: str) -> bool:
    """Whether euphoria tells patients of an arm what they are given.

    protocol  design of the trial
    arm       name of the arm
    returns   whether it does
    """
    return protocol.control not in OPEN and protocol.blinding == "natural" and arm != protocol.control_arm


def hospital_left(hours: Numbers, people: tuple[int, NDArray[np.int64]], parameters: Parameters) -> Numbers:
    """Share of symptoms that admission to hospital in a crisis leaves, in every arm.

    hours       [time]           h  since the first dose
    people      seed, and [patient] numbers in the population, which key the random streams
    parameters  by constant of the model; those whose names begin with `hospital_` are used
    returns     [patient, time]  1  0 to 1
    """
    seed, person = people
    eased = -np.expm1(-np.maximum(hours, 0.0) / parameters["hospital_onset"])
    odds = np.exp(parameters["hospital_sd"] * normals(seed, "relief in hospital", person))
    return np.asarray(1 - odds_times(parameters["hospital_depth"], odds)[:, None] * eased)
