"""What a regimen may say, and what is refused."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resprout.dosing.regimen import Dose, parse_regimen
from resprout.errors import InputError

OTHERS = ("midazolam",)


def read(text):
    return parse_regimen(text, OTHERS)


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("ketamine 0.5 mg/kg iv over 40 min", Dose("ketamine", 0.5, True, "iv", 40 / 60, (0.0,))),
        ("S-ketamine 0.4 mg/kg iv over 40 min", Dose("S_ketamine", 0.4, True, "iv", 40 / 60, (0.0,))),
        ("(R)-Ketamine 500 ug/kg IV over 2400 s", Dose("R_ketamine", 0.5, True, "iv", 40 / 60, (0.0,))),
        ("esketamine 84 mg nasal", Dose("S_ketamine", 84, False, "nasal", 0, (0.0,))),
        ("racemic ketamine 0.5mg/kg i.m.", Dose("ketamine", 0.5, True, "im", 0, (0.0,))),
        ("ketamine 0.1 g oral", Dose("ketamine", 100, False, "oral", 0, (0.0,))),
        ("ketamine 10 mg sublingual", Dose("ketamine", 10, False, "sublingual", 0, (0.0,))),
        ("ketamine 0.2 mg/kg iv bolus", Dose("ketamine", 0.2, True, "iv", 0, (0.0,))),
        ("ketamine 0.5 mg/kg sc at 2 h", Dose("ketamine", 0.5, True, "sc", 0, (2.0,))),
        ("midazolam 0.045 mg/kg iv over 40 min", Dose("midazolam", 0.045, True, "iv", 40 / 60, (0.0,))),
    ],
)
def test_each_way_to_write_a_dose_is_understood(text, dose):
    (read_dose,) = read(text).doses
    assert read_dose.amount_mg == pytest.approx(dose.amount_mg)
    assert read_dose.duration_h == pytest.approx(dose.duration_h)
    rest = ("drug", "per_kg", "route", "times_h")
    assert [getattr(read_dose, name) for name in rest] == [getattr(dose, name) for name in rest]


def test_repeats_come_at_the_interval_named():
    (dose,) = read("ketamine 0.5 mg/kg iv over 40 min; every 3 d x 6").doses
    assert dose.times_h == (0, 72, 144, 216, 288, 360)


def test_several_drugs_are_joined_by_plus():
    regimen = read("ketamine 0.5 mg/kg iv over 40 min + midazolam 2 mg iv at 1 h; every 24 h x2")
    assert [dose.drug for dose in regimen.doses] == ["ketamine", "midazolam"]
    assert regimen.times_h == (0, 1, 25)


@pytest.mark.parametrize("text", ["saline", "control saline", "saline iv over 40 min", "Placebo"])
def test_saline_is_a_regimen_without_a_dose(text):
    assert read(text).doses == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ketamin 0.5 mg/kg iv over 40 min", "Did you mean `ketamine`?"),
        ("ketamine 0.5 mk/kg iv over 40 min", "Did you mean `mg/kg`?"),
        ("ketamine 0.5 mg/kg ivv over 40 min", "Did you mean `iv`?"),
        ("ketamine 0.5 mg/kg iv ovr 40 min", "Did you mean `over`?"),
        ("ketamine -0.5 mg/kg iv over 40 min", "not above 0"),
        ("ketamine 0 mg/kg iv over 40 min", "not above 0"),
        ("ketamine nan mg/kg iv over 40 min", "no finite number"),
        ("ketamine 1e999 mg/kg iv over 40 min", "no finite number"),
        ("ketamine 0.5.1 mg/kg iv over 40 min", "no finite number"),
        ("ketamine mg/kg iv over 40 min", "has no amount"),
        ("ketamine iv", "has no amount"),
        ("ketamine 0.5 iv over 40 min", "has no unit"),
        ("ketamine 0.5 mg/kg", "names no route"),
        ("0.5 mg/kg iv", "names no drug"),
        ("ketamine 50 mg/kg iv over 40 min", "absurdly large"),
        ("ketamine 0.5 mg/kg iv over -40 min", "no sensible time"),
        ("ketamine 0.5 mg/kg iv over min", "needs a number"),
        ("ketamine 0.5 mg/kg iv over", "needs a number"),
        ("ketamine 0.5 mg/kg iv over 40 parsec", "is no unit for an infusion"),
        ("ketamine 0.5 mg/kg iv over 3000 h", "no sensible time"),
        ("ketamine 0.5 mg/kg nasal over 40 min", "belongs to an infusion"),
        ("ketamine 0.5 mg/kg iv bolus over 40 min", "at once"),
        ("ketamine 0.5 mg/kg iv im", "two routes"),
        ("ketamine 0.5 mg/kg iv; daily", "repeats"),
        ("ketamine 0.5 mg/kg iv; every 3 d x 0", "no number of doses"),
        ("ketamine 0.5 mg/kg iv; every 300 d x 100", "too late"),
        ("ketamine 50 mg nasal + ketamine 10 mg im", "one depot route"),
        ("ketamine 50 mg nasal + ketamine 10 mg oral", "different rates"),
        ("midazolam 5 mg nasal", "cannot be given"),
        ("", "empty"),
    ],
)
def test_a_faulty_dose_is_refused_with_its_reason(text, says):
    with pytest.raises(InputError) as caught:
        read(text)
    assert says in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(InputError) as caught:
        read("ketamin -1 mg/kg iv over 40 parsec")
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    ("text", "found", "remedy"),
    [
        (
            "ketamine 0.5 mg/kg iv over 40 min every 3.5 d x 4",
            "`every` stands without `;` before it.",
            "Try `ketamine 0.5 mg/kg iv over 40 min; every 3.5 d x 4`.",
        ),
        (
            "ketamine 0.5 mg/kg iv, over 40 min",
            "`,` means nothing in a regimen.",
            "Try `ketamine 0.5 mg/kg iv over 40 min`.",
        ),
        (
            "ketamine 0.5 mg/kg iv midazolam 2 mg iv",
            "`midazolam 2 mg iv` follows another dose.",
            "Try `... + midazolam",
        ),
        (
            "ketamine 0.5 mg/kg iv; every 2 d x 4 midazolam 2 mg iv",
            "`midazolam 2 mg iv` follows",
            "Try `... + midazolam",
        ),
        ("ketamine 0.5 mg/kg iv ovr 40 min", "`ovr` means nothing", "Did you mean `over`?"),
        ("ketamine 0.5 mg/kg iv x 4", "`x` repeats a dose, and no interval is said.", ""),
        (
            "ketamine 0.5 mg/kg iv over 40 min, every 3 d x 6",
            "`every` stands without `;` before it.",
            "Try `ketamine 0.5 mg/kg iv over 40 min; every 3 d x 6`.",
        ),
        (
            "ketamine iv 0.5 mg/kg over 40 min",
            "`iv` stands before the amount.",
            "Try `ketamine 0.5 mg/kg iv over 40 min`.",
        ),
        ("ketamine 0.5 mg/kg iv; every 3 d", "`every 3 d` says no number of doses.", ""),
        ("psilocybin 25 mg oral", "`psilocybin` is no drug here.", "`--drug FILE` adds a drug"),
    ],
)
def test_one_mistake_is_one_fault_with_one_remedy(text, found, remedy):
    with pytest.raises(InputError) as caught:
        read(text)
    [fault] = caught.value.faults
    assert found in fault.found and remedy in fault.remedy


def test_a_missing_mark_hides_no_other_mistake():
    with pytest.raises(InputError) as caught:
        read("ketamin 0.5 mg/kg iv every 3 d x 0")
    assert [fault.found.partition(" ")[0] for fault in caught.value.faults] == ["`every`", "`ketamin`", "`x"]


VOCABULARY = """ketamine esketamine saline midazolam 0.5 -1 nan 40 1e400 mg/kg mg g iv nasal oral over min d ; every x x6 6
    + bolus at ketamin .. e"""
words = st.sampled_from(VOCABULARY.split())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(words, max_size=12).map(" ".join)))
def test_any_text_either_is_a_regimen_or_is_refused(text):
    try:
        regimen = read(text)
    except InputError:
        return
    for dose in regimen.doses:
        assert 0 < dose.amount_mg < math.inf and 0 <= dose.duration_h < math.inf
        assert all(0 <= time < math.inf for time in dose.times_h)
