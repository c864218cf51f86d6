"""The clock of a trial counts from the blinded treatment, and a crossover says what it carries over."""

from functools import lru_cache

import numpy as np
import pytest

from resprout.app.trial_warnings import carry_over_sentences
from resprout.language import load_model
from resprout.trial.blinded_treatment import blinded_treatment
from resprout.trial.carry_over import carry_over
from resprout.trial.design import Protocol
from resprout.trial.design_checks import check_design
from resprout.trial.trial import run_protocol

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"


@lru_cache(maxsize=1)
def model():
    return load_model()


def read(drug, visits, *, background="", kind="parallel", **more):
    """A drug against saline, and its regimens."""
    size = "size" if kind == "parallel" else "first"
    arms = [
        {"name": "drug", "regimen": drug, size: 60},
        {"name": "salt", "regimen": "saline", size: 60, "control": True},
    ]
    fields = {"name": "clock", "title": "clock", "design": kind, "control": "saline", "background": background}
    fields |= {"arms": arms, "endpoints": [{"name": "MADRS", "visits": visits}]} | more
    protocol = Protocol.model_validate(fields)
    regimens, faults = check_design(protocol, model(), lambda _: "")
    assert not faults
    return protocol, regimens


def means(trial, arm):
    return np.nanmean(trial.ratings[arm, "MADRS"], axis=(0, 1))


@pytest.mark.parametrize(
    ("drug", "background", "occasions", "pills"),
    [
        (f"{KETAMINE} at 14 d", "", (336.0,), False),
        (f"{KETAMINE}; every 7 d x 2", "escitalopram 10 mg oral; every 24 h x 28", (0.0, 168.0), False),
        ("escitalopram 10 mg oral at 14 d; every 24 h x 2", "", (336.0, 360.0), True),
        ("lanicemine 100 mg iv over 60 min at 7 d", "escitalopram 10 mg oral; every 24 h x 28", (168.0,), False),
        ("saline", "escitalopram 10 mg oral; every 24 h x 2", (0.0, 24.0), True),
    ],
)
def test_the_clock_starts_with_what_the_arms_give_beside_the_background(drug, background, occasions, pills):
    found = blinded_treatment(*read(drug, ["0 min", "7 d"], background=background), model())
    assert found.occasions_h == pytest.approx(occasions) and found.pills == pills
    assert found.first_h["salt"] == pytest.approx(occasions[0])


def test_an_infusion_after_a_lead_in_of_two_weeks_brings_its_placebo_response_after_two_weeks():
    late = run_protocol(
        *read(f"{KETAMINE} at 14 d", ["0 min", "1 d", "13 d", "14 d", "15 d"]), model(), 10, 1, point=True
    )
    soon = run_protocol(*read(KETAMINE, ["0 min", "1 d"]), model(), 10, 1, point=True)
    waiting, treated = means(late, "salt"), means(soon, "salt")
    response = treated[0] - treated[1]
    # nobody is treated on day 1: what is left is the effect of the visit and of chance (standard error 0.2 points)
    assert response > 2 and waiting[0] - waiting[1] < 0.4 * response
    # visits have taken a part of what expectation can remove before the infusion
    assert waiting[3] - waiting[4] == pytest.approx(response, abs=0.45 * response)


def test_euphoria_unblinds_at_the_blinded_infusion_also_after_a_lead_in():
    blind = run_protocol(
        *read(f"{KETAMINE} at 14 d", ["0 min", "14 d", "15 d"], blinding="maintained"), model(), 10, 1, point=True
    )
    natural = run_protocol(*read(f"{KETAMINE} at 14 d", ["0 min", "14 d", "15 d"]), model(), 10, 1, point=True)
    # those who notice expect more; the same patients, raters and drug otherwise
    assert means(natural, "drug")[2] < means(blind, "drug")[2] - 0.5
    assert means(natural, "drug")[:2] == pytest.approx(means(blind, "drug")[:2], abs=1e-9)


@pytest.mark.parametrize(("washout", "notable"), [("4 d", True), ("150 d", False)])
def test_a_crossover_warns_of_what_its_washout_leaves(washout, notable):
    trial = run_protocol(
        *read(KETAMINE, ["0 min", "1 d"], kind="crossover", washout=washout), model(), 5, 1, point=True
    )
    found = carry_over(trial.protocol, trial.outcome)
    assert bool(found) == notable and bool(carry_over_sentences(trial)) == notable
    if notable:
        rating = trial.ratings
        # the second baseline less the first, of those who had the drug first and of the others
        drug = rating["salt", "MADRS"][:, :60, 0] - rating["drug", "MADRS"][:, :60, 0]
        salt = rating["drug", "MADRS"][:, 60:, 0] - rating["salt", "MADRS"][:, 60:, 0]
        assert found[0].points == pytest.approx(drug.mean() - salt.mean()) and found[0].points < -2


def test_parallel_groups_carry_nothing_over():
    trial = run_protocol(*read(KETAMINE, ["0 min", "1 d"]), model(), 2, 1, point=True)
    assert carry_over(trial.protocol, trial.outcome) == []
