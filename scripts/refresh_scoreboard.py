"""Writes what passes and what does not into the package and the README: run by `make scoreboard`, held by the tests.

With `--no-trials` the rows of trials stay as they were written last; the rest takes seconds.
"""

import sys

from refresh_readme import README, fill, scoreboard_text

from resprout.app.validate_command import all_entries
from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.scoreboard import chosen_trials
from resprout.calibrate.scoreboard_entry import TRIAL, recorded_entries, recorded_text
from resprout.calibrate.scoreboard_totals import scoreboard_facts
from resprout.language import load_model

if __name__ == "__main__":
    quick = "--no-trials" in sys.argv
    entries = list(all_entries(load_model(), () if quick else chosen_trials(None)))
    entries += [entry for entry in recorded_entries() if entry.group == TRIAL] if quick else []
    (data_folder() / "scoreboard.tsv").write_text(recorded_text(entries), encoding="utf-8")
    README.write_text(
        fill(README.read_text(encoding="utf-8"), "scoreboard", scoreboard_text(entries)), encoding="utf-8"
    )
    facts = scoreboard_facts(entries)
    unexplained = [entry.id for entry in entries if entry.counted and not entry.passed and not entry.reason]
    print(f"{facts['passed']} of {facts['total']} rows pass; without a reason in misses.tsv: {unexplained or 'none'}")
