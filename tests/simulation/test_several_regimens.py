"""Python calls for several regimens, for values of each patient, and with a count of what is done."""

import numpy as np
import pytest
import xarray as xr

import resprout as rs

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
BOTH = "ketamine 0.5 mg/kg iv over 40 min; every 3 d x 2 + escitalopram 10 mg oral; every 24 h x 4"
OUTPUTS = ["ketamine_venous", "HDRS17"]


@pytest.fixture(scope="module")
def model():
    return rs.load_model()


@pytest.fixture(scope="module")
def people(model):
    return rs.recruit(6, seed=3, model=model)


def test_a_list_of_regimens_gives_each_to_the_same_people_at_common_hours(model, people):
    both = rs.simulate(model, people, [KETAMINE, "saline"], days=2, outputs=OUTPUTS)
    assert dict(both.sizes) == {"regimen": 2, "patient": 6, "time_h": both.sizes["time_h"]}
    assert list(both["regimen"].to_numpy()) == [KETAMINE, "saline"]
    assert float(both["ketamine_venous"].sel(regimen="saline").max()) == 0
    for text in (KETAMINE, "saline"):
        alone = rs.simulate(model, people, text, days=2, outputs=OUTPUTS)
        same = both.sel(regimen=text, time_h=alone["time_h"].to_numpy())
        assert np.array_equal(same["HDRS17"], alone["HDRS17"])  # observing at more hours moves no bit


def test_regimens_may_have_names_and_drugs_of_their_own(model, people):
    run = rs.simulate(
        model, people, {"alone": KETAMINE, "with a tablet": BOTH}, days=4, outputs=[*OUTPUTS, "escitalopram_plasma"]
    )
    level = run["escitalopram_plasma"].max(["patient", "time_h"])
    assert level.sel(regimen="alone") == 0 and level.sel(regimen="with a tablet") > 0
    assert list(run["given"].to_numpy()) == [KETAMINE, BOTH]
    alone = rs.simulate(model, people, KETAMINE, days=4, outputs=OUTPUTS)
    beside = run["HDRS17"].sel(regimen="alone", time_h=alone["time_h"].to_numpy())
    # states of a drug that is not given change no rate; what is left is the error of the solver, 1e-4 of a point or less
    assert float(np.abs(beside - alone["HDRS17"]).max()) < 1e-3


def test_faults_of_every_regimen_are_told_with_its_name(model, people):
    with pytest.raises(rs.InputError) as caught:
        rs.simulate(model, people, {"a": "ketamin 1 mg iv", "b": KETAMINE, "c": "ketamine 1 mg"}, days=1)
    assert [fault.where for fault in caught.value.faults] == ["regimen `a`", "regimen `c`"]


def test_a_value_for_each_patient_is_that_of_the_patient(model, people):
    uptake = np.linspace(0.6, 1.0, len(people))
    each = rs.simulate(model, people, "saline", days=1, outputs=["HDRS17"], overrides={"glial_uptake": uptake})
    for patient, value in enumerate(uptake):
        alone = rs.simulate(
            model, people.take([patient]), "saline", days=1, outputs=["HDRS17"], overrides={"glial_uptake": value}
        )
        assert np.array_equal(each["HDRS17"][patient], alone["HDRS17"][0])
    assert each.attrs["overrides"] == "glial_uptake=0.6 to 1 by patient"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0.7, 0.8], "`glial_uptake` has 2 values. Expected one, or 6: one for each patient."),
        ([0.7, 0.8, np.nan, 0.8, 0.8, 0.8], "`glial_uptake` is set to nan for patient 2. Expected a finite number."),
        ([0.7, -0.8, 0.7, 0.8, 0.8, 0.8], "`glial_uptake` is set to -0.8 for patient 1."),
    ],
)
def test_values_that_patients_cannot_have_are_refused(model, people, values, found):
    with pytest.raises(rs.InputError, match=found.partition(" Expected")[0]):
        rs.simulate(model, people, "saline", days=1, outputs=["HDRS17"], overrides={"glial_uptake": values})


def test_a_count_goes_up_to_everybody_and_changes_no_bit(model):
    told = []
    asked = {"days": 1, "outputs": ["HDRS17", "ketamine_brain"]}
    whole = rs.simulate(model, 450, KETAMINE, **asked)
    counted = rs.simulate(model, 450, KETAMINE, progress=told.append, **asked)
    assert told == [200, 400, 450]
    xr.testing.assert_identical(whole, counted)


def test_the_count_of_several_regimens_goes_on(model, people):
    told = []
    rs.simulate(model, people, [KETAMINE, "saline"], days=1, outputs=["HDRS17"], progress=told.append)
    assert told == [6, 12]
