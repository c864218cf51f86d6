"""Steady states where a state feeds itself: between two stable ones lies an unstable equilibrium, at which nobody stays."""

import numpy as np

from resprout.language import load_model
from resprout.solve import steady_state


def self_feeding(folder):
    """The toy model whose `growth` feeds itself with a threshold: it is steady at 0 or high up, and unstable in between."""
    stage = folder / "4_signal.ant"
    text = stage.read_text(encoding="utf-8").replace(
        "(fast - growth)", "(fast + growth^4 / (growth^4 + threshold^4) - growth)"
    )
    stage.write_text(text, encoding="utf-8")
    with (folder / "parameters.tsv").open("a") as table:
        table.write("threshold\t0.5\tdimensionless\tpositive\t4\tconstant\t\t\t\tassumed\t\tthreshold\n")
    return load_model(folder)


def test_nobody_is_put_at_the_unstable_equilibrium_between_two_steady_states(toy_folder):
    threshold = np.linspace(0.3, 0.7, 800)
    value, status = steady_state(self_feeding(toy_folder), {"threshold": threshold}, ["growth"])
    growth = value[:, 0]
    assert (status == 0).all()
    share = growth**4 / (growth**4 + threshold**4)
    np.testing.assert_allclose(share, growth, atol=1e-9)
    slope = 4 * threshold**4 * growth**3 / (growth**4 + threshold**4) ** 2 - 1
    assert (slope < 0).all()
    # both kinds occur, so the unstable equilibrium was there to be met
    assert (growth > 0.6).any() and (growth < 0.1).any()


def test_a_steady_state_does_not_depend_on_who_is_searched_beside(toy_folder):
    # the last begins exactly at the unstable equilibrium, has no steady state, and must not make the search of the others any longer
    model, threshold = self_feeding(toy_folder), np.r_[np.linspace(0.3, 0.7, 40), 0.5]
    together, _ = steady_state(model, {"threshold": threshold}, ["growth", "mood"])
    alone = [steady_state(model, {"threshold": threshold[[person]]}, ["growth", "mood"])[0][0] for person in range(41)]
    assert np.isnan(together[40]).all() and np.isfinite(together[:40]).all()
    assert np.array_equal(together, np.array(alone), equal_nan=True)
