"""Drug effects at many sites are smaller, by study; null models and single sites are not touched."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.language import load_model
from resprout.people.studies import candidates_of
from resprout.trial.effect_attenuation import attenuated, effect_lost
from resprout.trial.protocol import read_protocol
from resprout.trial.trial import run_protocol

VALUES = load_model().nominal


def people_of(studies: int, each: int = 5) -> np.ndarray:
    """Numbers of a few people of some studies."""
    return candidates_of(np.arange(1, studies + 1), 0, each)


def test_nothing_is_lost_at_one_site_and_more_at_many():
    person = people_of(400)
    lost = [effect_lost(sites, 1, person, VALUES) for sites in (1.0, 3.0, 100.0)]
    assert (lost[0] == 0).all()
    assert (lost[1] < lost[2]).all() and (lost[2] < 1).all()
    assert np.median(lost[2]) == pytest.approx(0.99 * VALUES["multicentre_attenuation"], rel=0.1)


def test_a_study_has_one_share_and_studies_differ():
    lost = effect_lost(50.0, 1, people_of(30), VALUES).reshape(30, 5)
    assert (lost == lost[:, :1]).all()
    assert lost[:, 0].std() > 0.02


def test_a_drug_without_effect_stays_without_effect():
    left = np.array([[1.0, 0.4], [1.0, 1.0]])
    assert attenuated(left, np.array([0.5, 0.5])) == pytest.approx(np.array([[1.0, 0.7], [1.0, 1.0]]))


def test_many_sites_make_the_difference_smaller():
    model = load_model()
    protocol, regimens = read_protocol("murrough2013_midazolam", model)
    difference = {}
    for sites in (1, 60):
        design = protocol.model_copy(update={"setting": protocol.setting.model_copy(update={"sites": sites})})
        rating = run_protocol(design, regimens, model, 12, 3, point=True).ratings
        change = {arm: np.nanmean(rating[arm, "MADRS"][..., 1] - rating[arm, "MADRS"][..., 0]) for arm in regimens}
        difference[sites] = change["ketamine"] - change["midazolam"]
    assert difference[1] < difference[60] - 0.5
    assert difference[60] < 0
