"""Writes into the package what constants outside the fit do to the main predictions: run by `make unfitted`."""

from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.unfitted_constants import chain_influences, recorded_text, together, trial_influences
from resprout.language import load_model

if __name__ == "__main__":
    model = load_model()
    found = [*chain_influences(model), *trial_influences(model, lambda name: print(name, flush=True))]
    (data_folder() / "unfitted_constants.tsv").write_text(recorded_text(found), encoding="utf-8")
    for prediction, share in together(found).items():
        print(f"{prediction}: {share:.2f} of the standard deviation over the posterior draws")
