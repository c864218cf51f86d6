"""The engine against exact answers, SciPy and itself split otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from by_scipy import by_scipy, steady_state_by_scipy
from given_patients import ketamine, varied_people
from hypothesis import given, settings
from hypothesis import strategies as st

from resprout.errors import InputError
from resprout.language import load_model
from resprout.solve import Events, build_kernel, run_patients, steady_state, steady_states
from resprout.solve.run import perturbed_names

HOURS = np.array([0, 0.25, 0.5, 1.0, 2.0, 5.0, 24.0])


def infusion(rate: float, until_h: float) -> Events:
    return Events(np.array([0.0, until_h]), ("infusion", "infusion"), np.array([[rate], [0.0]]))


def test_an_infusion_follows_the_exact_solution(toy_folder):
    found = run_patients(load_model(toy_folder), {}, infusion(20.0, 1.0), HOURS, ["drug"], tolerance=1e-8)
    during, after = HOURS <= 1, HOURS > 1
    exact = np.empty_like(HOURS)
    exact[during] = 40 * (1 - np.exp(-0.5 * HOURS[during]))
    exact[after] = 40 * (1 - np.exp(-0.5)) * np.exp(-0.5 * (HOURS[after] - 1))
    np.testing.assert_allclose(found.output("drug")[0], exact, atol=1e-6)


def test_a_bolus_is_landed_on_exactly_and_seen_only_afterwards(toy_folder):
    bolus = Events(np.array([1.0]), ("drug",), np.array([[8.0]]))
    found = run_patients(load_model(toy_folder), {}, bolus, [0.0, 1.0, 3.0], ["drug"], tolerance=1e-8).output("drug")[0]
    np.testing.assert_allclose(found, [0.0, 0.0, 8 * np.exp(-1.0)], atol=1e-7)


def test_an_error_ten_times_smaller_costs_a_tolerance_ten_times_smaller(toy_folder):
    model = load_model(toy_folder)
    exact = by_scipy(model, {}, infusion(20.0, 1.0), HOURS, ["mood"], tolerance=1e-11)[:, 0]
    errors = [
        np.abs(
            run_patients(model, {}, infusion(20.0, 1.0), HOURS, ["mood"], tolerance=tolerance).output("mood")[0] - exact
        ).max()
        for tolerance in (1e-4, 1e-6, 1e-8)
    ]
    assert errors[0] < 1e-4
    assert errors[1] < errors[0] / 10
    assert errors[2] < errors[1] / 10


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 10])
def test_engine_and_scipy_agree_on_every_quantity_for_twenty_people(first):
    model = load_model()
    people = {name: value[first : first + 10] for name, value in varied_people(20).items()}
    outputs = list(model.equations)
    hours = np.r_[np.arange(0, 4, 0.25), np.arange(4, 24, 4), np.arange(24, 337, 48)]
    # the surplus above that of health is the surplus less 1: its error is measured beside the surplus itself
    taken_off = np.where(np.array(outputs) == "surplus_above_rest", 1.0, 0.0)
    engine = run_patients(model, people, ketamine(), hours, outputs)
    for patient in range(10):
        own = {name: value[patient] for name, value in people.items()}
        truth = by_scipy(model, own, ketamine(), hours, outputs, tolerance=1e-8)
        # drugs not given are exactly 0 in the engine, and a few times its absolute tolerance of 1e-10 by SciPy
        miss = np.abs(engine.value[patient] - truth).max(0) / (np.maximum(np.abs(truth).max(0), 1e-5) + taken_off)
        # 1e-4 is what DESIGN promises of any output at the default tolerance
        assert miss.max() <= 1e-4, outputs[int(miss.argmax())]


def test_the_steady_state_is_that_of_a_root_finder():
    model = load_model()
    people = {name: value[:2] for name, value in varied_people(50).items()}
    found, status = steady_states(model, people)
    assert (status == 0).all()
    for patient in range(2):
        truth = steady_state_by_scipy(model, {name: value[patient] for name, value in people.items()})
        np.testing.assert_allclose(found[patient], truth, rtol=1e-6, atol=1e-8)


def test_nothing_changes_without_a_dose():
    outputs = ["HDRS17", "spine_density", "pyramidal_rate", "VAS_high", "SBP"]
    found = run_patients(load_model(), varied_people(20), Events.none(), np.arange(0, 337, 24.0), outputs)
    start = found.value[:, :1, :]
    # the steady state is found to 1e-9, and nothing may drift away from it in two weeks
    assert np.abs(found.value - start).max() <= 1e-6 * np.abs(start).max()


PEOPLE, OUTPUTS = 40, ["HDRS17", "ketamine_venous", "spine_density"]


def solved(take: np.ndarray, threads: int) -> np.ndarray:
    people = {name: value[take] for name, value in varied_people(PEOPLE).items()}
    return run_patients(load_model(), people, ketamine(), [0.0, 1.0, 24.0, 168.0], OUTPUTS, threads=threads).value


@settings(max_examples=12, deadline=None)
@given(order=st.permutations(range(PEOPLE)), size=st.integers(1, PEOPLE), threads=st.integers(1, 3))
def test_a_patient_is_the_same_patient_in_any_company(order, size, threads):
    take = np.array(order[:size])
    whole = solved(np.arange(PEOPLE), 1)
    assert np.array_equal(solved(take, threads), whole[take])


def test_more_patients_than_one_chunk_are_shared_among_threads():
    take = np.arange(600) % PEOPLE
    assert np.array_equal(solved(take, 2), solved(np.arange(PEOPLE), 1)[take])


@pytest.mark.parametrize("width", [2, 4, 8])
def test_vectors_of_every_width_give_the_same_patients(monkeypatch, width):
    monkeypatch.setenv("RESPROUT_WIDTH", str(width))
    assert build_kernel(load_model(), tuple(OUTPUTS), frozenset()).width == width
    narrow = solved(np.arange(PEOPLE), 1)
    monkeypatch.delenv("RESPROUT_WIDTH")
    # products and sums are contracted in another order, which moves the last places and no more
    np.testing.assert_allclose(narrow, solved(np.arange(PEOPLE), 1), rtol=1e-9, atol=1e-12)


def test_one_bad_patient_does_not_stop_the_ward():
    people = varied_people(6)
    people["spine_ceiling"] = np.where(np.arange(6) == 3, 1.0, 2.8)
    found = run_patients(load_model(), people, ketamine(), [0.0, 24.0], OUTPUTS)
    assert found.status[3] != 0
    assert np.isnan(found.value[3]).any()
    assert (found.status[[0, 1, 2, 4, 5]] == 0).all()
    assert np.isfinite(found.value[[0, 1, 2, 4, 5]]).all()
    assert "steady" in found.message(3) or "step" in found.message(3)


@pytest.mark.parametrize(
    ("constants", "outputs", "told"),
    [
        ({"glial_uptak": 0.7}, ["HDRS17"], "Did you mean `glial_uptake`"),
        ({"glial_uptake": float("nan")}, ["HDRS17"], "not finite"),
        ({}, ["HDRS18"], "is no output"),
        ({"glial_uptake": np.ones(3), "stress": np.ones(4)}, ["HDRS17"], "different numbers of patients"),
    ],
)
def test_wrong_names_and_values_are_refused_at_the_door(constants, outputs, told):
    with pytest.raises(InputError, match=told):
        run_patients(load_model(), constants, Events.none(), [0.0, 1.0], outputs)


def test_a_dose_into_an_unknown_place_is_refused():
    wrong = Events(np.array([0.0]), ("S_ketamine_centre",), np.array([[1.0]]))
    with pytest.raises(InputError, match="cannot be changed"):
        run_patients(load_model(), {}, wrong, [0.0, 1.0], ["HDRS17"])


def test_the_steady_state_gives_the_ill_a_score_and_the_healthy_almost_none():
    value, status = steady_state(
        load_model(), {"glial_uptake": np.array([1.0, 0.68]), "stress": np.array([0.0, 1.0])}, ["HDRS17"]
    )
    assert (status == 0).all()
    assert value[0, 0] < 8 <= 18 < value[1, 0]


def test_a_block_acts_also_after_a_run_without_it():
    hours, outputs = [0.0, 24.0], ["synaptic_protein"]
    free = run_patients(load_model(), {}, ketamine(), hours, outputs).value[0, 1, 0]
    blocks = [Events(np.zeros(1), (name,), np.full((1, 1), 0.9)) for name in ("mTORC1_block", "translation_block")]
    blocked = [run_patients(load_model(), {}, ketamine().joined(b), hours, outputs).value[0, 1, 0] for b in blocks]
    assert free > 1.1
    assert blocked[0] < 1.05
    assert blocked[1] < 0.9


def test_a_new_kind_of_block_needs_no_new_code():
    blocks = [Events(np.zeros(1), (name,), np.full((1, 1), 0.9)) for name in ("mTORC1_block", "AMPA_block")]
    perturbed = [perturbed_names(load_model(), ketamine().joined(block), {}) for block in blocks]
    assert perturbed[0] == perturbed[1]
    assert perturbed_names(load_model(), ketamine(), {}) == frozenset(ketamine().name)


def test_leaving_out_states_that_do_not_matter_changes_nothing_that_is_asked_for():
    # asking for one output lets the engine drop most states; asking for all lets it drop none but the unused drug
    model, people = load_model(), varied_people(8)
    alone = run_patients(model, people, ketamine(), [0.0, 1.0, 24.0], ["HDRS17"]).output("HDRS17")
    together = run_patients(model, people, ketamine(), [0.0, 1.0, 24.0], list(model.equations)).output("HDRS17")
    # each run is within the default tolerance's 1e-4 of the truth
    np.testing.assert_allclose(alone, together, rtol=2e-4)


def test_a_steady_state_is_found_for_every_patient_of_a_large_batch():
    value, status = steady_state(load_model(), varied_people(600), ["HDRS17"])
    assert (status == 0).all()
    assert np.isfinite(value).all()


def test_an_output_that_no_state_feeds_is_given_too():
    found = run_patients(
        load_model(), {"body_weight": 140.0}, ketamine(), [0.0, 1.0], ["size_of_volume", "body_weight"]
    )
    assert found.value.tolist() == [[[2.0, 140.0], [2.0, 140.0]]]
