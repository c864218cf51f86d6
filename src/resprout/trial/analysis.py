"""Analyses a protocol asks for: an outcome in, one table of estimates, p values and power out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.statistics.ancova import ancova
from resprout.statistics.anova import group_by_time, treatment_by_time
from resprout.statistics.mmrm import Effects, mmrm
from resprout.statistics.time_to_event import hazard_ratio
from resprout.trial.design import Endpoint, Protocol
from resprout.trial.relapse_times import times_to_relapse_by_replicate
from resprout.trial.trial_outcome import Outcome, View, responded

Numbers = NDArray[np.float64]
ALPHA = 0.05
ANALYSIS_COLUMNS = [
    "analysis",
    "endpoint",
    "arm",
    "against",
    "time_h",
    "quantity",
    "estimate",
    "lower",
    "upper",
    "se",
    "df",
    "p",
    "power",
    "replicates",
]
Row = dict[str, Any]


def analyse(protocol: Protocol, outcome: Outcome) -> list[Row]:
    """Run every analysis of a protocol on every replicate.

    protocol  design of the trial
    outcome   ratings and dropout of every replicate
    returns   rows with ANALYSIS_COLUMNS: `estimate` is the mean over replicates and `lower`, `upper` are the 95 % prediction
              interval (for one replicate, the 95 % confidence interval of the analysis); `p` is the median and `power` the
              share of replicates with p below .05
    """
    rows: list[Row] = []
    for name in protocol.analysis:
        for endpoint in protocol.endpoints:
            scale = outcome.scales.get(endpoint.name)
            if name == "rm_anova":
                rows += _rm_anova(protocol, outcome, endpoint)
            elif scale is not None and scale.is_total:
                rows += ANALYSES[name](protocol, outcome, endpoint)
    return rows


def headline(protocol: Protocol, rows: list[Row]) -> Row | None:
    """The primary result: the primary endpoint at its visit, by the first analysis that tests a difference.

    protocol  design of the trial
    rows      as `analyse` gives them
    returns   one of the rows; None if none tests a difference
    """
    tested = [row for row in rows if row["power"] is not None and np.isfinite(row["power"])]
    primary = protocol.primary
    if primary is not None:
        at = [
            row
            for row in tested
            if row["endpoint"] == primary.endpoint
            and (np.isnan(row["time_h"]) or abs(row["time_h"] - primary.time) < 1e-6)
        ]
        tested = at or tested
    elif tested:
        last = max((row["time_h"] for row in tested if np.isfinite(row["time_h"])), default=np.nan)
        first = tested[0]["endpoint"]
        own = [row for row in tested if row["endpoint"] == first]
        tested = [row for row in own if np.isnan(row["time_h"]) or row["time_h"] == last] or own
    return tested[0] if tested else None


def _row(  # many arguments: each is a column of the table
    analysis: str, endpoint: str, arm: str, against: str, time_h: float, quantity: str, estimate: Numbers, **more: Any
) -> Row:
    """One row from values by replicate; `more` may hold se, df, p (by replicate) and lower, upper for one replicate."""
    sound = estimate[np.isfinite(estimate)]
    many = len(estimate) > 1
    lower, upper = np.quantile(sound, [0.025, 0.975]) if many and sound.size else (np.nan, np.nan)
    p = np.asarray(more.get("p", np.nan), dtype=float)
    known = np.isfinite(p)
    interval = more.get("interval")
    if not many and interval is not None:
        lower, upper = interval
    values = (
        analysis,
        endpoint,
        arm,
        against,
        time_h,
        quantity,
        float(sound.mean()) if sound.size else np.nan,
        float(lower),
        float(upper),
        _median(more.get("se")),
        _median(more.get("df")),
        _median(p),
        float((p[known] < ALPHA).mean()) if known.any() else np.nan,
        len(estimate),
    )
    return dict(zip(ANALYSIS_COLUMNS, values, strict=True))


def _median(values: Any) -> float:
    known = np.asarray(np.nan if values is None else values, dtype=float)
    known = known[np.isfinite(known)]
    return float(np.median(known)) if known.size else np.nan


def _rm_anova(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> list[Row]:
    rating = np.stack([outcome.ratings[arm.name, endpoint.name] for arm in protocol.arms], axis=2)
    found = treatment_by_time(_complete(rating))
    more = {"df": np.full(len(found.F), found.df), "p": found.p}
    return [_row("rm_anova", endpoint.name, "", "", np.nan, "F of treatment x time", found.F, **more)]


def _complete(rating: Numbers) -> Numbers:
    """Ratings with gaps carried forward from the visit before, for analyses that cannot bear a gap."""
    filled = rating.copy()
    for visit in range(1, rating.shape[-1]):
        filled[..., visit] = np.where(np.isnan(filled[..., visit]), filled[..., visit - 1], filled[..., visit])
    return filled


def _covariates(protocol: Protocol, outcome: Outcome, endpoint: str) -> tuple[list[str], Numbers, Numbers]:
    """Arms compared with the reference, covariates [replicate, patient, 1 + arms + baseline] and ratings of everybody."""
    reference = protocol.control_arm or protocol.arms[-1].name
    order = [reference, *(arm.name for arm in protocol.arms if arm.name != reference)]
    ratings = [outcome.ratings[name, endpoint] for name in order]
    whole = np.concatenate(ratings, axis=1)
    arm = np.repeat(np.arange(len(order)), [each.shape[1] for each in ratings])
    marks = (arm[:, None] == np.arange(1, len(order))).astype(float)
    baseline = whole[:, :, :1] - whole[:, :, :1].mean(axis=1, keepdims=True)
    ones = np.ones((*whole.shape[:2], 1))
    return order, np.concatenate([ones, np.broadcast_to(marks, (*whole.shape[:2], marks.shape[1])), baseline], 2), whole


def _contrast_rows(
    analysis: str, endpoint: str, arm: str, against: str, hours: Numbers, effects: Effects
) -> Iterator[Row]:
    from scipy.special import stdtrit

    for visit, hour in enumerate(hours):
        estimate, se, df = (each[:, visit] for each in (effects.estimate, effects.se, effects.df))
        half = float(stdtrit(df[0], 0.975) * se[0])
        more = {"se": se, "df": df, "p": effects.p[:, visit], "interval": (estimate[0] - half, estimate[0] + half)}
        yield _row(analysis, endpoint, arm, against, float(hour), "difference", estimate, **more)


def _mmrm(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> list[Row]:
    order, covariates, whole = _covariates(protocol, outcome, endpoint.name)
    fit = mmrm(whole[:, :, 1:], covariates, tuple(range(1, len(order))))
    hours = np.array(endpoint.visits[1:])
    return [
        row
        for number, arm in enumerate(order[1:], start=1)
        for row in _contrast_rows("mmrm", endpoint.name, arm, order[0], hours, fit.effects[number])
    ]


def _ancova(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> list[Row]:
    order, covariates, whole = _covariates(protocol, outcome, endpoint.name)
    rows: list[Row] = []
    for number, arm in enumerate(order[1:], start=1):
        for visit in range(1, whole.shape[2]):
            found = ancova(whole[:, :, visit], covariates, number)
            hour = np.array([endpoint.visits[visit]])
            rows += _contrast_rows("ancova", endpoint.name, arm, order[0], hour, found)
    return rows


def _responder(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> list[Row]:
    """Response against the control by Fisher's exact test, and its odds ratio."""
    control = protocol.control_arm
    rows: list[Row] = []
    for arm in protocol.arms:
        rating = outcome.ratings[arm.name, endpoint.name]
        for visit in range(1, rating.shape[2]):
            hour = float(endpoint.visits[visit])
            yes = responded(rating[:, :, visit], rating[:, :, 0]).sum(axis=1)
            share = yes / rating.shape[1]
            if control is None or arm.name == control or protocol.design == "crossover":
                rows.append(_row("responder", endpoint.name, arm.name, "", hour, "response share", share))
                continue
            other = outcome.ratings[control, endpoint.name]
            theirs = responded(other[:, :, visit], other[:, :, 0]).sum(axis=1)
            p, ratio = _fisher(yes, rating.shape[1], theirs, other.shape[1])
            rows.append(_row("responder", endpoint.name, arm.name, "", hour, "response share", share))
            rows.append(_row("responder", endpoint.name, arm.name, control, hour, "odds ratio", ratio, p=p))
    return rows


def _fisher(yes: NDArray[np.int64], n: int, theirs: NDArray[np.int64], others: int) -> tuple[Numbers, Numbers]:
    """Two-sided p of Fisher's exact test, and the odds ratio with half a person added to each cell: [replicate]."""
    from scipy.stats import fisher_exact

    known: dict[tuple[int, int], float] = {}
    p = np.empty(len(yes))
    for index, pair in enumerate(zip(yes.tolist(), theirs.tolist(), strict=True)):
        if pair not in known:
            known[pair] = float(fisher_exact([[pair[0], n - pair[0]], [pair[1], others - pair[1]]]).pvalue)
        p[index] = known[pair]
    return p, (yes + 0.5) / (n - yes + 0.5) / ((theirs + 0.5) / (others - theirs + 0.5))


def _relapse(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> list[Row]:
    """Median days to relapse of each arm's responders, and the hazard ratio against the control."""
    from resprout.statistics.time_to_event import median_day

    relapse_times = {}
    rows: list[Row] = []
    for arm in protocol.arms:
        view = View(protocol, outcome, arm.name, endpoint.name, np.array(endpoint.visits), -1)
        relapse_times[arm.name] = times_to_relapse_by_replicate(view)
        median = np.array([median_day(*each) for each in relapse_times[arm.name]])
        rows.append(_row("relapse", endpoint.name, arm.name, "", np.nan, "median days to relapse", median))
    control = protocol.control_arm
    for arm in protocol.arms if control is not None else ():
        if arm.name == control:
            continue
        fits = []
        for one, two in zip(relapse_times[arm.name], relapse_times[str(control)], strict=True):
            days, relapsed = (np.concatenate(pair) for pair in zip(one, two, strict=True))
            fits.append(hazard_ratio(days, relapsed, np.arange(days.size) < one[0].size))
        log_ratio, se, p = np.array(fits).T
        more = {"se": se, "p": p}
        rows.append(
            _row("relapse", endpoint.name, arm.name, str(control), np.nan, "hazard ratio", np.exp(log_ratio), **more)
        )
    return rows


def _genotype(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> list[Row]:
    """Genotype x time in each arm, Met carriers against Val/Val; with two arms, genotype x treatment x time too."""
    rows: list[Row] = []
    complete = {arm.name: _complete(outcome.ratings[arm.name, endpoint.name]) for arm in protocol.arms}
    for arm in protocol.arms:
        rows.append(_by_genotype("genotype", endpoint, arm.name, "", complete[arm.name], outcome.genotype[arm.name]))
    control = protocol.control_arm
    if protocol.design == "crossover" and control is not None:
        for arm in protocol.arms:
            if arm.name != control:
                gap = complete[arm.name] - complete[control]
                rows.append(_by_genotype("genotype", endpoint, arm.name, control, gap, outcome.genotype[arm.name]))
    return rows


def _by_genotype(
    analysis: str, endpoint: Endpoint, arm: str, against: str, rating: Numbers, alleles: NDArray[np.int64]
) -> Row:
    """One test of carriers against non-carriers, in the replicates that have both."""
    carrier = (alleles > 0).astype(np.int64)
    both = (carrier.sum(axis=1) > 1) & ((1 - carrier).sum(axis=1) > 1)
    F, p = np.full(len(carrier), np.nan), np.full(len(carrier), np.nan)
    df = np.nan
    if both.any():
        found = group_by_time(rating[both], carrier[both])
        F[both], p[both], df = found.F, found.p, float(found.df)
    quantity = "F of genotype x time" if not against else "F of genotype x treatment x time"
    return _row(analysis, endpoint.name, arm, against, np.nan, quantity, F, p=p, df=np.array([df]))


ANALYSES = {
    "mmrm": _mmrm,
    "ancova": _ancova,
    "responder": _responder,
    "relapse": _relapse,
    "genotype": _genotype,
}
