"""Scenarios give the numbers they gave before the drugs of the model were restructured."""

from __future__ import annotations

import numpy as np
import pytest

from recorded_scenarios import SCENARIOS, Scenario, allowed, recorded

RECORDED = recorded()


def test_every_scenario_is_recorded_once():
    assert [each.name for each in SCENARIOS] == list(RECORDED)


@pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in SCENARIOS])
def test_a_scenario_gives_what_was_recorded(scenario: Scenario):
    was, now = RECORDED[scenario.name], scenario.run()
    assert list(now) == list(was)
    moved = [
        f"{quantity} of patient {patient} at {hour:g} h: {now[quantity, patient, hour]:.12g}, was {value:.12g}"
        for (quantity, patient, hour), value in was.items()
        if not np.isclose(now[quantity, patient, hour], value, rtol=0, atol=allowed(quantity, value), equal_nan=True)
    ]
    assert moved == []
