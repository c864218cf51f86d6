"""Doses of an imported model as text: what is read, and what is refused."""

from __future__ import annotations

import pytest

from resprout.dosing.species_doses import read_doses
from resprout.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("drug: 100 mg bolus; every 24 h x 3", (100.0, "mg", 0.0, (0.0, 24.0, 48.0), 0.0, 1.0)),
        ("drug: 100mg", (100.0, "mg", 0.0, (0.0,), 0.0, 1.0)),
        ("drug : 2.5 over 30 min at 1 d", (2.5, "", 0.5, (24.0,), 0.0, 1.0)),
        ("drug: 5 umol infusion over 2 h, lag 15 min, F 0.8", (5.0, "umol", 2.0, (0.0,), 0.25, 0.8)),
        ("drug: 5 nmol lag=tlag F=bio at 2 h; every 1 w × 2", (5.0, "nmol", 0.0, (2.0, 170.0), "tlag", "bio")),
        ("drug: dose bolus bioavailability 0.5", ("dose", "", 0.0, (0.0,), 0.0, 0.5)),
    ],
)
def test_a_dose_is_read(text, expected):
    (dose,) = read_doses([text])
    assert dose.target == "drug"
    found = (dose.amount, dose.unit, dose.duration_h, dose.times_h, dose.lag_h, dose.fraction)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("100 mg bolus", "given into is not said"),
        ("drug: bolus", "no amount"),
        ("drug: -5 mg", "amount is -5"),
        ("drug: 0 mg", "amount is 0"),
        ("drug: 5 furlong", "`furlong` is no unit of amount"),
        ("drug: 5 mg over 2", "has no unit of time"),
        ("drug: 5 mg over 2 parsec", "`parsec` is no unit of time"),
        ("drug: 5 mg over 0 h", "is no time that is taken"),
        ("drug: 5 mg at -1 h", "is no time that is taken"),
        ("drug: 5 mg bolus over 2 h", "not `over` a time"),
        ("drug: 5 mg infusion", "an infusion takes a time"),
        ("drug: 5 mg F 0", "bioavailability is `0`"),
        ("drug: 5 mg F", "bioavailability is ``"),
        ("drug: 5 mg at 1 h at 2 h", "`at` is said twice"),
        ("drug: 5 mg orally", "`orally` means nothing"),
        ("drug: 5 mg; each 24 h x 7", "what follows `;` is not clear"),
        ("drug: 5 mg; every 24 h x many", "is no number of doses"),
        ("drug: 5 mg; every 24 h x 5000", "is no number of doses"),
        ("drug: 5 mg; every 300 d x 5", "the last dose is too late"),
    ],
)
def test_a_dose_that_is_none_is_refused(text, said):
    with pytest.raises(InputError) as caught:
        read_doses([text], "--dose")
    assert said in str(caught.value) and caught.value.faults[0].where == "--dose"


def test_faults_of_all_doses_are_told_at_once():
    with pytest.raises(InputError) as caught:
        read_doses(["drug: x y z", "5 mg", "drug: 5 mg over 1 h over 2 h"])
    assert len(caught.value.faults) >= 3
