"""Analyses a protocol asks for: an outcome in, estimates and p values of every replicate, and power, out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from resprout.statistics.ancova import ancova
from resprout.statistics.anova import group_by_time, treatment_by_time
from resprout.statistics.estimability import ONE_GENOTYPE, ONE_OUTCOME, Reasons, first_reason
from resprout.statistics.mmrm import Effects, mmrm
from resprout.statistics.time_to_event import median_day, median_reason
from resprout.trial.analysis_rows import Estimates, Row
from resprout.trial.design import Endpoint, Protocol
from resprout.trial.relapse_times import relapse_hazards, times_to_relapse_by_replicate
from resprout.trial.trial_outcome import Outcome, View, carried_forward, responded

Numbers = NDArray[np.float64]
Found = Iterator[Estimates]
T_TESTS = {"mmrm": "t, Kenward-Roger", "ancova": "t, residual degrees of freedom"}
F_TEST = "F, Greenhouse-Geisser"


def analyse(protocol: Protocol, outcome: Outcome) -> list[Row]:
    """Run every analysis of a protocol on every replicate and summarise it over replicates.

    protocol  design of the trial
    outcome   ratings and dropout of every replicate
    returns   rows with ANALYSIS_COLUMNS, as `Estimates.row` describes them
    """
    return [each.row() for each in estimates(protocol, outcome)]


def estimates(protocol: Protocol, outcome: Outcome) -> list[Estimates]:
    """Run every analysis of a protocol on every replicate.

    protocol  design of the trial
    outcome   ratings and dropout of every replicate
    returns   every quantity by replicate; where it is not estimable, the reason why
    """
    found: list[Estimates] = []
    for name in protocol.analysis:
        for endpoint in protocol.endpoints:
            scale = outcome.scales.get(endpoint.name)
            if name == "rm_anova" or (scale is not None and scale.is_total):
                found += ANALYSES[name](protocol, outcome, endpoint)
    return found


def headline(protocol: Protocol, rows: list[Row]) -> Row | None:
    """The primary result: the primary endpoint at its visit, by the first analysis that tests a difference.

    protocol  design of the trial
    rows      as `analyse` gives them
    returns   one of the rows, also if it is estimable in no replicate; None if none tests a difference
    """
    tested = [row for row in rows if row["test"]]
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


def _rm_anova(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> Found:
    rating = np.stack([outcome.ratings[arm.name, endpoint.name] for arm in protocol.arms], axis=2)
    found = treatment_by_time(carried_forward(rating))
    df = np.full(len(found.F), float(found.df))
    names = ("rm_anova", endpoint.name, "", "", np.nan, "F of treatment x time")
    yield Estimates(*names, found.F, found.reason, F_TEST, df=df, p=found.p)


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


def _contrasts(analysis: str, endpoint: str, arm: str, against: str, hours: Numbers, effects: Effects) -> Found:
    from scipy.special import stdtrit

    for visit, hour in enumerate(hours):
        estimate, se, df, p = (each[:, visit] for each in (effects.estimate, effects.se, effects.df, effects.p))
        half = float(stdtrit(df[0], 0.975) * se[0])
        names = (analysis, endpoint, arm, against, float(hour), "difference")
        confidence = (float(estimate[0] - half), float(estimate[0] + half))
        yield Estimates(*names, estimate, effects.reason[:, visit], T_TESTS[analysis], se, df, p, confidence)


def _mmrm(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> Found:
    order, covariates, whole = _covariates(protocol, outcome, endpoint.name)
    fit = mmrm(whole[:, :, 1:], covariates, tuple(range(1, len(order))))
    hours = np.array(endpoint.visits[1:])
    for number, arm in enumerate(order[1:], start=1):
        yield from _contrasts("mmrm", endpoint.name, arm, order[0], hours, fit.effects[number])


def _ancova(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> Found:
    order, covariates, whole = _covariates(protocol, outcome, endpoint.name)
    for number, arm in enumerate(order[1:], start=1):
        for visit in range(1, whole.shape[2]):
            found = ancova(whole[:, :, visit], covariates, number)
            yield from _contrasts("ancova", endpoint.name, arm, order[0], np.array([endpoint.visits[visit]]), found)


def _responder(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> Found:
    """Response against the control by Fisher's exact test, and its odds ratio."""
    control, cut_off = protocol.control_arm, protocol.response.get(endpoint.name)
    for arm in protocol.arms:
        rating = outcome.ratings[arm.name, endpoint.name]
        for visit in range(1, rating.shape[2]):
            hour = float(endpoint.visits[visit])
            yes = responded(rating[:, :, visit], rating[:, :, 0], at_most=cut_off).sum(axis=1)
            n = rating.shape[1]
            names = ("responder", endpoint.name, arm.name)
            yield Estimates(*names, "", hour, "response share", yes / n, _all_estimable(len(yes)))
            if control is None or arm.name == control or protocol.design == "crossover":
                continue
            other = outcome.ratings[control, endpoint.name]
            theirs, others = responded(other[:, :, visit], other[:, :, 0], at_most=cut_off).sum(axis=1), other.shape[1]
            p, ratio = _fisher(yes, n, theirs, others)
            total = yes + theirs
            reason = first_reason(((total == 0) | (total == n + others), ONE_OUTCOME))
            yield Estimates(*names, control, hour, "odds ratio", ratio, reason, "Fisher's exact test", p=p)


def _all_estimable(replicates: int) -> Reasons:
    return np.full(replicates, "")


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


def _relapse(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> Found:
    """Median days to relapse of those at risk in each arm, and the hazard ratio against the control."""
    for arm in protocol.arms:
        view = View(protocol, outcome, arm.name, endpoint.name, np.array(endpoint.visits), -1)
        median = np.array([median_day(*each) for each in times_to_relapse_by_replicate(view)])
        names = ("relapse", endpoint.name, arm.name, "", np.nan, "median days to relapse")
        yield Estimates(*names, median, median_reason(median))
    control = protocol.control_arm
    for arm in protocol.arms if control is not None else ():
        if arm.name == control:
            continue
        fits = relapse_hazards(View(protocol, outcome, arm.name, endpoint.name, np.array(endpoint.visits), -1))
        log_ratio, se, p = (np.array([getattr(fit, name) for fit in fits]) for name in ("log_ratio", "se", "p"))
        names = ("relapse", endpoint.name, arm.name, str(control), np.nan, "hazard ratio")
        reason = np.array([fit.reason for fit in fits])
        yield Estimates(*names, np.exp(log_ratio), reason, "log-rank; ratio by Cox, ties after Efron", se, p=p)


def _genotype(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> Found:
    """Genotype x time in each arm, Met carriers against Val/Val; with two arms, genotype x treatment x time too."""
    complete = {arm.name: carried_forward(outcome.ratings[arm.name, endpoint.name]) for arm in protocol.arms}
    for arm in protocol.arms:
        yield _by_genotype(endpoint, arm.name, "", complete[arm.name], outcome.genotype[arm.name])
    control = protocol.control_arm
    if protocol.design == "crossover" and control is not None:
        for arm in protocol.arms:
            if arm.name != control:
                gap = complete[arm.name] - complete[control]
                yield _by_genotype(endpoint, arm.name, control, gap, outcome.genotype[arm.name])


def _by_genotype(endpoint: Endpoint, arm: str, against: str, rating: Numbers, alleles: NDArray[np.int64]) -> Estimates:
    """One test of carriers against non-carriers, in the replicates that have both."""
    carrier = (alleles > 0).astype(np.int64)
    both = (carrier.sum(axis=1) > 1) & ((1 - carrier).sum(axis=1) > 1)
    F, p, df = (np.full(len(carrier), np.nan) for _ in range(3))
    reason = first_reason((~both, ONE_GENOTYPE)).astype(object)
    if both.any():
        found = group_by_time(rating[both], carrier[both])
        F[both], p[both], df[both], reason[both] = found.F, found.p, found.df, found.reason
    quantity = "F of genotype x time" if not against else "F of genotype x treatment x time"
    return Estimates("genotype", endpoint.name, arm, against, np.nan, quantity, F, reason, F_TEST, df=df, p=p)


ANALYSES = {
    "rm_anova": _rm_anova,
    "mmrm": _mmrm,
    "ancova": _ancova,
    "responder": _responder,
    "relapse": _relapse,
    "genotype": _genotype,
}
