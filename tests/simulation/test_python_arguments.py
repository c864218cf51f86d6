"""What Python callers may get wrong: every argument of another kind is told by name, with what was expected."""

import numpy as np
import pandas as pd
import pytest

import resprout as rs

DOSE = "ketamine 0.5 mg/kg iv over 40 min"


@pytest.fixture(scope="module")
def model():
    return rs.load_model()


@pytest.fixture(scope="module")
def people():
    return rs.recruit(3, seed=1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"regimen": 5}, "`regimen` is 5. Expected text such as"),
        ({"regimen": None}, "`regimen` is None"),
        ({"outputs": "HDRS17"}, "`outputs` is 'HDRS17'. Expected a list of names"),
        ({"blocks": "AMPA"}, "`blocks` is 'AMPA'. Expected shares by step"),
        ({"overrides": [1]}, r"`overrides` is \[1\]. Expected values by constant"),
        ({"numerics": rs.Numerics("x")}, "`tolerance` is 'x'. Expected a number from 1e-12 to 0.01"),
        ({"numerics": rs.Numerics(0.0)}, "`tolerance` is 0.0"),
        ({"numerics": rs.Numerics(-1e-6)}, "`tolerance` is -1e-06"),
        ({"numerics": rs.Numerics(threads=0)}, "`threads` is 0. Expected a whole number from 1"),
        ({"numerics": rs.Numerics(threads="2")}, "`threads` is '2'"),
        ({"numerics": rs.Numerics(allowed_failures=2)}, "`allowed_failures` is 2. Expected a share from 0 to 1"),
        ({"numerics": 1e-6}, "`numerics` is 1e-06. Expected"),
        ({"people": "abc"}, "'abc' patients. Expected a whole number"),
        ({"days": "x"}, "`days` is 'x'. Expected a number above 0, at most 400 days"),
    ],
)
def test_simulate_names_each_argument_that_is_of_another_kind(model, people, arguments, told):
    given = {"people": people, "regimen": DOSE} | arguments
    with pytest.raises(rs.InputError, match=told):
        rs.simulate(model, **given)


def test_arguments_in_another_order_are_told_all_at_once(model, people):
    with pytest.raises(rs.InputError) as caught:
        rs.simulate(DOSE, model, people)
    assert [fault.found for fault in caught.value.faults] == [f"`model` is {DOSE!r}.", "`regimen` is a Cohort."]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: rs.recruit(5, entry=5), "`entry` is 5. Expected criteria"),
        (lambda: rs.recruit(5, model="folder"), "`model` is 'folder'. Expected a model"),
        (lambda: rs.recruit(5, genotype=1), "`genotype` is 1"),
        (lambda: rs.run_trial(5), "`name` is 5. Expected a shipped trial"),
        (lambda: rs.run_trial("berman2000", model=1), "`model` is 1"),
        (lambda: rs.load_model(5), "`source` is 5. Expected the path"),
        (lambda: rs.long_table("run"), "`run` is 'run'. Expected what `simulate` gives"),
        (lambda: rs.validate("berman2000"), "`model` is 'berman2000'"),
        (lambda: rs.validate(trials="berman2000"), "`trials` is 'berman2000'. Expected a list"),
        (lambda: rs.figure(9), "There is no figure 9"),
    ],
)
def test_every_door_of_the_package_names_what_is_of_another_kind(call, told):
    with pytest.raises(rs.InputError, match=told):
        call()


@pytest.mark.parametrize("ids", [[3], [-1], "a", [0.5], 99])
def test_patients_that_nobody_is_cannot_be_taken(people, ids):
    with pytest.raises(rs.InputError, match="Expected whole numbers from 0 to 2"):
        people.take(ids)


def test_patients_are_taken_by_position_in_the_order_asked_for(people):
    taken = people.take([2, 0])
    assert taken.candidate.tolist() == people.candidate[[2, 0]].tolist()
    assert len(people.take([])) == 0


@pytest.mark.parametrize(
    "hours",
    [
        np.array([1.5, 2.5]),
        np.array([]),
        3.0,
        np.float64(3),
        np.array(3),
        pd.Series([1.5]),
        range(3),
        (),
        [np.int32(2)],
    ],
)
def test_hours_may_be_a_list_an_array_a_series_or_a_number(model, people, hours):
    run = rs.simulate(model, people, DOSE, days=1, outputs=["HDRS17"], times_h=hours)
    assert set(np.ravel(hours)) <= set(run["time_h"].values)
    same = rs.simulate(model, people, DOSE, days=1, outputs=rs.Output(["HDRS17"], hours))
    assert run["time_h"].equals(same["time_h"])


def test_an_hour_after_the_last_day_is_observed_too(model, people):
    run = rs.simulate(model, people, DOSE, days=1, outputs=["HDRS17"], times_h=[500.0])
    longer = rs.simulate(model, people, DOSE, days=21, outputs=["HDRS17"], times_h=[500.0])
    assert float(run["time_h"].max()) == 500.0
    # the times of output do not change the steps
    assert run["HDRS17"].sel(time_h=500.0).values == pytest.approx(longer["HDRS17"].sel(time_h=500.0).values, rel=1e-4)


@pytest.mark.parametrize("hours", [np.array([9601.0]), [np.nan], [-1.0], "3", [[1.0]], ["a"], {1.0: 2}, None])
def test_hours_that_cannot_be_observed_are_refused_by_name(model, people, hours):
    with pytest.raises(rs.InputError) as caught:
        rs.simulate(model, people, DOSE, days=1, times_h=hours)
    assert "times_h" in {fault.field for fault in caught.value.faults}


def test_numbers_of_numpy_and_pandas_give_the_same_run_as_those_of_python(model):
    wanted = rs.People(2, seed=3, entry=rs.Entry({"HDRS17": 18}, (18, 65)), point=True)
    numerics = rs.Numerics(1e-5, 2, "float64", 0.01)
    plain = rs.simulate(
        model,
        wanted,
        DOSE,
        days=1,
        outputs=["HDRS17"],
        blocks={"AMPA": 0.5},
        numerics=numerics,
        overrides={"glial_uptake": 0.7},
    )
    entry = rs.Entry(
        pd.Series({"HDRS17": 18}), np.array([18, 65]), np.array([]), pd.Series(dtype=float), np.bool_(False)
    )
    theirs = rs.People(np.int64(2), np.array(3), np.str_("mdd"), entry, None, np.bool_(True))
    run = rs.simulate(
        model,
        theirs,
        np.str_(DOSE),
        days=np.float32(1),
        outputs=np.array(["HDRS17"]),
        blocks=pd.Series({"AMPA": 0.5}),
        overrides={"glial_uptake": np.array(0.7)},
        numerics=rs.Numerics(np.float64(1e-5), np.int8(2), np.str_("float64"), np.array(0.01)),
    )
    assert run.equals(plain)


def test_recruiting_and_trials_take_numbers_of_numpy(model):
    assert len(rs.recruit(np.int64(2), seed=np.uint8(3), uncertain=np.bool_(False), model=model)) == 2
    trial = rs.run_trial(
        "berman2000",
        np.int64(1),
        np.array(2),
        model=model,
        point=np.bool_(True),
        overrides=pd.Series({"stress_mean": 1.0}),
    )
    assert (trial.replicates, trial.seed) == (1, 2) and type(trial.seed) is int


@pytest.mark.parametrize("given", [True, np.bool_(True), "2", 2.5, np.float64(2), [2], np.array([2]), 10**400])
def test_what_is_no_whole_number_counts_nobody(model, given):
    with pytest.raises(rs.InputError, match="whole number"):
        rs.recruit(given, model=model)
    with pytest.raises(rs.InputError, match="whole number"):
        rs.run_trial("berman2000", given, model=model)


def test_an_imported_model_takes_arrays_and_series(tmp_path):
    path = tmp_path / "decay.ant"
    path.write_text("x = 1; k = 1\nx' = -k * x", encoding="utf-8")
    model = rs.import_model(path)
    run = rs.simulate_imported(
        model, np.int64(1), outputs=np.array(["x"]), overrides={"k": pd.Series([1.0, 2.0])}, times_h=np.array([0.3])
    )
    assert run["x"].sel(time_h=1.0).values == pytest.approx(np.exp([-1.0, -2.0]), rel=1e-6)
    for hours, further in ((np.nan, ()), ("1", ()), (1, "2"), (1, [np.inf])):
        with pytest.raises(rs.InputError):
            rs.simulate_imported(model, hours, times_h=further)
    with pytest.raises(rs.InputError, match="Expected a list of names"):
        rs.simulate_imported(model, 1, outputs="x")
