"""The fields of the page: what is taken, what is refused, and that a link brings everything back."""

from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resprout as rs
from resprout.app.serve.form_fields import fields_of
from resprout.app.serve.form_state import read_regimen, read_state, regimen_text
from resprout.app.serve.html_form import control_form, drug_form, trial_form
from resprout.dosing.regimen import parse_regimen
from resprout.language.drug_instances import library_drugs
from resprout.people.typical import MEDIAN_STRESS, MEDIAN_UPTAKE

MODEL = rs.load_model()
FIELDS = fields_of(MODEL)


def value_of(field):
    """Any value a reader may choose in a field, as the browser sends it."""
    if field.kind == "choice":
        return st.sampled_from([value for value, _ in field.choices])
    if field.kind == "line":
        return st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=60)
    if field.step == 1:
        return st.integers(int(field.lowest), int(field.highest)).map(str)
    return st.floats(field.lowest, field.highest).map(repr)


def test_an_empty_request_is_the_published_infusion_in_a_depressed_patient():
    state, faults = read_state({}, MODEL)
    assert faults == {}
    assert regimen_text(state) == "ketamine 0.5 mg/kg iv over 40 min"
    assert (state.number["glial"], state.number["stress"]) == (100 * MEDIAN_UPTAKE, MEDIAN_STRESS)
    assert state.query() == ""


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional={name: value_of(field) for name, field in FIELDS.items()}))
def test_a_link_brings_back_every_field(sent):
    state, faults = read_state(sent, MODEL)
    assert faults == {}
    again, faults = read_state(dict(parse_qsl(state.query(), keep_blank_values=True)), MODEL)
    assert faults == {}
    assert (again.number, again.text) == (state.number, state.text)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(FIELDS)), st.one_of(st.none(), st.text(), st.floats(), st.lists(st.text())))
)
def test_whatever_is_sent_gives_values_within_bounds_or_a_message(sent):
    state, faults = read_state(sent, MODEL)
    assert set(faults) <= set(sent)
    for name, value in state.number.items():
        assert FIELDS[name].lowest <= value <= FIELDS[name].highest
    for name, text in state.text.items():
        if FIELDS[name].kind == "choice":
            assert text in dict(FIELDS[name].choices)


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"weight": "4"}, "weight", "from 40 to 160 kg"),
        ({"weight": "nan"}, "weight", "Expected a number"),
        ({"amount": "1e999"}, "amount", "Expected a number"),
        ({"times": "2.5"}, "times", "whole number"),
        ({"drug": "ketamin"}, "drug", "Did you mean `ketamine`"),
        ({"line1": "x" * 161}, "line1", "at most 160 characters"),
        ({"n": "100000"}, "n", "from 4 to 250"),
        ({"days": "1e6"}, "days", "from 1 to 60"),
        ({"glial": {"a": 1}}, "glial", "short text or a number"),
    ],
)
def test_a_bad_value_gives_a_message_at_its_field(sent, field, said):
    _, faults = read_state(sent, MODEL)
    assert list(faults) == [field]
    assert said in faults[field]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"amount": "500"}, "amount"),
        ({"drug2": "midazolam", "route2": "nasal"}, "drug2"),
        ({"route": "oral", "drug2": "S_ketamine", "route2": "nasal"}, "drug2"),
    ],
)
def test_what_the_parser_of_regimens_refuses_is_said_at_the_dose_it_is_about(sent, field):
    state, faults = read_state(sent, MODEL)
    assert faults == {}
    regimen, faults = read_regimen(state, MODEL)
    assert regimen is None
    assert field in faults or f"route{field.removeprefix('drug')}" in faults


def test_the_regimen_line_is_read_by_the_parser_as_the_form_says():
    sent = {"drug": "S_ketamine", "amount": "56", "unit": "mg", "route": "nasal", "times": "4", "every": "3"}
    state, _ = read_state({**sent, "drug2": "midazolam", "amount2": "2", "start2": "1.5"}, MODEL)
    doses = parse_regimen(regimen_text(state), library_drugs(MODEL)).doses
    assert [(dose.drug, dose.amount_mg, dose.route) for dose in doses] == [
        ("S_ketamine", 56, "nasal"),
        ("midazolam", 2, "iv"),
    ]
    assert [dose.times_h for dose in doses] == [(0, 72, 144, 216), (1.5,)]


def test_the_form_offers_every_field_with_a_label_and_a_place_for_its_message():
    html = control_form(MODEL) + trial_form(MODEL) + drug_form(MODEL)
    for name in FIELDS:
        assert f'name="{name}"' in html
        assert (
            f'for="{name}"' in html
            or f'id="{name}" name="{name}" data-default="{FIELDS[name].default}" aria-label' in html
        )
        assert f'id="fault-{name}"' in html


def test_every_share_of_the_model_that_can_be_blocked_has_a_slider():
    shares = {name for name in MODEL.inputs if name.endswith(("_block", "_knockdown", "_occupancy"))}
    assert shares <= set(FIELDS)
    assert {
        "AMPA_block",
        "LVDCC_block",
        "BDNF_block",
        "TrkB_block",
        "mTORC1_block",
        "translation_block",
        "eEF2K_block",
    } <= shares


def test_the_typical_patient_has_the_medians_of_recruited_people_at_every_door():
    from inspect import signature

    from resprout.app.patient_command import patient

    people = rs.recruit(2000, seed=1, model=MODEL).columns
    assert np.median(people["stress"]) == pytest.approx(MEDIAN_STRESS, abs=0.1)
    assert np.median(people["glial_uptake"]) == pytest.approx(MEDIAN_UPTAKE, abs=0.02)
    asked = signature(patient).parameters
    assert (asked["glial_uptake"].default, asked["stress"].default) == (MEDIAN_UPTAKE, MEDIAN_STRESS)
