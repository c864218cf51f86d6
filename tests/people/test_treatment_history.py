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
