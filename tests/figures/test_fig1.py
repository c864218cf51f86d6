"""The analogue of Fig 1: three panels, two arms, mean with interval and n, visits in order."""

import made_up
import pytest

from resprout.errors import InputError
from resprout.figures import figure
from resprout.figures.fig1 import figure1


@pytest.fixture(scope="module")
def drawn():
    return figure1(made_up.trial_table(), replicates=200)


def test_three_outcomes_for_two_arms(drawn):
    assert len(drawn.data) == 6
    assert {trace.name for trace in drawn.data} == {"ketamine", "saline"}


def test_depression_euphoria_and_psychosis_come_in_that_order(drawn):
    titles = [drawn.layout[axis].title.text for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert [title.split("<br>")[0] for title in titles] == ["HDRS-25", "VAS “high”", "BPRS positive"]


def test_visits_stand_in_the_order_of_time(drawn):
    visits = ["start", "40 min", "80 min", "110 min", "230 min", "1 d", "2 d", "3 d"]
    assert list(drawn.layout.xaxis.ticktext) == visits


def test_intervals_are_those_of_the_table(drawn):
    # The made-up table has every interval 1.5 to either side.
    assert list(drawn.data[0].error_y.array) == pytest.approx([1.5] * 8)


def test_the_number_of_ratings_is_said(drawn):
    assert "200 trials with n = 1,400 each" in drawn.layout.title.text


def test_the_title_says_the_order_of_effects(drawn):
    # In the made-up trajectories euphoria is 6 of 55 at 110 min, and depression is lowest at 24 h.
    assert drawn.layout.title.text.startswith("“High” is below 20% of its peak by 110 min; HDRS-25 is lowest at 1 d")


def test_only_means_are_drawn(drawn):
    assert all(len(trace.x) == 8 for trace in drawn.data)


def test_a_figure_that_is_not_there_is_refused_with_the_ones_that_are():
    with pytest.raises(InputError, match=r"no figure 5.*figure 1"):
        figure(5)
