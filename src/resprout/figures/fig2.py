"""The analogue of Fig 2 of Krystal, Sanacora & Duman (2013): response to ketamine in seven trials, pooled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from resprout.calibrate.shared_work import by_own_processes
from resprout.figures.forest_plot import Diamond, Line, forest
from resprout.figures.spoken_units import format_time
from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.people.draws import draws_words
from resprout.simulation.progress_count import count_done
from resprout.statistics.meta_analysis import log_odds, pool, share_of
from resprout.trial.design import Protocol
from resprout.trial.protocol import read_protocol
from resprout.trial.replicates import run_series
from resprout.trial.trial_outcome import responded

# The figure pools five unipolar and two bipolar studies with 130 patients and does not name them. These seven have
# 130 patients together; that they are meant is our choice, one of several that fit.
CHOSEN = {
    "berman2000": "Berman 2000",
    "mathew2010": "Mathew 2010",
    "ibrahim2011": "Ibrahim 2011",
    "valentine2011": "Valentine 2011",
    "larkin2011": "Larkin 2011",
    "diazgranados2010_bipolar": "Diazgranados 2010",
    "zarate2012_bipolar": "Zarate 2012",
}
WANTED_H = 24.0
COUNTED = ("read", "secondary")


@dataclass(frozen=True)
class Responses:
    """One trial: responders [replicate] of n people who got ketamine, at an hour; the published share then, or at another time."""

    label: str
    group: str
    responders: np.ndarray
    n: int
    hour: float
    observed: float | None
    elsewhere: tuple[float, str] | None = None


def figure2(*, replicates: int = 200, seed: int = 1, model: Model | None = None, point: bool = False) -> go.Figure:
    """Draw the forest of the chosen trials.

    replicates   replicates of each trial      seed   of people and raters
    point        use the point estimate; otherwise each replicate takes a posterior draw
    returns      shares with the 95 % prediction interval over replicates; the diamond is the median over replicates of the pooled
                 random-effects estimate and of its interval
    """
    model = given_or_shipped(model)
    work = [(name, label, (replicates, seed, point), model) for name, label in CHOSEN.items()]
    trials = by_own_processes(_responses_of, work, each=lambda _: count_done(1))
    lines = [_line(trial) for trial in trials]
    estimates = np.array([_pooled(trials, replicate) for replicate in range(replicates)])
    middle = [share_of(value) for value in np.median(estimates, axis=0)]
    lowest, highest = min(line.share for line in lines), max(line.share for line in lines)
    people = sum(trial.n for trial in trials)
    title = f"Virtual trials of seven published designs: {middle[0]:.0%} respond, from {lowest:.0%} to {highest:.0%}"
    subtitle = (
        f"{people} people who got ketamine; {replicates:,} replicates of each trial, bars are 95 % prediction intervals, "
        f"{draws_words(model, point)};"
        "<br>random effects (REML, Hartung-Knapp). Which seven the review pooled is not stated: these are our choice."
    )
    pooled = Diamond("pooled", *middle)
    return forest(
        lines, pooled, title=title, subtitle=subtitle, axis="response rate (reduction of the score by at least 50 %)"
    )


def responses(name: str, label: str, series: tuple[int, int, bool], model: Model) -> Responses:
    """Run one trial and count who responds a day after ketamine, or at the visit nearest to it.

    series   replicates, seed, and whether they use the point estimate
    """
    replicates, seed, point = series
    protocol, regimens = read_protocol(name, model)
    _, outcome = run_series(protocol, regimens, model, replicates, seed, point=point)
    endpoint = protocol.endpoints[0]
    at = min(range(1, len(endpoint.visits)), key=lambda index: abs(endpoint.visits[index] - WANTED_H))
    arms = [arm.name for arm in protocol.arms if any(dose.drug == "ketamine" for dose in regimens[arm.name].doses)]
    rating = np.concatenate([outcome.ratings[arm, endpoint.name] for arm in arms], axis=1)
    count = responded(rating[:, :, at], rating[:, :, 0]).sum(axis=1)
    hour = endpoint.visits[at]
    told = [
        row.value
        for row in protocol.published
        if row.statistic == "response_rate"
        and row.arm in arms
        and row.verification in COUNTED
        and row.time is not None
        and abs(row.time - hour) < 1e-6
    ]
    other = None if told else _elsewhere(protocol, arms, hour)
    group = "bipolar" if protocol.diagnosis == "bipolar" else "unipolar"
    return Responses(label, group, count, rating.shape[1], hour, told[0] if told else None, other)


def _elsewhere(protocol: Protocol, arms: list[str], hour: float) -> tuple[float, str] | None:
    """The published share nearest in time, and when it was found: at a visit, or at any up to it."""
    found = [
        (
            abs(row.time - hour),
            row.value,
            f"{'by' if row.statistic == 'response_ever' else 'at'} {format_time(row.time)}",
        )
        for row in protocol.published
        if row.statistic in ("response_rate", "response_ever")
        and row.arm in arms
        and row.verification in COUNTED
        and row.time is not None
    ]
    return min(found)[1:] if found else None


def _responses_of(work: tuple[str, str, tuple[int, int, bool], Model]) -> Responses:
    """One trial, in a process of its own: with a draw for each replicate it enrols hundreds of small groups, one after the other."""
    return responses(*work)


def _line(trial: Responses) -> Line:
    """The row of one trial."""
    share = trial.responders / trial.n
    lower, upper = np.quantile(share, [0.025, 0.975])
    label = trial.label if abs(trial.hour - WANTED_H) < 1e-6 else f"{trial.label}, {format_time(trial.hour)}"
    return Line(
        label, trial.group, float(share.mean()), float(lower), float(upper), trial.n, trial.observed, trial.elsewhere
    )


def _pooled(trials: list[Responses], replicate: int) -> tuple[float, float, float, float, float]:
    """Pool one replicate: log odds, its interval and the interval ahead."""
    counts = np.array([trial.responders[replicate] for trial in trials])
    found = pool(*log_odds(counts, np.array([trial.n for trial in trials])))
    return found.estimate, found.lower, found.upper, found.ahead_lower, found.ahead_upper
