"""Treatment resistance is a criterion of entry wherever people are recruited."""

from __future__ import annotations

import numpy as np

import resprout as rs
from resprout.people.treatment_history import failed_before


def test_people_who_must_be_resistant_have_all_failed_a_treatment():
    model = rs.load_model()
    resistant = rs.recruit(80, entry="HDRS17>=20, resistant", model=model, seed=3)
    anybody = rs.recruit(80, entry="HDRS17>=20", model=model, seed=3)
    failed = failed_before(model)
    assert failed(resistant.constants, resistant.columns, 3).all()
    share = failed(anybody.constants, anybody.columns, 3).mean()
    assert 0.1 < share < 0.9
    assert resistant.screened > anybody.screened


def test_a_scenario_recruits_resistant_people_too():
    run = {
        entry: rs.simulate(rs.load_model(), rs.People(20, entry=entry, seed=5), "saline", days=0.1, outputs=["HDRS17"])
        for entry in ("HDRS17>=20", "HDRS17>=20, resistant")
    }
    one, two = (np.asarray(found["HDRS17"])[:, 0] for found in run.values())
    assert not np.array_equal(one, two)


def test_people_who_have_failed_respond_less_to_the_next_inhibitor_and_to_ketamine():
    model = rs.load_model()
    regimens = {
        "escitalopram": ("escitalopram 20 mg oral; every 24 h x 42", 1008.0),
        "ketamine": ("ketamine 0.5 mg/kg iv over 40 min", 24.0),
    }
    relief = {}
    for entry in ("MADRS>=28", "MADRS>=28, resistant"):
        people = rs.recruit(500, entry=entry, model=model, seed=5)
        for name, (regimen, hour) in regimens.items():
            run = rs.simulate(model, people, regimen, days=hour / 24, outputs=["MADRS"], times_h=[0.0, hour])
            seen = run["MADRS"].sel(time_h=[0.0, hour], method="nearest").to_numpy()
            relief[entry, name] = float((seen[:, 0] - seen[:, 1]).mean())
    assert relief["MADRS>=28, resistant", "escitalopram"] < 0.75 * relief["MADRS>=28", "escitalopram"]
    assert relief["MADRS>=28, resistant", "ketamine"] < 0.95 * relief["MADRS>=28", "ketamine"]


def test_a_past_trial_blocks_the_transporter_and_uses_the_persons_own_propensity():
    model = rs.load_model()
    people = rs.recruit(300, entry="HDRS17>=20", model=model, seed=3)
    failed = failed_before(model)(people.constants, people.columns, 3)
    assert (
        failed_before(model.with_parameters({"past_transporter_block": 0.0}))(people.constants, people.columns, 3).sum()
        > failed.sum()
    )
    more = dict(people.columns) | {"placebo_propensity": 5 * people.columns["placebo_propensity"]}
    assert failed_before(model)(people.constants, more, 3).sum() < failed.sum()


def test_the_number_of_past_trials_is_a_mean():
    """Of two and three trials on average half the people have failed a third; whoever has failed more is fewer."""
    model = rs.load_model()
    people = rs.recruit(400, entry="HDRS17>=20", model=model, seed=3)
    failed = {
        number: failed_before(model.with_parameters({"past_trials": number}))(people.constants, people.columns, 3)
        for number in (2.0, 2.5, 3.0)
    }
    assert (failed[2.5] <= failed[2.0]).all() and (failed[3.0] <= failed[2.5]).all()
    lost, all_lost = failed[2.0] & ~failed[2.5], failed[2.0] & ~failed[3.0]
    # half of those whom a third trial would have helped: a binomial share, 99.9 % interval
    assert abs(lost.sum() / all_lost.sum() - 0.5) < 3.3 * 0.5 / np.sqrt(all_lost.sum())


def test_resistant_people_enter_more_severely_ill_with_the_genotypes_of_all():
    # baselines of trials in resistant depression that ask for MADRS of at least 28 are 34 to 38 (TRANSFORM-1: 37.5)
    model = rs.load_model()
    resistant = rs.recruit(3000, entry="MADRS>=28, resistant", model=model, seed=3).columns
    others = rs.recruit(3000, entry="MADRS>=28", model=model, seed=3).columns
    assert 34 <= resistant["MADRS"].mean() <= 38
    assert resistant["MADRS"].mean() > others["MADRS"].mean() + 1
    carriers = [(each["genotype"] != "Val/Val").mean() for each in (resistant, others)]
    # of the population without selection a third; three standard errors of 3,000 people
    assert np.allclose(carriers, 1 - (1 - 23 / 124) ** 2, atol=3 * np.sqrt(0.33 * 0.67 / 3000))
