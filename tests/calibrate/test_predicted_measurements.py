"""Published measurements: the table says what it should, and a prediction is what the engine gives one patient at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from resprout.calibrate.experiments import Arm, run_arms
from resprout.calibrate.measurements import read_measurements
from resprout.calibrate.predicted_measurements import hours_read, predict_measurements
from resprout.errors import InputError, ModelError
from resprout.language import load_model
from resprout.language.data_schemas import MeasurementRow

MODEL = load_model()
ROWS = read_measurements(MODEL)
HEADER = list(MeasurementRow.columns())
GOOD = {
    "id": "X001",
    "stage": "1",
    "seed_row": "S2",
    "source": "zarate2006",
    "verification": "read",
    "person": "healthy",
    "given": "ketamine 35 mg iv over 40 min",
    "measure": "ketamine_venous max 0 2",
    "unit": "ng_per_mL",
    "rule": "within",
    "observed": "185",
    "lower": "150",
    "upper": "220",
    "sd": "17",
    "used_in_fit": "true",
    "spread": "tolerance: a fifth",
}


def a_table(tmp_path, *rows):
    path = tmp_path / "own.tsv"
    path.write_text(
        "\n".join(["\t".join(HEADER), *("\t".join(row.get(name, "") for name in HEADER) for row in rows)]),
        encoding="utf-8",
    )
    return path


def row_named(name):
    return next(row for row in ROWS if row.id == name)


@pytest.fixture(scope="module")
def drawn():
    """Three draws: as shipped, slower liver, and stronger mGluR2."""
    draws = {
        "hepatic_flow": np.array([1.0, 0.5, 1.0]) * MODEL.nominal["hepatic_flow"],
        "mGluR2_largest_inhibition": np.array([1.0, 1.0, 1.2]) * MODEL.nominal["mGluR2_largest_inhibition"],
        "glial_uptake": np.array([1.0, 1.0, 0.5]),
    }
    return predict_measurements(MODEL, ROWS, draws)


def test_at_least_120_measurements_none_of_them_only_remembered():
    assert len(ROWS) >= 120
    assert {row.verification for row in ROWS} <= {"read", "secondary", "digitised"}
    assert {row.stage for row in ROWS} == {1, 2, 3, 4, 5, 6}


def test_every_published_number_lies_in_its_own_range():
    for row in ROWS:
        assert math.isnan(row.observed) or row.lower <= row.observed <= row.upper, row.id
        assert math.isnan(row.observed) == (row.rule != "within"), row.id


def test_all_draws_of_all_arms_can_be_solved(drawn):
    assert np.isfinite(drawn).all()


def test_a_draw_reads_as_the_same_person_alone(drawn):
    alone = predict_measurements(MODEL, ROWS)[0]
    # patients share nothing but the batch, so to the last digits
    assert drawn[0] == pytest.approx(alone, rel=1e-9, abs=1e-12)


def test_predictions_are_those_of_the_other_way_of_running_arms(drawn):
    row = row_named("MP004")
    seen = run_arms(MODEL, [Arm("rodent", "mGluR2_antagonist=200 [0 2]")], [1.0], ["ambient_glutamate"])
    [arm] = seen.arms
    expected = 100 * (seen.at(arm, "ambient_glutamate", 1) / seen.at(arm, "ambient_glutamate", 0) - 1)
    assert drawn[0][ROWS.index(row)] == pytest.approx(expected, rel=1e-4)  # the engine's error of an output


def test_a_draw_moves_what_hangs_on_it_and_nothing_else(drawn):
    slower, stronger = drawn[1] / drawn[0], drawn[2] / drawn[0]
    dose, glutamate, score = (ROWS.index(row_named(name)) for name in ("PK093", "MP004", "MP128a"))
    assert slower[dose] > 1.5 and slower[glutamate] == pytest.approx(1, rel=1e-6)
    assert stronger[dose] == pytest.approx(1, rel=1e-9) and stronger[glutamate] > 1.05
    assert abs(stronger[score] - 1) > 1e-4


def test_what_a_person_is_stays_when_constants_are_drawn(drawn):
    patient = row_named("HB045")  # glial_uptake is the patient's own; a draw of it reaches healthy people only
    draws = {"glial_uptake": np.array([1.0, 0.6])}
    found = predict_measurements(MODEL, [patient], draws)[:, 0]
    assert found[1] > found[0]


def test_a_drug_beside_ketamine_follows_draws_of_its_own_constants():
    draws = {"midazolam_clearance": np.array([1.0, 2.0]) * MODEL.nominal["midazolam_clearance"]}
    area = predict_measurements(MODEL, [row_named("PB121")], draws)[:, 0]
    assert area[0] / area[1] == pytest.approx(2, rel=0.01)  # dose over clearance; a hundredth is left after 24 h


def test_an_area_is_the_dose_over_the_clearance():
    # the area of S-ketamine after 2.5 mg: dose over liver flow times extraction, all of it by 96 h
    flow = MODEL.nominal["hepatic_flow"]
    intrinsic = MODEL.nominal["demethylation_clearance"] + MODEL.nominal["other_liver_clearance"]
    exact = 2500 / (flow * intrinsic / (flow + intrinsic))
    found = predict_measurements(MODEL, [row_named("PK105")])[0, 0]
    assert found == pytest.approx(exact, rel=0.01)  # the trapezoid of a half-hour grid


def test_draws_of_unequal_length_and_of_durations_are_refused():
    with pytest.raises(InputError, match=r"(?s)different lengths.*no duration"):
        predict_measurements(
            MODEL, ROWS[:1], {"hepatic_flow": np.ones(2), "mucosal_duration": np.array([0.1, 0.2, 0.3])}
        )


def test_a_window_is_read_from_its_start_to_its_end():
    [readout] = row_named("PB115").readouts
    hours = hours_read(readout)
    assert (hours[0], hours[-1]) == (648, 672) and np.diff(hours).max() <= 0.5


def test_a_good_row_is_read(tmp_path):
    [row] = read_measurements(MODEL, a_table(tmp_path, GOOD))
    assert (row.observed, row.passes(200), row.z(202)) == (185, True, 1)


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    bad = [
        {**GOOD, "source": "nobody2001"},
        {**GOOD, "measure": "ketamine_venus after 2"},
        {**GOOD, "measure": "ketamine_venus max 0 2"},
        {**GOOD, "verification": "recall"},
        {**GOOD, "sd": ""},
        {**GOOD, "compare": "ratio"},
        {**GOOD, "used_in_fit": "false"},
        {**GOOD, "upper": ""},
    ]
    with pytest.raises(ModelError) as caught:
        read_measurements(MODEL, a_table(tmp_path, *bad))
    for said in (
        "`nobody2001` is no source in sources.bib",
        "`ketamine_venus after 2` is not understood",
        "Did you mean `ketamine_venous`",
        "verification `recall`",
        "no sd",
        "needs a reference",
        "no note says why",
        "no bound",
    ):
        assert said in str(caught.value)


def test_a_bound_counts_only_what_lies_beyond_it():
    above = row_named("TC001")
    assert above.rule == "above" and above.passes(above.lower + 50)
    assert above.z(above.lower + 50) == 0 and above.z(above.lower - above.sd) == pytest.approx(-1)
