"""The driver: where it lands, which failure it reports when, and the same loop compiled, in Python, and over NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from given_patients import ketamine, varied_people
from small_systems import driven, machine_kernel, numpy_kernel

from resprout.compile import host_width
from resprout.exchange.imported_model import import_model
from resprout.language import load_model
from resprout.solve import METHODS, SENTENCES, Events, run_patients, steady_state
from resprout.solve.batch import as_plan, nothing_found
from resprout.solve.driver import drive, drive_compiled, open_task
from resprout.solve.driver_arrays import SOLVED, Found, Patients, open_lanes, open_workspace
from resprout.solve.events import Timetable
from resprout.solve.reference import solve_patients, steady_states
from resprout.solve.run import DEFAULT_TOLERANCE
from resprout.solve.tableau import RODAS4

HOURS = np.array([0.0, 0.5, 2.0, 3.75, 6.0])


def integrate(kernel, loop, bind, begin: np.ndarray, width: int, changes: dict[float, float] | None = None) -> Found:
    """`driven` from values [patient] of y at hour 0, with amounts added to y at hours."""
    changes, patients = changes or {}, len(begin)
    limits = np.array([1e-8, 1e-10, 1e-10])
    moments = np.array(sorted(changes))
    amounts = np.array([[changes[hour]] for hour in moments]).reshape(-1, 1)
    first = np.arange(len(moments) + 1)
    plan = as_plan(HOURS, Timetable(moments, first, np.zeros(len(moments), np.int64), amounts))
    start = np.ascontiguousarray(np.stack([begin, np.zeros(patients)], axis=-1))
    people = Patients(np.zeros(0), np.zeros(0, np.int64), np.zeros((patients, 0)), start)
    found = nothing_found(patients, ("y", "z"), HOURS)
    lanes, work = open_lanes(kernel.layout, width, limits), open_workspace(kernel.layout, width, limits)
    loop(open_task(bind, lanes, work, people, plan, found, 0, patients), None)
    return found


def test_the_loop_is_the_same_compiled_and_in_python():
    kernel, begin = machine_kernel(driven(), RODAS4), np.linspace(0.5, 2.0, 3 * host_width() + 1)
    fast = integrate(kernel, drive_compiled, kernel.bound, begin, kernel.width, {1.25: 0.5})
    slow = integrate(kernel, drive, kernel.interpreted, begin, kernel.width, {1.25: 0.5})
    for found, expected in zip(fast, slow, strict=True):
        assert np.array_equal(found, expected)


def test_the_loop_over_numpy_takes_the_same_steps():
    machine, reference, begin = machine_kernel(driven(), RODAS4), numpy_kernel(driven(), RODAS4), np.linspace(0.5, 2, 7)
    fast = integrate(machine, drive_compiled, machine.bound, begin, machine.width)
    slow = integrate(reference, drive, reference.interpreted, begin, 3)
    assert fast.steps.tolist() == slow.steps.tolist()
    # rounding, of which each of about a hundred steps adds its own
    np.testing.assert_allclose(fast.outputs, slow.outputs, rtol=1e-12)


def test_outputs_between_steps_follow_the_exact_solution_through_a_change():
    kernel = machine_kernel(driven(), RODAS4)
    found = integrate(kernel, drive_compiled, kernel.bound, np.array([1.0]), kernel.width, {1.25: 0.5})
    grown = 1 + 0.5 / np.exp(np.sin(1.25)) * (HOURS > 1.25)
    # some hundred times the tolerance of a step
    np.testing.assert_allclose(found.outputs[0, 0], np.exp(np.sin(HOURS)) * grown, rtol=1e-6)


def test_a_change_is_landed_on_to_the_bit():
    kernel, hour, landed = numpy_kernel(driven(), RODAS4), 1.2345678901234567, []

    def bind(name, arrays):
        plain = kernel.interpreted(name, arrays)

        def recorded():
            plain()
            landed.extend(arrays["now"].tolist())

        return recorded if name == "accept_step" else plain

    integrate(kernel, drive, bind, np.array([1.0]), 1, {hour: 0.5})
    assert hour in landed


@pytest.mark.parametrize("method", METHODS)
def test_the_reference_solver_takes_the_engines_steps_on_the_shipped_model(method):
    model, people, hours = load_model(), varied_people(4), [0.0, 0.3, 1.0, 5.0, 24.0, 168.0]
    outputs = ["HDRS17", "ketamine_venous", "p_mTOR"]
    engine = run_patients(model, people, ketamine(), hours, outputs, method=method)
    value, steps = solve_patients(
        model, people, ketamine(), hours, outputs, 4, tolerance=DEFAULT_TOLERANCE, tableau=METHODS[method]
    )
    assert engine.steps.tolist() == steps.tolist()
    # rounding, multiplied by mTOR's steep pairing (decision 0065) and a hundred steps
    np.testing.assert_allclose(engine.value, value, rtol=1e-9, atol=1e-12)


def test_the_reference_solver_finds_the_engines_steady_states():
    model, people = load_model(), varied_people(5)
    outputs = [state.name for state in model.states]
    engine, _ = steady_state(model, people, outputs)
    found, status = steady_states(model, people, 5)
    assert (status == SOLVED).all()
    np.testing.assert_allclose(found, engine, rtol=1e-9, atol=1e-12)


def imported(folder, text: str):
    file = folder / "m.ant"
    file.write_text(text, encoding="utf-8")
    return import_model(file)


def solved(model, hours, outputs, constants=None):
    return run_patients(model, constants or {}, Events.none(), hours, outputs)


def test_an_event_of_a_state_is_found_where_its_trigger_begins_to_hold(tmp_path):
    # x halves in 2 ln 2 and is then set back: x = 2 exp(-(t mod 2 ln 2) / 2)
    model = imported(tmp_path, "x = 2; x' = -0.5*x; n = 0; E: at (x < 1): x = 2, n = n + 1;")
    period, hours = 2 * np.log(2), np.linspace(0.1, 12.0, 40)
    found = solved(model, hours, ["x", "n"])
    # the tolerance of an imported model's step is 1e-8
    np.testing.assert_allclose(found.output("x")[0], 2 * np.exp(-(hours % period) / 2), rtol=1e-6)
    assert found.output("n")[0].tolist() == (hours // period).tolist()


def test_patients_with_events_are_the_same_in_any_company(tmp_path):
    model = imported(tmp_path, "k = 0.5; x = 2; x' = -k*x; n = 0; E: at (x < 1): x = 2, n = n + 1;")
    rates, hours = np.linspace(0.2, 2.0, 2 * host_width() + 3), [0.0, 1.0, 5.0, 9.0]
    together = solved(model, hours, ["x", "n"], {"k": rates})
    for patient, rate in enumerate(rates):
        alone = solved(model, hours, ["x", "n"], {"k": rate})
        assert np.array_equal(alone.value[0], together.value[patient])
        assert alone.steps[0] == together.steps[patient]


FAILURES = {
    # y = 1 / (1 - t) ends at t = 1
    "a solution that ends": ("y = 1; y' = y^2;", "`y` grows without bound"),
    # not a number beyond t = 1
    "a rate that is not a number": (
        "y = 1; t = 0; t' = 1; y' = sqrt(1 - t);",
        "the rate of `y` is not a number, the square root of -",
    ),
    # some 300 000 turns of many steps each
    "an oscillation that never ends": ("x = 1; y = 0; x' = 1e6*y; y' = -1e6*x;", "500 000 steps"),
    "events that set each other off": (
        "x = 0; y = 1; y' = -y; E: at (y < 0.5 && x < 0.5): x = 1; F: at (y < 0.5 && x > 0.5): x = 0;",
        "without end",
    ),
}


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_told_as_what_it_is(tmp_path, case, watched):
    text, told = FAILURES[case]
    # an event that never happens has the loop watched
    found = solved(imported(tmp_path, text + ("E0: at (y > 1e200): y = 0;" if watched else "")), [0.0, 0.5, 2.0], ["y"])
    assert told in found.message(0)
    assert np.isfinite(found.value[0, 0, 0]) and np.isnan(found.value[0, 2, 0])


def test_a_circuit_without_a_steady_state_is_told_as_that(toy_folder):
    stage = toy_folder / "4_signal.ant"
    # growth' = loss (fast + 1 + growth^2) is positive everywhere
    stage.write_text(
        stage.read_text(encoding="utf-8").replace("(fast - growth)", "(fast + 1 + growth^2)"), encoding="utf-8"
    )
    found = run_patients(load_model(toy_folder), {}, Events.none(), [0.0, 1.0], ["growth"])
    assert "no steady state" in found.message(0)
    assert np.isnan(found.value).all()


def test_reasons_of_failure_are_each_a_sentence_of_their_own():
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_kernels_are_bound_by_the_names_of_arrays():
    kernel = machine_kernel(driven(), RODAS4)
    limits = np.full(len(kernel.layout.states) + 1, 1e-8)
    arrays, other = open_lanes(kernel.layout, kernel.width, limits)._asdict(), np.zeros(kernel.width)
    plain, replaced = kernel.bound("observe", arrays), kernel.bound("observe", {**arrays, "fraction": other})
    changed = [pair for pair in zip(plain.pointers, replaced.pointers, strict=True) if pair[0] != pair[1]]
    assert changed == [(arrays["fraction"].ctypes.data, other.ctypes.data)]
    with pytest.raises(KeyError, match="fraction"):
        kernel.bound("observe", {name: array for name, array in arrays.items() if name != "fraction"})
