"""What a run or a trial found, as rows that screen and page both print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from resprout.app.terminal import interval, number, p_value, table
from resprout.app.trial_warnings import power_cell
from resprout.figures.spoken_units import format_time, format_unit
from resprout.language.drug_instances import with_drugs_named

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from rich.console import Console

    from resprout.language import Model
    from resprout.simulation.summaries import Tally

CHECKPOINTS_H = (0.0, 40 / 60, 110 / 60, 4.0, 24.0, 72.0, 168.0, 240.0)
ANALYSIS_HEADINGS = ["analysis", "endpoint", "compared", "quantity", "time", "estimate", "95 %", "p", "power"]
MOST_VISITS = 12  # columns of the screen's table of means
ANOVA_COLUMNS = ["outcome", "F", "df", "epsilon", "median p", "5-95 % of p", "share p<.005", "p<.005 not corrected"]


def outputs_of(run: xr.Dataset) -> list[str]:
    """Names of the outputs of a run, in its order."""
    return [str(name) for name in run.data_vars if "time_h" in run[name].dims]


def failed_patients(run: xr.Dataset) -> int:
    """How many patients could not be solved."""
    return int((run["status"] != 0).sum()) if "status" in run else 0


def tally_summary(tally: Tally, model: Model, names: list[str]) -> list[dict[str, Any]]:
    """The same as `summary`, from the sums of a stream."""
    chain = with_drugs_named(model, names)
    columns = {name: tally.mean[:, tally.outputs.index(name)] for name in names} if tally.n else {}
    return [_summary_row(name, chain.unit(name), tally.hours, mean) for name, mean in columns.items()]


def summary(run: xr.Dataset, names: list[str]) -> list[dict[str, Any]]:
    """Mean over solved patients at a few hours, and where it is farthest from the start, one row per output."""
    hours = run["time_h"].to_numpy().astype(float)
    solved = run["status"].to_numpy() == 0 if "status" in run else slice(None)
    means = {name: run[name].transpose("patient", "time_h").to_numpy()[solved].mean(axis=0) for name in names}
    return [_summary_row(name, run[name].attrs.get("units", ""), hours, mean) for name, mean in means.items()]


def _summary_row(name: str, unit: str, hours: np.ndarray, mean: np.ndarray) -> dict[str, Any]:
    farthest = int(np.abs(mean - mean[0]).argmax())
    at = {hour: float(mean[np.abs(hours - hour).argmin()]) for hour in checkpoints(hours[-1])}
    extreme = {"farthest": float(mean[farthest]), "farthest_h": float(hours[farthest])}
    return {"endpoint": name, "unit": unit, "mean": at, **extreme}


def checkpoints(end_h: float) -> list[float]:
    """Hours shown in the summary: the usual ones up to the end, and the end itself."""
    return [hour for hour in CHECKPOINTS_H if hour < end_h] + [float(end_h)]


def summary_cells(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """The summary as column names and cells."""
    columns = ["output", "unit", *map(format_time, rows[0]["mean"]), "farthest from start"]
    cells = [
        [
            row["endpoint"],
            format_unit(row["unit"]),
            *beside_largest(list(row["mean"].values())),
            farthest_words(row),
        ]
        for row in rows
    ]
    return columns, cells


def enantiomer_sentence(names: list[str], ketamine: str) -> str:
    """What outputs named after ketamine hold where a regimen gives one enantiomer only; empty otherwise.

    names     of the outputs that are shown
    ketamine  as `Regimen.ketamine`
    """
    named = [f"`{name}`" for name in names if name.startswith("ketamine_")]
    if not named or ketamine in ("", "ketamine"):
        return ""
    return f"{' and '.join(named)}: the sum of both enantiomers, of which this regimen gives {ketamine} only."


def beside_largest(means: list[float]) -> list[str]:
    """Means as numbers; one that is nothing beside the largest of the row reads 0."""
    largest = max(abs(mean) for mean in means)
    return [number(0.0 if abs(mean) < 1e-5 * largest else mean) for mean in means]


def farthest_words(row: dict[str, Any]) -> str:
    """Where a mean is farthest from its start; a dash if it never leaves it."""
    start = row["mean"][0.0]
    if abs(row["farthest"] - start) <= 1e-3 * max(abs(start), 1e-6):
        return "–"
    return f"{number(row['farthest'])} at {format_time(row['farthest_h'])}"


def mean_cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """The means of a trial by endpoint and arm, a column a visit."""
    means = table[table["statistic"].eq("mean")]
    hours = few_hours(sorted(float(hour) for hour in means["time_h"].unique()))
    cells = []
    for (endpoint, arm), rows in means.groupby(["endpoint", "arm"], sort=False):
        at = dict(zip(rows["time_h"], rows["value"], strict=True))
        shown = [f"{at[hour]:.1f}" if hour in at and np.isfinite(at[hour]) else "–" for hour in hours]
        cells.append([str(endpoint), str(arm), *shown, f"{int(rows['n'].max()):,}"])
    return ["endpoint", "arm", *map(format_time, hours), "n"], cells


def anova_cells(anova: pd.DataFrame) -> list[list[str]]:
    """The analysis of variance, a row an outcome; columns are ANOVA_COLUMNS."""
    return [
        [
            row["endpoint"],
            number(row["F"]),
            f"{row['df']:g}, {row['df_error']:g}",
            number(row["epsilon"]),
            p_value(row["p"]),
            f"{p_value(row['p_lower'])} to {p_value(row['p_upper'])}" if row["estimable"] else "–",
            *(
                f"{row[name]:.0%}" if row["estimable"] else "–"
                for name in ("share_below_005", "share_below_005_uncorrected")
            ),
        ]
        for row in anova.to_dict("records")
    ]


def few_hours(hours: list[float]) -> list[float]:
    """The visits that fit on a screen: all of them, or the first, the last and some between, evenly."""
    if len(hours) <= MOST_VISITS:
        return hours
    chosen = np.unique(np.round(np.linspace(0, len(hours) - 1, MOST_VISITS)).astype(int))
    return [hours[index] for index in chosen]


def analysis_groups(analysis: pd.DataFrame) -> list[tuple[str, list[list[str]]]]:
    """The analyses of a trial by analysis and endpoint: what is tested how, and cells without these two columns."""
    groups = []
    for (name, endpoint), rows in analysis.groupby(["analysis", "endpoint"], sort=False):
        tests = dict.fromkeys(test for test in rows["test"] if test)
        groups.append((f"{name}, {endpoint}" + (f" ({'; '.join(tests)})" if tests else ""), analysis_cells(rows)))
    return [(title, [cell[2:] for cell in cells]) for title, cells in groups]


def analysis_cells(analysis: pd.DataFrame) -> list[list[str]]:
    """The analyses of a trial, a row each; columns are ANALYSIS_HEADINGS."""
    return [
        [
            row["analysis"],
            row["endpoint"],
            f"{row['arm']} – {row['against']}" if row["against"] else row["arm"] or "all",
            row["quantity"],
            "–" if np.isnan(row["time_h"]) else format_time(row["time_h"]),
            number(row["estimate"]),
            interval(row["lower"], row["upper"]),
            p_value(row["p"]),
            power_cell(row),
        ]
        for row in analysis.to_dict("records")
    ]


def rule_headings(by: str) -> list[str]:
    """Headings of `rule_cells`; `by` is `plan` or `arm`."""
    return [f"{by}, rule", "", "applies", "times", "first on day"]


def rule_cells(rules: pd.DataFrame, by: str) -> list[list[str]]:
    """How often each rule applies, in the mean over people.

    rules     a row a rule, and of plans also a person: number, rule, probability, times and first_day
    by        the column of what has the rules, `plan` or `arm`
    returns   cells under `rule_headings`
    """
    rows = []
    for (owner, number_of, text), own in rules.groupby([by, "number", "rule"], sort=False):
        day = number(own["first_day"].median())
        share = own["probability"].mean()
        told = "–" if share != share else "<1%" if 0 < share < 0.01 else f"{share:.0%}"
        rows.append([f"{owner}, {number_of}", str(text), told, f"{own['times'].mean():.1f}", day])
    return rows


def print_rules(console: Console, rules: pd.DataFrame, by: str) -> None:
    """Print how often each rule applies; nothing without rules. Arguments as in `rule_cells`."""
    if len(rules):
        headings = rule_headings(by)
        console.print(table(headings, rule_cells(rules, by), title="Rules", right=headings[2:]))
