"""What constants outside the fit do to predictions."""

from __future__ import annotations

import pytest

import resprout as rs
from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.unfitted_constants import (
    CHAIN,
    Influence,
    chain_influences,
    fitted_names,
    recorded_text,
    together,
)
from resprout.language import load_model


@pytest.fixture(scope="module")
def found():
    return {(each.name, each.prediction): each for each in chain_influences(load_model())}


def test_fitted_constants_and_inputs_are_left_out(found):
    names = {name for name, _ in found}
    assert not names & fitted_names()
    assert "firing_block" not in names
    assert {prediction for _, prediction in found} == set(CHAIN)


def test_the_threshold_of_a_rate_curve_cancels_and_its_slope_is_fitted(found):
    # background currents make up for the threshold, so that health has the same rate
    assert found["pyramidal_threshold", "ketamine, 1 d"].change < 0.01
    assert {"pyramidal_gain", "interneuron_gain"} <= fitted_names()
    assert ("pyramidal_curvature", "ketamine, 1 d") not in found


@pytest.mark.parametrize("cells", ["interneuron", "pyramidal"])
def test_only_the_product_of_gain_and_curvature_acts(cells):
    model = load_model()

    def relief(changes):
        regimen = "ketamine 0.5 mg/kg iv over 40 min"
        people = rs.People(40, population="mdd")
        run = rs.simulate(model, people, regimen, days=1, outputs=["MADRS"], overrides=changes)
        return float((run["MADRS"][:, 0] - run["MADRS"].sel(time_h=24.0)).mean())

    gain, curvature = (model.constants[f"{cells}_{name}"].value for name in ("gain", "curvature"))
    usual = relief({f"{cells}_gain": gain, f"{cells}_curvature": curvature})
    both = relief({f"{cells}_gain": 1.3 * gain, f"{cells}_curvature": curvature / 1.3})
    steeper = relief({f"{cells}_gain": 1.3 * gain, f"{cells}_curvature": curvature})
    # of pyramidal cells the firing itself matters a little, which depends on the curvature alone
    assert abs(both - usual) < (1e-3 if cells == "interneuron" else 0.05 * abs(steeper - usual))
    assert abs(steeper - usual) > 0.05


def test_a_constant_of_a_drug_that_is_not_given_is_not_tried(found):
    assert ("escitalopram_clearance", "escitalopram, 6 weeks") in found
    assert ("escitalopram_clearance", "ketamine, 1 d") not in found


def test_the_table_written_down_is_that_of_the_model(found):
    recorded = {(row["name"], row["prediction"]): row for row in data_rows("unfitted_constants")}
    for key, each in found.items():
        if each.change > 0.1 * each.uncertainty:
            assert float(recorded[key]["change"]) == pytest.approx(each.change, rel=0.05), key
            assert float(recorded[key]["uncertainty"]) == pytest.approx(each.uncertainty, rel=0.05)


def test_independent_changes_add_as_squares():
    rows = [Influence(name, "assumed", "cv 0.3", "relief", change, 2.0) for name, change in (("a", 3.0), ("b", 4.0))]
    assert together(rows) == {"relief": pytest.approx(2.5)}
    assert [line.split("\t")[0] for line in recorded_text(rows).splitlines()[1:]] == ["name", "b", "a"]
