"""The path in time: six panels in the order of the stages, each in its colour, each line scaled as its axis says."""

import made_up
import numpy as np
import pytest

from resprout.figures.palette import STAGE_COLOUR
from resprout.figures.path_figure import finding, path_in_time
from resprout.figures.spoken_units import format_time
from resprout.figures.stage_panels import PANELS, PATH_OUTPUTS, band_of, turning_time
from resprout.language import STAGES


@pytest.fixture(scope="module")
def run():
    return made_up.run()


@pytest.fixture(scope="module")
def drawn(run):
    return path_in_time(run)


def test_panels_come_in_the_order_of_the_stages():
    assert tuple(panel.stage for panel in PANELS) == STAGES


def test_every_output_is_drawn_over_hours_and_over_days(drawn):
    lines = [trace for trace in drawn.data if trace.line.width]
    assert len(lines) == 2 * len(PATH_OUTPUTS)


def test_each_stage_keeps_its_colour(drawn):
    colours = dict.fromkeys(trace.line.color for trace in drawn.data if trace.line.width)
    assert list(colours) == [STAGE_COLOUR[stage] for stage in STAGES]


def test_the_left_column_shows_hours_and_the_right_one_days(drawn):
    assert tuple(drawn.layout.xaxis.range)[1] == 6.0
    assert tuple(drawn.layout.xaxis2.range)[1] == 14.0


def test_a_line_shown_as_share_of_its_peak_reaches_100(run):
    assert band_of(run, "ketamine_venous", "peak").mean.max() == pytest.approx(100)


def test_the_legend_keeps_the_true_size_of_a_scaled_line(run):
    # The made-up pulse is 170 ng/mL high times the mean factor between patients.
    peak = float(run["ketamine_venous"].mean("patient").max())
    assert f"{peak:.3g} ng/mL" in band_of(run, "ketamine_venous", "peak").size


def test_a_line_relative_to_rest_starts_at_one(run):
    assert band_of(run, "pyramidal_rate", "start").mean[0] == 1.0


def test_the_band_holds_nine_tenths_of_the_patients(run):
    band = band_of(run, "HDRS17", "value")
    at_a_day = int(np.abs(band.time_h - 24).argmin())
    values = run["HDRS17"].to_numpy()[:, at_a_day]
    inside = ((values >= band.lower[at_a_day]) & (values <= band.upper[at_a_day])).mean()
    assert inside == pytest.approx(0.9, abs=0.03)  # 40 patients: one patient is 0.025


def test_one_patient_has_no_band(run):
    assert band_of(run.isel(patient=[0]), "HDRS17", "value").lower is None


def test_missing_outputs_leave_an_empty_panel_and_no_error(run):
    drawn = path_in_time(run[["HDRS17", "status"]])
    assert sum(bool(trace.line.width) for trace in drawn.data) == 2
    assert sum("not among the outputs" in note.text for note in drawn.layout.annotations) == 5


def test_the_title_says_when_each_stage_turns(run):
    # The made-up pulses are highest at 40 min (nearest hour on the grid 42 min) and 30 h.
    assert "ketamine in plasma 42 min" in finding(run)
    assert "HDRS-17 30 h" in finding(run)


def test_nothing_moving_is_said_so(run):
    still = run.isel(time_h=[0] * 5)
    assert finding(still) == "No stage leaves its steady state"
    assert turning_time(still, "HDRS17") is None


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0, "start"), (2 / 3, "40 min"), (11 / 6, "110 min"), (4, "4 h"), (24, "1 d"), (36, "36 h"), (72, "3 d")],
)
def test_times_are_said_as_one_says_them(hours, said):
    assert format_time(hours) == said
