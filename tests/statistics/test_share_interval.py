"""The interval of a counted share, beside another program."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from resprout.statistics.share_interval import wilson_interval


@pytest.mark.parametrize(("many", "count"), [(0, 30), (30, 30), (17, 200), (1, 4), (500, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_it_is_that_of_another_program(many, count, level):
    theirs = proportion_confint(many, count, 1 - level, method="wilson")
    assert wilson_interval(many / count, count, level) == pytest.approx(theirs, abs=1e-12)  # the same formula


def test_power_is_shown_with_it():
    from resprout.app.trial_warnings import power_cell

    # 17 of 20: Wilson 0.640 to 0.948
    assert power_cell({"power": 0.85, "tested": 20, "replicates": 20}) == "85% (64–95)"
    assert power_cell({"power": 0.85, "tested": 20, "replicates": 30}) == "85% (64–95) of 20"
    assert power_cell({"power": float("nan"), "tested": 0, "replicates": 30}) == "–"
