"""Progress on standard error: counted, with time left, and nothing of it where nobody watches."""

import time

import pytest

import resprout as rs
from resprout.app.terminal import counted_spinner, progress_bar, time_left
from resprout.app.trial_progress import people_of
from resprout.figures import pieces_of
from resprout.simulation.progress_count import count_done, counted

MODEL = rs.load_model()


@pytest.mark.parametrize(
    ("name", "point"), [("berman2000", False), ("berman2000", True), ("murrough2013_midazolam", True)]
)
def test_all_people_of_a_trial_are_counted_by_its_end(name, point):
    told = []
    with counted(told.append):
        rs.run_trial(name, 3, point=point)
    assert told[-1] == people_of(name, MODEL, 3)
    assert told == sorted(told)


def test_figures_say_beforehand_how_many_pieces_they_have():
    told = []
    with counted(told.append):
        rs.figure(3, point=True)
    assert told[-1] == pieces_of(3, 1)[0] == 600
    assert pieces_of(4, 10)[0] == 10 * 62  # people of the genotyped trial; mice take a moment
    assert pieces_of(2, 10) == (7, "trials of figure 2")


def test_people_of_trials_that_select_cannot_be_counted_beforehand():
    # phases before allocation go on until all arms are full
    assert people_of("geddes2003_continuation", MODEL, 2) is None


def test_a_count_is_that_of_its_block():
    outer, inner = [], []
    with counted(outer.append):
        count_done(2)
        with counted(inner.append):
            count_done(5)
        count_done(1)
    count_done(100)
    assert (outer, inner) == ([2, 3], [5])


@pytest.mark.parametrize(
    ("text", "elapsed_s", "left"),
    [
        ("draw 3 of 11", 20.0, "90 s"),  # two of eleven in 20 s: nine more take 90 s
        ("draw 1 of 11", 20.0, ""),
        ("5 of 10 done", 600.0, "10 min"),
        ("1,001 of 2,000 trials", 7200.0, "2.0 h"),
        ("Jacobian", 3.0, ""),
        ("point 12 of 11", 3.0, ""),
    ],
)
def test_time_left_follows_from_the_pace_so_far(text, elapsed_s, left):
    assert time_left(text, elapsed_s) == left


def test_a_watched_terminal_shows_the_count_and_a_pipe_nothing(monkeypatch, capsys):
    for watched in (True, False):
        monkeypatch.setenv("FORCE_COLOR", "1") if watched else monkeypatch.delenv("FORCE_COLOR")
        with progress_bar(1400, "people of berman2000") as tell:
            tell(350)
            time.sleep(0.2)  # the bar is drawn ten times a second
            tell(700)
            time.sleep(0.2)
        with progress_bar(None, "people of another") as tell:
            tell(12_345)
            time.sleep(0.2)
        with counted_spinner("Simulating") as tell:
            tell("draw 2 of 4")
        said = capsys.readouterr().err
        if watched:
            assert "700 of 1,400" in said and "12,345" in said and "left" in said and "0:00" in said
        else:
            assert said == ""
