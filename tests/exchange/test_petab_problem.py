"""The PEtab problem: PEtab's own checks pass, and libRoadRunner, given nothing but the files, finds our numbers."""

from __future__ import annotations

import math

import numpy as np
import petab.v2
import pytest

from resprout.app.petab_command import export_petab
from resprout.calibrate.global_sensitivity import values_of
from resprout.calibrate.measurements import read_measurements
from resprout.errors import InputError
from resprout.exchange.petab_problem import estimated, export_rows, observable_of, petab_problem, prior_of
from resprout.language import load_model

MODEL = load_model()
ROWS = export_rows(read_measurements(MODEL))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("petab") / "problem"
    export_petab(target)
    return target


@pytest.fixture(scope="module")
def problem(folder):
    return petab.v2.Problem.from_yaml(folder / "resprout.yaml")


def test_petabs_own_checks_find_nothing(problem):
    assert list(problem.validate()) == []


def test_every_row_that_has_a_form_in_petab_is_there(problem):
    assert len(problem.measurements) == len(ROWS) > 25
    assert [measurement.measurement for measurement in problem.measurements] == pytest.approx(
        [row.observed for row in ROWS], rel=1e-6
    )
    assert {str(observable.formula) for observable in problem.observables} >= {"ketamine_venous", "VAS_high"}


def test_peaks_directions_and_ratios_of_experiments_stay_out():
    out = {row.id for row in read_measurements(MODEL)} - {row.id for row in ROWS}
    assert {"PB001", "TC001", "PK028", "MP128a"} <= out
    assert {"PB002", "PB008", "MP001", "TC004", "PB104"} <= {row.id for row in ROWS}


def test_doses_are_changes_of_periods(problem):
    number = [row.id for row in ROWS].index("PB002")
    experiment = next(e for e in problem.experiments if e.id == problem.measurements[number].experiment_id)
    times = [period.time for period in experiment.sorted_periods]
    assert times == [-math.inf, 0, pytest.approx(40 / 60)]
    dose = next(c for c in problem.conditions if c.id == experiment.sorted_periods[1].condition_ids[0])
    rates = {change.target_id: float(change.target_value) for change in dose.changes}
    # half of 35 mg over two thirds of an hour, in umol/h
    assert rates["S_ketamine_infusion"] == pytest.approx(35 / 2 / 237.73 * 1000 * 1.5)


def test_priors_have_the_middle_and_width_of_the_ranges():
    etas = np.array([[0.0], [0.5], [1.0]])
    for factor in estimated(MODEL, ROWS):
        prior = prior_of(factor)
        assert prior.lower < factor.constant.value < prior.upper, factor.name
        if prior.distribution != "log-normal":
            continue
        low, middle, high = np.log(values_of([factor], etas)[factor.name])
        # the ends of our ranges are the 2.5th and 97.5th percentile, 2 x 1.96 sd apart
        assert prior.numbers == pytest.approx((middle, (high - low) / (2 * 1.959964)), rel=1e-6), factor.name


def test_what_a_person_settles_is_estimated_under_a_name_of_its_own(problem):
    ids = {parameter.id for parameter in problem.parameters}
    assert "ketamine_central_volume_typical" in ids and "ketamine_central_volume" not in ids
    assert "mGluR2_largest_inhibition" in ids


def test_a_measure_has_its_own_observable():
    by_id = {row.id: observable_of(row) for row in ROWS}
    assert by_id["MP001"] == (
        "observed_percent_ambient_glutamate",
        "(100 * ((ambient_glutamate) / ambient_glutamate_baseline - 1))",
    )
    assert by_id["PB104"][1] == "(hydroxynorketamine_plasma_area) / (ketamine_venous_area)"


def test_the_same_problem_is_written_each_time():
    first, again = (petab_problem(MODEL, ROWS[:6]) for _ in range(2))
    assert first.condition_df.equals(again.condition_df) and first.parameter_df.equals(again.parameter_df)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.doc").write_text("irreplaceable", encoding="utf-8")
    with pytest.raises(InputError, match="holds other things"):
        export_petab(tmp_path)
    assert (tmp_path / "thesis.doc").read_text(encoding="utf-8") == "irreplaceable"
