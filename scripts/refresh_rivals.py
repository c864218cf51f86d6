"""Refits every hypothesis and writes how well each predicts trials left out into the package: run by `make rivals`."""

from dataclasses import asdict

from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.refitted_hypotheses import compare_refitted, recorded_text
from resprout.language import load_model

if __name__ == "__main__":
    found = compare_refitted(load_model(), lambda text: print(text, flush=True))
    (data_folder() / "refitted_hypotheses.tsv").write_text(recorded_text(found), encoding="utf-8")
    for row in found:
        print(asdict(row))
