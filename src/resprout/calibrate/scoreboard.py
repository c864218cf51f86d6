"""The scoreboard: every usable published row beside the model's own number and its baselines; laboratory, interventions, trials."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from resprout.calibrate.data_tables import check_data
from resprout.calibrate.intervention_entries import intervention_entries
from resprout.calibrate.laboratory_entries import laboratory_entries
from resprout.calibrate.scoreboard_entry import COLUMNS, entry_cells
from resprout.calibrate.trial_entries import TrialPlan, read_trials, trial_entries
from resprout.errors import Fault, InputError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.bounds import REPLICATES, SEED
from resprout.language.given_values import names_of, plain_of, whole_of
from resprout.language.records import Model


def validate(
    model: Model | None = None, trials: Sequence[str] | None = None, replicates: int | None = None, seed: int = 1
) -> pd.DataFrame:
    """Compare a model, and its baselines, with every published result that can be used.

    model       None for the shipped one
    trials      names of trials to simulate; None for all, which takes minutes, () for none
    replicates  of each trial; None for those of the scoreboard
    seed        of patients and raters
    returns     a row for each published result: observed, predicted, lower, upper, pass, used_in_fit, reason and origin;
                crps, log_score, skill, covered_* and width of the model and of its baselines (docs/scoreboard.md)
    raises      InputError for trials that are not on the scoreboard; ModelError with every fault of the package's tables
    """
    names = None if trials is None else names_of(trials)
    refuse_others(
        ("trials", trials, trials is None or names is not None, 'a list of names, such as `["berman2000"]`'),
        (
            "replicates",
            replicates,
            replicates is None or REPLICATES.allows(whole_of(replicates)),
            "a whole number from 1",
        ),
        ("seed", seed, SEED.allows(whole_of(seed)), "a whole number from 0"),
    )
    replicates, seed = plain_of(replicates), plain_of(seed)
    chosen = given_or_shipped(model)
    if model is None:
        check_data(chosen)
    plans = chosen_trials(names)
    entries = [
        *laboratory_entries(chosen),
        *intervention_entries(chosen),
        *trial_entries(chosen, plans, replicates, seed),
    ]
    return pd.DataFrame([entry_cells(entry) for entry in entries], columns=list(COLUMNS))


def chosen_trials(names: Sequence[str] | None) -> tuple[TrialPlan, ...]:
    """The trials of the scoreboard with these names; all for None.

    raises   InputError for names that are not on the scoreboard
    """
    plans = read_trials()
    known = [plan.trial for plan in plans]
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise InputError(
            *(
                Fault(f"`{name}` is no trial of the scoreboard.", "", f"Expected {', '.join(known)}.")
                for name in unknown
            )
        )
    return tuple(plan for plan in plans if names is None or plan.trial in names)
