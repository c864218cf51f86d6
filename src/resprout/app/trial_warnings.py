"""What readers of a trial are warned of: what could not be estimated, counted and with its reason, and carry-over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from resprout.figures.spoken_units import format_time
from resprout.statistics.share_interval import wilson_interval
from resprout.trial.carry_over import carry_over
from resprout.trial.enrolment import BEGAN, LEFT

if TYPE_CHECKING:
    from resprout.trial import Trial

MOST_TIMES = 6  # visits named in one sentence


def trial_warnings(trial: Trial) -> list[str]:
    """Everything that readers of a trial are warned of, a sentence each."""
    return [*lead_in_sentences(trial), *carry_over_sentences(trial), *not_estimable_sentences(trial)]


def lead_in_sentences(trial: Trial) -> list[str]:
    """How many people began the phases before allocation until all arms were full; nothing where nobody is left out."""
    began = trial.cohort.columns.get(BEGAN)
    if began is None:
        return []
    mean, size, left = float(began.mean()), trial.protocol.people, float(trial.cohort.columns[LEFT].mean())
    leaves = any(trial.protocol.dropout_in(phase).leaves for phase in trial.protocol.phases)
    share = f", {left:,.0f} left during the phases" if leaves else ""
    return [
        f"Before allocation: {mean:,.0f} people began the first phase for {size:,} who were allocated "
        f"({size / mean:.0%} went on{share}; means over replicates). Results hold for people who go on."
    ]


def not_estimable_sentences(trial: Trial) -> list[str]:
    """Every quantity of a trial that is not estimable in some replicate, a sentence each; none where all are."""
    return [
        *_means(trial.table.to_dict("records"), trial.replicates),
        *_analyses(trial.analysis.to_dict("records")),
    ]


MONTE_CARLO = "In brackets the 95 % interval of power (Wilson): with more replicates it narrows."


def power_cell(row: Mapping[Any, Any]) -> str:
    """The power of a row of analyses or of a grid with its Monte Carlo interval, and its denominator where that is not every replicate."""
    if not row["tested"]:
        return "–"
    lower, upper = wilson_interval(row["power"], row["tested"])
    share = f"{row['power']:.0%} ({100 * lower:.0f}–{100 * upper:.0f})"
    return share if row["tested"] == row["replicates"] else f"{share} of {row['tested']:,}"


def grid_sentences(rows: Iterable[Mapping[str, Any]], axes: list[str]) -> list[str]:
    """The designs of a grid whose primary analysis is not estimable in some replicate, a sentence each."""
    return [
        f"{', '.join(f'{axis}={row[axis]:g}' for axis in axes)}: not estimable {_count(row)}: {row['not_estimable']}."
        f"{_power_of_all(row)}"
        for row in rows
        if row["not_estimable"]
    ]


def published_sentences(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The published numbers whose counterpart is not estimable in some replicate, a sentence each."""
    return [
        f"{row['evidence']}, {row['arm'] or 'all'}, {row['statistic']}: not estimable "
        f"{row['replicates'] - row['estimable']:,} of {row['replicates']:,}."
        for row in rows
        if row["estimable"] < row["replicates"]
    ]


def carry_over_sentences(trial: Trial) -> list[str]:
    """Warnings that baselines of a crossover depend on what was given first, a sentence each."""
    washout = format_time(trial.protocol.washout or 0.0)
    return [
        f"Carry-over: those who had {each.arm} first start the second period {abs(each.points):.1f} points of {each.endpoint} "
        f"{'lower' if each.points < 0 else 'higher'} than "
        f"{f'those who had {each.control} first' if each.control else 'the first'}, after a washout of {washout}. "
        "Comparisons of the arms include it; a longer washout, or parallel groups, avoid it."
        for each in carry_over(trial.protocol, trial.outcome)
    ]


def _analyses(rows: Iterable[Mapping[Any, Any]]) -> list[str]:
    """Sentences about analyses; visits with the same counts share one."""
    times: dict[tuple[str, str, str, str], list[str]] = {}
    for row in rows:
        if row["not_estimable"]:
            compared = f"{row['arm']} – {row['against']}" if row["against"] else row["arm"]
            name = ", ".join(part for part in (row["analysis"], row["endpoint"], compared, row["quantity"]) if part)
            key = (name, _count(row), row["not_estimable"], _power_of_all(row))
            times.setdefault(key, []).append("" if row["time_h"] != row["time_h"] else format_time(row["time_h"]))
    return [
        f"{name}{_at(at)}: not estimable {count}: {reasons}.{power}"
        for (name, count, reasons, power), at in times.items()
    ]


def _means(rows: Iterable[Mapping[Any, Any]], replicates: int) -> list[str]:
    """Sentences about the means of the long table."""
    times: dict[tuple[str, str, int], list[str]] = {}
    for row in rows:
        if row["statistic"] == "mean" and row["not_estimable"]:
            key = (row["endpoint"], row["arm"], int(row["not_estimable"]))
            times.setdefault(key, []).append(format_time(row["time_h"]))
    return [
        f"mean of {endpoint}, {arm}{_at(at)}: not estimable {missing:,} of {replicates:,}: nobody was rated ({missing:,})."
        for (endpoint, arm, missing), at in times.items()
    ]


def _count(row: Mapping[Any, Any]) -> str:
    return f"{row['replicates'] - row['estimable']:,} of {row['replicates']:,}"


def _power_of_all(row: Mapping[Any, Any]) -> str:
    """What power is when a replicate without a p value counts as no rejection."""
    share = row["power_of_all"]
    if share != share or row["tested"] == row["replicates"]:
        return ""
    return f" If these count as no rejection, power is {share:.0%}."


def _at(times: list[str]) -> str:
    known = [time for time in times if time]
    if not known:
        return ""
    if len(known) > MOST_TIMES:
        known = [*known[: MOST_TIMES - 2], "…", known[-1]]
    return f" at {', '.join(known)}"
