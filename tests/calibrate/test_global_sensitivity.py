"""Sensitivity: indices are those that can be worked out on paper, and what does not matter has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from resprout.calibrate.experiments import Arm
from resprout.calibrate.global_sensitivity import analyse_sensitivity, find_factors, read_target, values_of
from resprout.calibrate.sensitivity_indices import MIDDLE, Sampling
from resprout.errors import InputError
from resprout.figures.palette import STAGE_COLOUR
from resprout.figures.sensitivity_figure import sensitivity_figure
from resprout.language import load_model

MODEL = load_model()
DOSE = Arm("healthy", "ketamine 0.5 mg/kg iv over 40 min")
SLACK = 0.05  # three standard errors of an index at 512 samples, from its own intervals


def conditional_variance(function, factors, column, points=60):
    """Share of variance that one of three factors explains alone, by midpoints of a grid."""
    places = np.linspace(*MIDDLE, points + 1)
    middles = (places[1:] + places[:-1]) / 2
    unit = (middles - MIDDLE[0]) / (MIDDLE[1] - MIDDLE[0])
    grids = np.meshgrid(*[unit] * len(factors), indexing="ij")
    values = values_of(factors, np.stack([grid.ravel() for grid in grids], axis=1))
    found = function(values).reshape([points] * len(factors))
    others = tuple(axis for axis in range(len(factors)) if axis != column)
    return found.mean(axis=others).var() / found.var()


@pytest.fixture(scope="module")
def clearance():
    target = read_target("S_ketamine_hepatic_clearance@1h", MODEL)
    return target, analyse_sensitivity(MODEL, DOSE, [target], Sampling(512))


def test_first_indices_are_those_of_the_formula_on_a_grid(clearance):
    target, found = clearance
    rows = {index.factor.name: index for index in found.of(target)}
    three = [rows[name].factor for name in ("hepatic_flow", "demethylation_clearance", "other_liver_clearance")]

    def well_stirred(values):
        flow, intrinsic = values["hepatic_flow"], values["demethylation_clearance"] + values["other_liver_clearance"]
        return flow * intrinsic / (flow + intrinsic)

    for column, factor in enumerate(three):
        exact = conditional_variance(well_stirred, three, column)
        assert rows[factor.name].first == pytest.approx(exact, abs=SLACK), factor.name
        assert rows[factor.name].first_lower <= rows[factor.name].first <= rows[factor.name].first_upper
    assert sum(index.first for index in rows.values()) == pytest.approx(1, abs=2 * SLACK)


def test_only_what_the_output_reads_is_varied(clearance):
    _, found = clearance
    assert {index.factor.name for index in found.indices} == {
        "hepatic_flow",
        "demethylation_clearance",
        "other_liver_clearance",
        "clearance_weight_exponent",  # read, though it moves nothing at 70 kg
    }
    assert max(index.total for index in found.indices if index.factor.name == "clearance_weight_exponent") == 0


def test_what_matters_not_at_all_has_no_index():
    target = read_target("SBP@0h", MODEL)
    rows = {index.factor.name: index for index in analyse_sensitivity(MODEL, DOSE, [target], Sampling(512)).of(target)}
    assert rows["SBP_rest"].total == pytest.approx(1, abs=3 * SLACK)  # before the dose pressure is its resting value
    assert max(index.total for name, index in rows.items() if name != "SBP_rest") < 1e-6
    assert max(index.mu_star for name, index in rows.items() if name != "SBP_rest") < 1e-6


def test_the_same_seed_gives_the_same_indices():
    target = read_target("S_ketamine_hepatic_clearance@1h", MODEL)
    first, again = (analyse_sensitivity(MODEL, DOSE, [target], Sampling(64, seed=3)) for _ in range(2))
    assert first.indices == again.indices


def test_ranges_keep_shares_between_none_and_all_and_potentials_their_sign():
    targets = [read_target("HDRS17@24h", MODEL)]
    factors = find_factors(MODEL, Arm("patient", DOSE.done), targets)
    ends = values_of(factors, np.array([[0.0] * len(factors), [0.5] * len(factors), [1.0] * len(factors)]))
    for factor in factors:
        low, middle, high = ends[factor.name]
        assert min(low, high) < middle < max(low, high), factor.name
        assert factor.word not in ("odds", "logit") or 0 < low < high < 1
        assert np.sign(low) == np.sign(high) == np.sign(factor.constant.value)
    assert {factor.name for factor in factors} >= {
        "mTORC1_half_point",
        "ketamine_NMDA_IC50",
        "ketamine_brain_half_time",
    }


def test_units_switches_and_what_the_person_is_are_held():
    names = {
        factor.name for factor in find_factors(MODEL, Arm("patient", DOSE.done), [read_target("HDRS17@24h", MODEL)])
    }
    assert not names & {"seconds_per_hour", "interneuron_block_weight", "glial_uptake", "stress", "need_rounding"}


def test_a_spread_is_used_where_there_is_one_and_the_grade_elsewhere():
    factors = {f.name: f for f in find_factors(MODEL, DOSE, [read_target("ketamine_brain@1h", MODEL)])}
    flow, half_time = factors["hepatic_flow"], factors["ketamine_brain_half_time"]
    assert flow.own and not half_time.own and half_time.size == 0.10  # graded measured
    top = values_of([flow], np.array([[1.0]]))["hepatic_flow"][0]
    assert top == pytest.approx(flow.constant.value * np.exp(flow.size * ndtri(MIDDLE[1])))


def test_a_drug_beside_ketamine_brings_its_own_constants():
    arm = Arm("healthy", "midazolam 2.5 mg iv")
    names = {factor.name for factor in find_factors(MODEL, arm, [read_target("midazolam_plasma@1h", MODEL)])}
    assert {"midazolam_clearance", "midazolam_central_volume"} <= names


@pytest.mark.parametrize(
    ("text", "said"), [("HDRS17", "no output at a time"), ("HDRS71@24h", "no output of the model")]
)
def test_targets_that_mean_nothing_are_told(text, said):
    with pytest.raises(InputError, match=said):
        read_target(text, MODEL)


def test_the_picture_has_a_panel_a_target_and_the_colours_of_the_stages(clearance):
    target, found = clearance
    figure = sensitivity_figure(found, [target])
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert len(bars) == 2  # alone, and with others
    assert set(bars[1].marker.color) == {STAGE_COLOUR["dose"]}
    assert figure.layout.title.text.startswith("S_ketamine_hepatic_clearance at 1 h is most sensitive to")
