"""Trials: a protocol's name or file in; its long table, analysis and the patients' mean path from dose to score out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import fdtrc

from resprout.dosing.dose_records import drug_words
from resprout.dosing.regimen import Regimen
from resprout.errors import Fault, InputError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.bounds import DAYS
from resprout.language.drug_instances import library_drugs
from resprout.language.given_values import mapping_of
from resprout.language.notebook_view import fact_sheet
from resprout.language.records import Model
from resprout.people.cohort import Cohort
from resprout.people.draws import draws_words
from resprout.people.overrides import overridden
from resprout.simulation.cohort_simulation import simulate
from resprout.simulation.progress_count import counted as followed
from resprout.simulation.scenario import main_outputs
from resprout.statistics.anova import treatment_by_time
from resprout.statistics.estimability import counted
from resprout.trial.analysis import estimates
from resprout.trial.analysis_rows import ANALYSIS_COLUMNS, ESTIMATE_COLUMNS, Estimates
from resprout.trial.arm_rules import drugs_of_changes, refuse_without_rules
from resprout.trial.conduct import Ratings
from resprout.trial.decision_ledger import refuse_other_events
from resprout.trial.design import Protocol
from resprout.trial.endpoints import trial_table
from resprout.trial.protocol import read_protocol, series_of
from resprout.trial.published_numbers import PUBLISHED_COLUMNS, published_rows
from resprout.trial.replicates import run_series
from resprout.trial.sequences import Sequence, lead_in, whole_regimen
from resprout.trial.trial_ledger import RecordedDecisions, ledger_of, rule_table
from resprout.trial.trial_outcome import Outcome, carried_forward

MOST_SHOWN = 14  # means in a notebook
PATH_PATIENTS = 100
PATH_DAYS = 14.0
ANOVA_COLUMNS = [
    "endpoint",
    "F",
    "df",
    "df_error",
    "epsilon",
    "p",
    "p_lower",
    "p_upper",
    "share_below_005",
    "p_uncorrected",
    "share_below_005_uncorrected",
    "replicates",
    "estimable",
    "not_estimable",
]


@dataclass(frozen=True, repr=False)
class Trial:
    """A trial that has been run.

    table      long table: arm, endpoint, time_h, statistic, value, lower, upper, n
    anova      a row an endpoint: medians of F, epsilon and p over the estimable replicates, the 5-95 % range of p, and the
               share of them with p below .005, with and without Greenhouse-Geisser correction; empty if not asked for
    analysis   a row for each quantity that the protocol's analyses estimate, with its power and in how many replicates it
               is not estimable, and why
    estimates  the same replicate by replicate: estimate, se, df, p and status (`estimable`, or the reason why not)
    published  a row for each published number beside its prediction; empty if the protocol has none
    path       outputs [patient, time_h] of the first people of the trial under its first active arm
    outcome    ratings by arm and endpoint, [replicate, patient, visit], and who left
    rules      a row a rule of an arm: share of patients to whom it applied, mean times and median day of the first; empty without rules
    protocol   the design          cohort   its people, study by study          replicates   studies          seed   of people and ratings
    """

    protocol: Protocol
    table: pd.DataFrame
    anova: pd.DataFrame
    analysis: pd.DataFrame
    estimates: pd.DataFrame
    published: pd.DataFrame
    path: xr.Dataset
    outcome: Outcome
    rules: pd.DataFrame
    cohort: Cohort
    replicates: int
    seed: int

    def __repr__(self) -> str:
        """One line in place of every table."""
        return f"<Trial {self.protocol.name!r}: {self.replicates:,} replicates, seed {self.seed}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the protocol, and the mean of each endpoint and arm at its last visit."""
        means = self.table[self.table["statistic"] == "mean"]
        last = means.drop_duplicates(["endpoint", "arm"], keep="last").head(MOST_SHOWN)
        told = {
            f"{row['endpoint']}, {row['arm']}, last visit": f"mean {row['value']:.1f}"
            for row in last.to_dict("records")
        }
        facts = {"replicates": f"{self.replicates:,}, seed {self.seed}", **self.protocol.told}
        return fact_sheet(self.protocol.title, facts | told)

    @property
    def ratings(self) -> Ratings:
        """By arm and endpoint: [replicate, patient, visit]."""
        return self.outcome.ratings

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Every rating, reading, decision and dose of each patient in order of time; InputError where no arm has rules."""
        refuse_without_rules(self.protocol)
        return ledger_of(self.protocol, self.outcome)


def run_trial(  # many arguments: the name; the rest by keyword or in the order of the command line
    name: str | Path,
    replicates: int | None = None,
    seed: int | None = None,
    *,
    model: Model | None = None,
    point: bool = False,
    overrides: Mapping[str, float] | None = None,
    progress: Callable[[int], None] | None = None,
    replay: pd.DataFrame | None = None,
) -> Trial:
    """Simulate a published trial or a protocol file with virtual patients.

    name        a shipped protocol, for instance "berman2000", or a YAML file
    replicates  number of virtual trials, each with its own patients; None takes the protocol's
    seed        of patients and ratings; None takes the protocol's
    model       None for the shipped one
    point       use the point estimate; otherwise each replicate takes a posterior draw
    overrides   by parameter of the model, people, ratings or items: a value in place of the model's and of its draws;
                between-subject variability around it remains
    progress    told how many people have been followed so far, in all phases and replicates; None tells nobody
    replay      the ledger of such a trial: its decisions are taken again in place of those of the rules, and every event is compared
    returns     the trial: tables, analyses, ratings and the time course of its first patients
    raises      InputError with every fault of the protocol, or with the first event that is not as in the ledger
    """
    refuse_others(
        ("name", name, isinstance(name, str | Path), "a shipped trial such as `berman2000`, or the path of a protocol"),
    )
    model = overridden(given_or_shipped(model), overrides)
    overrides = mapping_of(overrides) if overrides is not None else {}
    protocol, regimens = read_protocol(name, model)
    given = {dose.drug for regimen in regimens.values() for dose in regimen.doses} | drugs_of_changes(protocol, model)
    _refuse_absent_drugs(model, given, overrides or {})
    replicates, seed = series_of(protocol, replicates, seed)
    if replay is not None:
        refuse_without_rules(protocol)
    with nullcontext() if progress is None else followed(progress):
        recorded = None if replay is None else RecordedDecisions.of(replay)
        done = run_protocol(protocol, regimens, model, replicates, seed, point=point, recorded=recorded)
    if replay is not None:
        refuse_other_events(replay, done.ledger)
    done.path.attrs["overrides"] = ", ".join(f"{name}={value:g}" for name, value in (overrides or {}).items())
    return done


def _refuse_absent_drugs(model: Model, given: set[str], overrides: Mapping[str, float]) -> None:
    """Refuse a setting of a drug that no arm gives: nothing would read it."""
    absent = [drug for drug in library_drugs(model) if drug not in given]
    owner = {name: next((drug for drug in absent if name.startswith(f"{drug}_")), "") for name in overrides}
    expected, remedy = "Nothing would read it.", "Leave it out."
    faults = [
        Fault(f"`{name}` is set, but no arm gives {drug_words(drug)}.", "", expected, remedy, name)
        for name, drug in owner.items()
        if drug
    ]
    if faults:
        raise InputError(*faults)


def run_protocol(  # many arguments: the design, the model and how often; the rest by keyword
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    replicates: int,
    seed: int,
    *,
    point: bool = False,
    recorded: RecordedDecisions | None = None,
) -> Trial:
    """Simulate a design that has been read and checked.

    protocol    design of the trial
    regimens    by arm, with the background treatment joined to it
    model       model of every patient
    replicates  number of replicates
    seed        of the random streams
    point       use the point estimate; otherwise each replicate takes a posterior draw
    recorded    decisions to take in place of those of rules; None applies the rules
    returns     the trial
    """
    cohort, outcome = run_series(protocol, regimens, model, replicates, seed, point=point, recorded=recorded)
    path = _path(protocol, regimens, model, cohort)
    path.attrs["constants"] = draws_words(model, point)
    found = estimates(protocol, outcome)
    return Trial(
        protocol=protocol,
        table=trial_table(protocol, outcome),
        anova=anova_table(protocol, outcome.ratings),
        analysis=pd.DataFrame([each.row() for each in found], columns=ANALYSIS_COLUMNS),
        estimates=estimates_table(found),
        published=pd.DataFrame(published_rows(protocol, outcome), columns=PUBLISHED_COLUMNS),
        path=path,
        outcome=outcome,
        rules=rule_table(protocol, outcome),
        cohort=cohort,
        replicates=replicates,
        seed=seed,
    )


def published_of(
    name: str | Path, model: Model, replicates: int | None = None, seed: int | None = None, *, point: bool = False
) -> list[dict[str, Any]]:
    """Simulate a trial for its published numbers only.

    name        a shipped protocol, or the path of a YAML file
    model       model of every patient
    replicates  number of replicates; None takes the protocol's
    seed        of patients and ratings; None takes the protocol's
    point       use the point estimate; otherwise each replicate takes a posterior draw
    returns     rows as in `published_rows`
    """
    protocol, regimens = read_protocol(name, model)
    if not protocol.published:
        return []
    replicates, seed = series_of(protocol, replicates, seed)
    return published_rows(protocol, run_series(protocol, regimens, model, replicates, seed, point=point)[1])


def anova_table(protocol: Protocol, ratings: Ratings) -> pd.DataFrame:
    """Analyse treatment x time for every endpoint of a crossover; a missed visit takes the rating before it.

    protocol  design of the trial
    ratings   by arm and endpoint: [replicate, patient, visit]
    returns   a row per endpoint; columns as in `Trial`
    """
    rows: list[dict[str, Any]] = []
    for endpoint in protocol.endpoints if "rm_anova" in protocol.analysis else ():
        rating = np.stack([ratings[arm.name, endpoint.name] for arm in protocol.arms], axis=2)
        found = treatment_by_time(carried_forward(rating))
        sound = found.reason == ""
        p, plain = found.p[sound], fdtrc(found.df, found.df_error, found.F[sound])
        quantiles = np.quantile(p, [0.5, 0.05, 0.95]) if p.size else [np.nan] * 3
        middle = [float(np.median(each[sound])) if p.size else np.nan for each in (found.F, found.epsilon)]
        values = (
            endpoint.name,
            middle[0],
            found.df,
            found.df_error,
            middle[1],
            *map(float, quantiles),
            float((p < 0.005).mean()) if p.size else np.nan,
            float(np.median(plain)) if p.size else np.nan,
            float((plain < 0.005).mean()) if p.size else np.nan,
            len(found.p),
            int(sound.sum()),
            counted(found.reason),
        )
        rows.append(dict(zip(ANOVA_COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=ANOVA_COLUMNS)


def estimates_table(found: list[Estimates]) -> pd.DataFrame:
    """Every estimate of every replicate.

    found    quantities by replicate
    returns  a row a quantity and replicate, by ESTIMATE_COLUMNS
    """
    parts = [each.columns() for each in found]
    return pd.DataFrame(
        {name: np.concatenate([part[name] for part in parts]) if parts else [] for name in ESTIMATE_COLUMNS}
    )


def _path(protocol: Protocol, regimens: dict[str, Regimen], model: Model, cohort: Cohort) -> xr.Dataset:
    """Follow the first people of the trial through its phases and its first active arm, from dose to score."""
    active = next((arm.name for arm in protocol.arms if regimens[arm.name].doses), protocol.arms[0].name)
    some = cohort.take(np.arange(min(len(cohort), PATH_PATIENTS)))
    before = lead_in(protocol, np.arange(len(some)))
    order = Sequence((*before.arms, active), (*before.start_h, protocol.lead_in), before.people)
    plan = whole_regimen(order, regimens)
    last_day = min(max(PATH_DAYS, max(plan.times_h) / 24 + 3), DAYS.highest)
    scales = model.scales
    named = [scales[each.name].rates if each.name in scales else each.name for each in protocol.endpoints]
    outputs = [*main_outputs(model), *named]
    return simulate(model, some, plan, days=last_day, outputs=outputs)
