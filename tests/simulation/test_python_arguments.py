"""What Python callers may get wrong: every argument of another kind is told by name, with what was expected."""

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
        ({"days": "x"}, "x days. Expected more than 0"),
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
