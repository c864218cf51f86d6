"""What a PEtab problem may hold, and how the rest is refused: by name, and all faults at once."""

from __future__ import annotations

import math

import pytest
from petab_files import (
    DECAY,
    MEASUREMENTS_1,
    MEASUREMENTS_2,
    OBSERVABLES,
    PARAMETERS_1,
    PARAMETERS_2,
    write_problem,
)

import resprout as rs

GIVEN = {
    "parameters": [PARAMETERS_2, "s0\t0\t10\t4\ttrue", "k\t0.01\t10\t0.5\ttrue"],
    "observables": [OBSERVABLES, "seen\tS\t0.2"],
    "measurements": [MEASUREMENTS_2, "seen\t\t1\t2.5"],
}


def faults_of(path):
    with pytest.raises((rs.ModelError, rs.InputError)) as caught:
        rs.evaluate_petab(rs.read_petab(path))
    return [str(fault) for fault in caught.value.faults]


def test_a_problem_is_read_with_its_scales_and_bounds(tmp_path):
    problem = rs.read_petab(write_problem(tmp_path, 2, DECAY, **GIVEN))
    rows = [(p.name, p.lower, p.upper, p.nominal, p.scale, p.estimated) for p in problem.parameters]
    # bounds above 0 that are two powers of ten apart
    assert rows == [("s0", 0, 10, 4, "lin", True), ("k", 0.01, 10, 0.5, "log10", True)]
    assert problem.version == 2 and problem.notes == ()


def test_replicates_overrides_and_pre_equilibration_of_version_1_are_kept(tmp_path):
    head = f"{MEASUREMENTS_1}\tpreequilibrationConditionId\treplicateId\tobservableParameters"
    tables = {
        "parameters": [PARAMETERS_1, "s0\tlin\t0\t10\t4\t1", "offset\tlin\t0\t10\t0.5\t0"],
        "conditions": ["conditionId\tk", "rest\t0", "c\t0.5"],
        "observables": [OBSERVABLES, "seen\tS + observableParameter1_seen * observableParameter2_seen\t0.2"],
        "measurements": [head, "seen\tc\t1\t2.5\trest\ta\toffset;2", "seen\tc\t1\t2.6\trest\tb\t0;1"],
    }
    problem = rs.read_petab(write_problem(tmp_path, 1, DECAY, **tables))
    assert [period.time for period in problem.experiments[0].periods] == [-math.inf, 0]
    assert [str(each) for each in problem.measurements[0].overrides] == ["offset", "2.00000000000000"]
    assert problem.table["replicateId"].tolist() == ["a", "b"]


def test_files_that_are_not_there_are_told_together(tmp_path):
    found = faults_of(write_problem(tmp_path, 2, DECAY, without=("parameters", "observables"), **GIVEN))
    assert len(found) == 2
    assert "`parameters.tsv` is not there" in found[0] and "`observables.tsv` is not there" in found[1]


def test_what_is_not_supported_is_refused_by_name(tmp_path):
    models = {
        "a": {"language": "pysb", "location": "model.xml"},
        "b": {"language": "sbml", "location": "http://x/y.xml"},
    }
    config = {"model_files": models, "extensions": {"sciml": {"version": "1", "config": {}}}}
    said = "\n".join(faults_of(write_problem(tmp_path, 2, DECAY, config=config, **GIVEN)))
    assert "several models in one problem" in said and "the model language `pysb`" in said
    assert "the extension `sciml`" in said and "`http://x/y.xml` lies on a network" in said


@pytest.mark.parametrize(
    ("version", "told"), [("3.0.0", "format_version is '3.0.0'"), (None, "there is no format_version")]
)
def test_another_version_is_refused(version, told, tmp_path):
    path = write_problem(tmp_path, 2, DECAY, config={"format_version": version} if version else None, **GIVEN)
    if version is None:
        path.write_text("parameter_files: [parameters.tsv]\n", encoding="utf-8")
    assert told in faults_of(path)[0]


def test_what_libpetab_finds_is_told(tmp_path):
    tables = GIVEN | {"measurements": [MEASUREMENTS_2, "another\t\t1\t2.5", "seen\tnowhere\t1\t2.5"]}
    said = "\n".join(faults_of(write_problem(tmp_path, 2, DECAY, **tables)))
    assert "PEtab finds" in said and "another" in said and "nowhere" in said


@pytest.mark.parametrize("version", [1, 2])
def test_a_formula_that_cannot_be_read_is_told(version, tmp_path):
    head = MEASUREMENTS_1 if version == 1 else MEASUREMENTS_2
    tables = GIVEN | {
        "observables": [OBSERVABLES, "seen\tS +* 2\t0.2"],
        "measurements": [head, f"seen\t{'c' * (version == 1)}\t1\t2"],
    }
    if version == 1:
        tables |= {"conditions": ["conditionId", "c"], "parameters": [PARAMETERS_1, "s0\tlin\t0\t10\t4\t1"]}
    said = "\n".join(faults_of(write_problem(tmp_path, version, DECAY, **tables)))
    assert "S +* 2" in said


def test_a_table_without_a_column_is_told(tmp_path):
    tables = GIVEN | {"measurements": ["observableId\ttime", "seen\t1"]}
    assert "measurement" in "\n".join(faults_of(write_problem(tmp_path, 2, DECAY, **tables)))


def test_a_model_that_the_engine_does_not_run_is_refused_as_an_import_is(tmp_path):
    path = write_problem(tmp_path, 2, "model m\n S = 1; s0 = 1; k = 1; S' = -k*delay(S, 1);\nend", **GIVEN)
    assert "`delay`" in faults_of(path)[0]


def test_a_measurement_before_its_experiment_begins_is_refused(tmp_path):
    tables = GIVEN | {
        "experiments": ["experimentId\ttime\tconditionId", "late\t2\t"],
        "measurements": [MEASUREMENTS_2, "seen\tlate\t1\t2.5"],
    }
    found = faults_of(write_problem(tmp_path, 2, DECAY, **tables))
    assert found[0].endswith(
        "`seen` is measured at 1 in `late`. A time from 2 on was expected, when the experiment begins."
    )


def test_events_with_a_delay_are_refused_where_there_are_several_periods(tmp_path):
    late = "model m\n S = s0; s0 = 4; k = 0.5; S' = -k*S; at 1 after S < 2: S = 3;\nend"
    tables = GIVEN | {
        "experiments": ["experimentId\ttime\tconditionId", "e\t0\t", "e\t2\t"],
        "measurements": [MEASUREMENTS_2, "seen\te\t1\t2.5"],
    }
    assert "events with a delay" in faults_of(write_problem(tmp_path, 2, late, **tables))[0]
    # in one period the event happens, at ln 2 / 0.5 + 1 hours
    single = write_problem(tmp_path / "one", 2, late, **GIVEN | {"measurements": [MEASUREMENTS_2, "seen\t\t3\t2.5"]})
    found = rs.evaluate_petab(rs.read_petab(single)).simulations["simulation"]
    assert found.tolist() == pytest.approx([3 * math.exp(-0.5 * (3 - 1 - math.log(2) / 0.5))], rel=1e-6)


@pytest.mark.parametrize(
    ("bounds", "told"),
    [("0\t10\t1\t1", "its lower bound is 0"), ("2\t2\t1\t1", "is estimated between 2 and 2")],
)
def test_bounds_that_are_no_range_are_refused(bounds, told, tmp_path):
    tables = {
        "parameters": [PARAMETERS_1, f"s0\tlog10\t{bounds}"],
        "conditions": ["conditionId", "c"],
        "observables": GIVEN["observables"],
        "measurements": [MEASUREMENTS_1, "seen\tc\t1\t2.5"],
    }
    with pytest.raises((rs.InputError, rs.ModelError)) as caught:
        rs.fit_petab(rs.read_petab(write_problem(tmp_path, 1, DECAY, **tables)))
    assert told in str(caught.value) or "PEtab finds" in str(caught.value)


def test_a_value_for_what_is_no_parameter_is_refused(tmp_path):
    problem = rs.read_petab(write_problem(tmp_path, 2, DECAY, **GIVEN))
    with pytest.raises(rs.InputError, match="`kk` is no parameter of the problem"):
        rs.evaluate_petab(problem, {"kk": 1.0})
