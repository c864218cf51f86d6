"""Writes what passes and what does not into the package and the README: run by `make scoreboard`, held by the tests.

With `--no-trials` the rows of trials stay as they were written last; the rest takes seconds.
"""

import sys

from refresh_readme import README, fill, scoreboard_text

from resprout.app.validate import all_marks
from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.scoreboard import TRIAL, chosen_trials, recorded_marks, recorded_text, scoreboard_facts
from resprout.language import load_model

if __name__ == "__main__":
    quick = "--no-trials" in sys.argv
    marks = list(all_marks(load_model(), () if quick else chosen_trials(None)))
    marks += [mark for mark in recorded_marks() if mark.group == TRIAL] if quick else []
    (data_folder() / "scoreboard.tsv").write_text(recorded_text(marks), encoding="utf-8")
    README.write_text(fill(README.read_text(encoding="utf-8"), "scoreboard", scoreboard_text(marks)), encoding="utf-8")
    facts = scoreboard_facts(marks)
    unexplained = [mark.id for mark in marks if not mark.passed and not mark.reason]
    print(f"{facts['passed']} of {facts['total']} rows pass; without a reason in misses.tsv: {unexplained or 'none'}")
