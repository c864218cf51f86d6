"""Published numbers beside predictions: in figures 1 and 2, and in the figure of any shipped trial."""

import made_up
import pandas as pd
import plotly.graph_objects as go
import pytest

from resprout.figures.arm_figure import arms_over_time
from resprout.figures.fig1 import figure1
from resprout.figures.fig2 import _elsewhere
from resprout.figures.forest_plot import Diamond, Line, forest
from resprout.figures.published_points import published_points, published_words
from resprout.language import load_model
from resprout.trial.protocol import read_protocol

MODEL = load_model()
TABLE = made_up.trial_table()


def protocol_of(name):
    return read_protocol(name, MODEL)[0]


def murrough_table():
    rows = [
        (arm, "MADRS", hour, "mean", value, value - 2, value + 2, 47)
        for arm, values in (("ketamine", (32.0, 18.0)), ("midazolam", (32.0, 24.0)))
        for hour, value in zip((0.0, 24.0), values, strict=True)
    ]
    return pd.DataFrame(rows, columns=TABLE.columns)


def test_a_published_change_stands_below_the_predicted_start_with_the_interval_of_its_sd():
    # Berman 2000: -14 (SD 10) at 72 h in seven; the made-up mean of ketamine starts at 33.
    # 95 % of Student's t with 6 degrees of freedom: 2.4469; 2.4469 x 10 / sqrt(7) = 9.2484
    drug, control = published_points(protocol_of("berman2000"), TABLE)
    assert (drug.arm, drug.endpoint, drug.time_h, drug.n) == ("ketamine", "HDRS25", 72.0, 7)
    assert drug.value == 33 - 14
    assert drug.half_width == pytest.approx(9.2484, abs=1e-4)  # four places by hand
    assert control.value == 31 + 0
    assert drug.said == "published change -14 (SD 10), n=7"


def test_figure_1_draws_both_published_changes_at_three_days():
    drawn = figure1(TABLE, replicates=200, protocol=protocol_of("berman2000"))
    diamonds = [trace for trace in drawn.data if trace.name == "published"]
    assert sorted(trace.y[0] for trace in diamonds) == [19, 31]
    assert all(abs(trace.x[0] - 7) < 0.5 for trace in diamonds)  # 3 d is the eighth visit
    assert "diamonds: published means (changes from the predicted start), n = 7 per arm" in drawn.layout.title.text


def test_the_figure_of_a_shipped_trial_shows_published_means_and_the_difference():
    protocol = protocol_of("murrough2013_midazolam")
    drawn = arms_over_time(murrough_table(), control="midazolam", replicates=30, title="t", protocol=protocol)
    said = " ".join(drawn.layout.title.text.replace("<br>", " ").split())
    assert "published difference from control: MADRS -7.95 (ketamine at 1 d)" in said
    legend = [trace.showlegend for trace in drawn.data if trace.name == "published"]
    assert legend.count(True) == 1 and len(legend) == 2


def test_numbers_that_nobody_has_seen_and_bounds_are_not_drawn():
    protocol = protocol_of("berman2000")
    unseen = [row.model_copy(update={"verification": "recall"}) for row in protocol.published]
    assert published_points(protocol.model_copy(update={"published": tuple(unseen)}), TABLE) == []
    limits = [row.model_copy(update={"bound": "upper"}) for row in protocol.published]
    nothing = protocol.model_copy(update={"published": tuple(limits)})
    assert published_points(nothing, TABLE) == [] and published_words(nothing, []) == ""


def test_a_forest_marks_a_share_of_another_time_with_that_time():
    line = Line("One 2001", "unipolar", 0.6, 0.3, 0.9, 10, elsewhere=(0.5, "at 3 d"))
    drawn = forest([line], Diamond("pooled", 0.6, 0.3, 0.9, 0.2, 0.95), title="t", subtitle="s", axis="share")
    mark = next(trace for trace in drawn.data if trace.name == "published, at another time")
    assert isinstance(mark, go.Scatter) and (mark.x[0], mark.text[0]) == (0.5, "at 3 d")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("berman2000", (0.5, "at 3 d")),  # half responded at 72 h
        ("zarate2012_bipolar", (0.79, "by 14 d")),  # 79 % at some time
        ("valentine2011", None),  # no share of responders is published
    ],
)
def test_the_published_share_nearest_to_a_day_is_found_with_its_time(name, found):
    assert _elsewhere(protocol_of(name), ["ketamine"], 24.0) == found
