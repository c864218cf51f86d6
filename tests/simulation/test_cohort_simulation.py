"""Simulating a regimen: what is refused, what is returned, and that patients do not depend on company."""

import numpy as np
import pytest

from resprout.errors import InputError
from resprout.language import load_model
from resprout.people import recruit
from resprout.simulation import Numerics, Output, People, simulate
from resprout.simulation.observation_times import output_hours
from resprout.simulation.scenario import read_scenario

MODEL = load_model()
KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
OUTPUTS = ["ketamine_venous", "VAS_high", "PV_rate", "pyramidal_rate", "spine_density", "HDRS17"]


@pytest.fixture(scope="module")
def people():
    return recruit(48, seed=1)


@pytest.fixture(scope="module")
def treated(people):
    return simulate(MODEL, people, KETAMINE, days=10, outputs=OUTPUTS)


def test_outputs_come_by_patient_and_hour_with_unit_meaning_and_stage(treated):
    venous = treated["ketamine_venous"]
    assert venous.dims == ("patient", "time_h") and venous.attrs["stage"] == "dose"
    assert venous.attrs["units"] and venous.attrs["long_name"]
    assert (treated["status"] == 0).all() and np.isfinite(treated["HDRS17"]).all()


def test_the_run_says_what_was_run_with_what(treated):
    wanted = {"resprout_version", "model_digest", "seed", "regimen", "tolerance"}
    assert wanted <= treated.attrs.keys() and treated.attrs["regimen"] == KETAMINE


def test_relief_outlasts_euphoria(treated):
    # order of effects in Fig 1 of the review: euphoria has gone when depression falls
    mean = treated.mean("patient")
    peak = float(mean["VAS_high"].max())
    assert float(mean["VAS_high"].sel(time_h=24)) < 0.05 * peak
    assert float(mean["HDRS17"].sel(time_h=24)) < float(mean["HDRS17"].sel(time_h=0)) - 3


def test_plasma_at_the_end_of_the_infusion_is_in_the_published_range(treated):
    # 0.5 mg/kg in 40 min: mean venous plasma within 125-220 ng/mL
    assert 125 < float(treated["ketamine_venous"].sel(time_h=2 / 3, method="nearest").mean()) < 220


def test_saline_changes_nothing(people):
    run = simulate(MODEL, people, "saline", days=3, outputs=OUTPUTS)
    for name in OUTPUTS:
        # the solver may drift by its own tolerance of 1e-5 a step
        assert np.allclose(run[name], run[name][:, :1], rtol=1e-3, atol=1e-6)


def test_a_patients_course_is_the_same_alone_and_in_company(people, treated):
    alone = simulate(MODEL, people.take([17]), KETAMINE, days=10, outputs=OUTPUTS)
    for name in OUTPUTS:
        assert np.array_equal(alone[name][0], treated[name][17])


def test_a_block_holds_back_the_spines(people, treated):
    blocked = simulate(MODEL, people, KETAMINE, days=1, outputs=["spine_density"], blocks={"mTORC1": 0.9})
    alone = simulate(MODEL, people, "saline", days=1, outputs=["spine_density"], blocks={"mTORC1_block": 0.9})
    gain = float((treated["spine_density"].sel(time_h=24) - treated["spine_density"].sel(time_h=0)).mean())
    left = float((blocked["spine_density"] - alone["spine_density"]).isel(time_h=-1).mean())
    assert left < 0.25 * gain


def test_a_changed_constant_and_a_changed_genotype_change_the_outcome(people, treated):
    met = simulate(MODEL, people.with_genotype("met/met"), KETAMINE, days=1, outputs=["HDRS17"])
    light = simulate(MODEL, people, KETAMINE, days=1, outputs=["HDRS17"], overrides={"glial_uptake": 0.9})
    assert float(met["HDRS17"].isel(time_h=0).mean()) != float(treated["HDRS17"].isel(time_h=0).mean())
    assert float(light["HDRS17"].isel(time_h=0).mean()) < float(treated["HDRS17"].isel(time_h=0).mean())


def test_midazolam_is_given_and_lifts_no_mood(people):
    run = simulate(
        MODEL, people, "midazolam 0.045 mg/kg iv over 40 min", days=2, outputs=["midazolam_plasma", "HDRS17"]
    )
    change = run["HDRS17"].isel(time_h=-1) - run["HDRS17"].isel(time_h=0)
    assert float(run["midazolam_plasma"].max()) > 10 and abs(float(change.mean())) < 1


def test_a_number_of_people_may_be_given_instead_of_people():
    run = simulate(MODEL, People(3, seed=5), "saline", days=0.1, outputs=["HDRS17"])
    assert run.sizes["patient"] == 3 and run.attrs["seed"] == 5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"outputs": ["HRDS17"]}, "Did you mean `HDRS17`"),
        ({"outputs": []}, "no output is asked for"),
        ({"blocks": {"AMPAA": 0.9}}, "Did you mean `AMPA`"),
        ({"blocks": {"AMPA": 1.2}}, "Expected from 0 to 1"),
        ({"blocks": {"AMPA": float("nan")}}, "Expected from 0 to 1"),
        ({"overrides": {"glial_uptak": 0.9}}, "Did you mean `glial_uptake`"),
        ({"overrides": {"glial_uptake": float("inf")}}, "finite"),
        ({"overrides": {"ketamine_central_volume": 0}}, "Expected above 0 litre"),
        ({"overrides": {"ketamine_unbound_share": 1.2}}, "Expected from 0 to 1"),
        ({"overrides": {"female_share": -0.1}}, "Expected from 0 to 1"),
        ({"overrides": {"ketamine_NMDA_IC50": 0}}, "Expected from 1e-09 to 1e\\+06 uM"),
        ({"days": 0}, "`days` is 0"),
        ({"days": float("nan")}, "`days` is nan"),
        ({"days": 4000}, "`days` is 4000"),
        ({"outputs": Output(["HDRS17"], [-1])}, "negative"),
        ({"people": People(3, genotype="val")}, "no rs6265 genotype"),
        ({"people": People(3, population="bipolr")}, "no population"),
        ({"people": People(3, entry="HDRS99>=3")}, "no entry criterion"),
        ({"numerics": Numerics(tolerance=0.5)}, "from 1e-12 to 0.01"),
    ],
)
def test_a_senseless_request_is_refused(people, wrong, says):
    with pytest.raises(InputError, match=says):
        simulate(**{"model": MODEL, "people": people, "regimen": KETAMINE, **wrong})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"scopolamine_M1_Kd": -0.1}, "Expected from 1e-09 to 1e+06 uM."),
        ({"scopolamine_M1_Emax": -1.5}, "Expected from -1 to 10."),
        ({"scopolamine_unbound_share": 6}, "Expected from 0 to 1."),
        ({"scopolamine_AMPA_hill": 0}, "Expected from 0.1 to 20."),  # a neutral default
    ],
)
def test_a_constant_of_a_drug_is_set_within_the_bounds_of_its_property(changed, says):
    with pytest.raises(InputError) as caught:
        read_scenario(MODEL, "scopolamine 0.004 mg/kg iv over 15 min", 1.0, overrides=changed)
    assert [(fault.field, fault.expected) for fault in caught.value.faults] == [(next(iter(changed)), says)]


def test_a_constant_may_be_set_to_either_bound():
    for value in (0.0, 1.0):
        read_scenario(MODEL, KETAMINE, 1.0, overrides={"ketamine_unbound_share": value})


def test_all_faults_of_a_request_are_told_at_once(people):
    with pytest.raises(InputError) as caught:
        simulate(MODEL, people, "ketamin 0.5 mg/kg iv", days=-1, outputs=["HDRS18"], blocks={"x": 1})
    assert len(caught.value.faults) == 4


def test_hours_are_dense_after_each_dose_and_end_with_the_last_day():
    hours = output_hours((0.0, 72.0), 240.0)
    assert {0.0, 2 / 12, 72.0, 240.0} <= set(np.round(hours, 12)) or np.isclose(
        hours[:, None], [0, 2 / 12, 72, 240]
    ).any(0).all()
    assert np.all(np.diff(hours) > 0) and ((hours > 72) & (hours <= 76)).sum() == ((hours > 0) & (hours <= 4)).sum()
