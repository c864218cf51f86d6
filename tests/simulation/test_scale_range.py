"""Expected scores and ratings stay on their scales, and what is observed by default exists."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resprout as rs
from resprout.app.serve.path_simulation import FURTHER_OUTPUTS
from resprout.app.trial_sections import SAFETY
from resprout.calibrate import drug_comparison
from resprout.crosscheck import benchmark
from resprout.figures.fig1 import ROWS
from resprout.figures.fig3 import LINKS
from resprout.figures.stage_panels import PATH_OUTPUTS
from resprout.people.ratings import rate
from resprout.simulation.scenario import DEFAULT_OUTPUTS
from resprout.trial.conduct import ALWAYS
from resprout.trial.design_grid import DISSOCIATION

LISTS = {
    "simulation": [name for names in DEFAULT_OUTPUTS.values() for name in names],
    "trial": [*ALWAYS, DISSOCIATION, *SAFETY],
    "figures": [*PATH_OUTPUTS, *(link[0] for link in LINKS), *ROWS],
    "page": list(FURTHER_OUTPUTS),
    "benchmark": list(benchmark.OUTPUTS),
    "drug comparison": list(drug_comparison.OUTPUTS),
}


@lru_cache(maxsize=1)
def model():
    return rs.load_model()


@pytest.mark.parametrize("place", LISTS)
def test_every_output_of_a_default_list_exists(place):
    known = {*model().equations, *model().scales}
    assert [name for name in LISTS[place] if name not in known] == []


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    blocks=st.dictionaries(st.sampled_from(("AMPA", "firing", "mTORC1", "TrkB")), st.floats(0, 1), max_size=2),
    amount=st.sampled_from((0.1, 0.5, 6.0)),
)
def test_no_block_and_no_dose_takes_an_expected_score_off_its_scale(blocks, amount):
    scales = [scale for scale in model().scales.values() if scale.name in model().equations]
    run = rs.simulate(
        model(),
        3,
        f"ketamine {amount} mg/kg iv over 40 min",
        days=28,
        blocks=blocks,
        outputs=[scale.name for scale in scales],
    )
    for scale in scales:
        assert run[scale.name].min() >= scale.lowest and run[scale.name].max() <= scale.highest, scale.name


def test_a_full_scale_is_full_and_the_longer_one_goes_on():
    run = rs.simulate(model(), 20, "saline", days=60, blocks={"AMPA": 0.95}, outputs=["HDRS6", "HDRS17", "MADRS"])
    # 22 and 60 points are all that these scales have; HDRS17 has 52
    assert run["HDRS6"].max() == 22 and run["MADRS"].max() == 60 and 45 < run["HDRS17"].max() <= 52


@pytest.mark.parametrize("severity", [-5.0, 0.0, 26.0, 52.0, 90.0])
def test_no_severity_and_no_rater_takes_a_rating_off_its_scale(severity):
    people, labels = np.arange(40), ["one", "two"]
    variation = np.tile([-9.0, 9.0], (40, 1))
    for scale in model().scales.values():
        rated = rate(scale, np.full((40, 2), severity), variation, 1, people, labels, model())
        assert rated.min() >= scale.lowest and rated.max() <= scale.highest, scale.name
