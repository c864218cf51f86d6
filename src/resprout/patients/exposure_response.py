"""Exposure of observed people against the change of a score: a regression with its band, and what covariates do to both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Regimen
from resprout.errors import Fault, InputError, need_package, refuse_others
from resprout.patients.dataset import LEVEL, RATING, Dataset, Occasion, Person
from resprout.patients.expected_ratings import history_of, later, solve_history
from resprout.patients.individual_posteriors import Posteriors
from resprout.patients.level_analysis import exposure_table

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
BY_LEVELS, BY_POSTERIOR = "levels", "posterior"
MEASURES = ("AUC_infinity", "AUC_last", "Cmax")
UNITS = {"AUC_infinity": "ng h/mL", "AUC_last": "ng h/mL", "Cmax": "ng/mL"}
FEWEST = 8  # people for a regression
FEWEST_OF_A_GROUP = 3  # people with a word of a covariate, and without it
SHARE_OF_HOUR = 0.5  # a rating may be made so much earlier or later than asked
STEPS = {
    "age": (10.0, "per 10 years"),
    "weight": (10.0, "per 10 kg"),
    "BMI": (5.0, "per 5 kg/m2"),
    "height": (10.0, "per 10 cm"),
}
GRID_H = np.concatenate([np.linspace(0, 4, 49), np.geomspace(4.25, 48, 48)])
"""Hours after the start of the first dose at which a posterior's levels are followed."""
POINT_COLUMNS = ("patient", "exposure", "baseline", "rating", "change", "time_h")
LINE_COLUMNS = ("exposure", "change", "lower", "upper")
EFFECT_COLUMNS = ("outcome", "covariate", "contrast", "people", "effect", "lower", "upper", "p")


@dataclass(frozen=True)
class ExposureResponse:
    """Exposure against the change of a score.

    points    a row a person: exposure after the first dose, rating before it, rating after, change, hour of the latter
    line      change expected at the mean baseline over the range of exposure, with 95 % confidence limits
    effects   a row an outcome and covariate: `exposure` as a ratio, `change` in points at equal exposure and baseline
    slope     points of change with a doubling of exposure, its 95 % limits and p
    measure, level, endpoint, hour   what was asked for
    left_out  by person: why they are in no regression
    """

    points: pd.DataFrame
    line: pd.DataFrame
    effects: pd.DataFrame
    slope: tuple[float, float, float, float]
    measure: str
    level: str
    endpoint: str
    hour: float
    left_out: dict[str, str]


def exposure_response(  # many arguments: what is compared
    data: Dataset,
    *,
    measure: str = "AUC_infinity",
    endpoint: str = "MADRS",
    hour: float = 24.0,
    level: str | None = None,
    posteriors: Posteriors | None = None,
) -> ExposureResponse:
    """Regress the change of a score on the logarithm of exposure after the first dose, and both on covariates.

    data        what `rs.read_data` gave          measure   AUC_infinity, AUC_last or Cmax
    endpoint    a rating scale                    hour      h after the first dose of the later rating; the nearest one counts
    level       output whose level is meant; None for the one that is observed most
    posteriors  what `rs.update` gave: exposure is the median of each person's posterior; None for exposure from levels
    returns     points, regression and covariate effects
    raises      InputError where too few people have both exposure and two ratings
    """
    refuse_others(
        ("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"),
        ("measure", measure, measure in MEASURES, f"one of {', '.join(MEASURES)}"),
        ("hour", hour, isinstance(hour, int | float) and 0 < hour < 10_000, "hours above 0"),
        ("posteriors", posteriors, posteriors is None or isinstance(posteriors, Posteriors), "what `rs.update` gave"),
    )
    need_package("statsmodels", "survival")
    import pandas as pd

    level = level or _usual_level(data)
    exposure = _by_levels(data, measure, level) if posteriors is None else _by_posterior(posteriors, measure, level)
    rows, left = _points(data, exposure, endpoint, hour, f"{measure} of {level}")
    points = pd.DataFrame(rows, columns=list(POINT_COLUMNS))
    line, slope = _regression(points)
    covariates = {who.name: who.covariates for who in data.people}
    effects = pd.DataFrame(_effects(points, covariates), columns=list(EFFECT_COLUMNS))
    return ExposureResponse(points, line, effects, slope, measure, level, endpoint, float(hour), left)


def _points(
    data: Dataset, exposure: Mapping[str, float], endpoint: str, hour: float, named: str
) -> tuple[list[tuple[Any, ...]], dict[str, str]]:
    """Rows of POINT_COLUMNS, and by person why there is none.

    raises   InputError where there are too few for a regression
    """
    rows: list[tuple[Any, ...]] = []
    left: dict[str, str] = {}
    for who in data.people:
        rated = _rated(who, endpoint, hour)
        if isinstance(rated, str):
            left[who.name] = rated
        elif not exposure.get(who.name, np.nan) > 0:
            left[who.name] = f"no {named}"
        else:
            rows.append((who.name, exposure[who.name], *rated))
    if len(rows) < FEWEST:
        reasons = "; ".join(sorted(set(left.values()))[:3])
        found = f"{len(rows)} people have {named} and {endpoint} before and {hour:g} h after the first dose."
        expected = f"Expected at least {FEWEST}." + (f" Of the others: {reasons}." if reasons else "")
        raise InputError(Fault(found, ", ".join(data.source), expected, "Ask for another hour, endpoint or measure."))
    return rows, left


def _usual_level(data: Dataset) -> str:
    """The level that is observed most."""
    seen = [each.endpoint for who in data.people for _, each in who.observations if each.kind == LEVEL]
    if not seen:
        remedy = "Ask for exposure by the posterior of a named level."
        raise InputError(
            Fault("the table has no levels.", ", ".join(data.source), "Expected levels of a drug.", remedy)
        )
    return max(dict.fromkeys(seen), key=seen.count)


def _by_levels(data: Dataset, measure: str, level: str) -> dict[str, float]:
    """A measure of exposure by person, of the first occasion."""
    table = exposure_table(data)
    own = table[(table["endpoint"] == level) & (table["occasion"] == 1)]
    return {str(name): float(value) for name, value in zip(own["patient"], own[measure], strict=True)}


def _by_posterior(posteriors: Posteriors, measure: str, level: str) -> dict[str, float]:
    """The median of a measure over each person's posterior, after their first dose."""
    if measure == "AUC_last":
        found_here = "AUC_last is the area up to the last sample, and a posterior has no samples."
        raise InputError(Fault(found_here, "", "Expected AUC_infinity or Cmax.", field="measure"))
    found = {}
    for name, posterior in posteriors.posteriors.items():
        occasion = posterior.person.occasions[0]
        given = _first_dose(occasion)
        if given is None:
            continue
        hours = tuple(np.round(GRID_H[1:] + given[0], 9).tolist())
        history = history_of(
            occasion, posterior.setting, resistant=bool(posterior.person.covariates.get("resistant", False))
        )
        alone = later(history, given[1], {level: hours})
        levels = np.maximum(solve_history(posteriors.model, posterior.people, alone).at(level, np.array(hours)), 0.0)
        found[name] = _weighted_median(_of_curves(levels, measure), posterior.weights)
    return found


def _of_curves(levels: Numbers, measure: str) -> Numbers:
    """Cmax, or the area to infinity, of levels at the hours of the grid: [particle]."""
    if measure == "Cmax":
        return np.asarray(levels.max(axis=1))
    whole = np.column_stack([np.zeros(len(levels)), levels])
    area = (np.diff(GRID_H) * (whole[:, 1:] + whole[:, :-1]) / 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.log(levels[:, -2] / levels[:, -1]) / (GRID_H[-1] - GRID_H[-2])
        return np.asarray(np.where(levels[:, -1] > 0, area + levels[:, -1] / rate, area))


def _first_dose(occasion: Occasion) -> tuple[float, Regimen] | None:
    """Hour of the first dose, and a regimen of it alone."""
    given = sorted((time, place) for place, dose in enumerate(occasion.doses) for time in dose.times_h)
    if not given:
        return None
    time, place = given[0]
    dose = replace(occasion.doses[place], times_h=(time,))
    return time, Regimen("the first dose", (dose,))


def _weighted_median(values: Numbers, weights: Numbers) -> float:
    """The median of weighted values; NaN where none is known."""
    known = np.isfinite(values)
    order = np.argsort(values[known])
    total = np.cumsum(weights[known][order])
    return float(values[known][order][np.searchsorted(total, total[-1] / 2)]) if total.size else np.nan


def _rated(person: Person, endpoint: str, hour: float) -> tuple[float, float, float, float] | str:
    """The rating before the first dose, the one nearest an hour after it and before the second, their difference and its hour; or why not."""
    occasion = person.occasions[0]
    given = sorted(time for dose in occasion.doses for time in dose.times_h)
    if not given:
        return "no dose"
    seen = [each for each in occasion.observations if each.kind == RATING and each.endpoint == endpoint]
    before = [each for each in seen if each.time_h < given[0] or (each.time_h == given[0] and not each.after_dose)]
    second = given[1] if len(given) > 1 else np.inf
    after = [
        each for each in seen if given[0] < each.time_h < second or (each.time_h == second and not each.after_dose)
    ]
    after = [each for each in after if abs(each.time_h - given[0] - hour) <= SHARE_OF_HOUR * hour]
    if not before:
        return f"no {endpoint} before the first dose"
    if not after:
        return f"no {endpoint} about {hour:g} h after the first dose and before the second"
    chosen = min(after, key=lambda each: abs(each.time_h - given[0] - hour))
    return before[-1].value, chosen.value, chosen.value - before[-1].value, chosen.time_h - given[0]


def _regression(points: pd.DataFrame) -> tuple[pd.DataFrame, tuple[float, float, float, float]]:
    """Change on the binary logarithm of exposure and on baseline, by ordinary least squares: the line and its slope."""
    import pandas as pd
    import statsmodels.api as sm

    doublings = np.log2(points["exposure"].to_numpy(dtype=float))
    baseline = points["baseline"].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(points)), doublings, baseline - baseline.mean()])
    fitted = sm.OLS(points["change"].to_numpy(dtype=float), _of_full_rank(design)).fit()
    at = np.linspace(doublings.min(), doublings.max(), 61)
    told = fitted.get_prediction(_like(np.column_stack([np.ones(61), at, np.zeros(61)]), fitted)).summary_frame(
        alpha=0.05
    )
    values = zip(2**at, told["mean"], told["mean_ci_lower"], told["mean_ci_upper"], strict=True)
    limits = fitted.conf_int(alpha=0.05)[1]
    slope = (float(fitted.params[1]), float(limits[0]), float(limits[1]), float(fitted.pvalues[1]))
    return pd.DataFrame(list(values), columns=list(LINE_COLUMNS)), slope


def _of_full_rank(design: Numbers) -> Numbers:
    """A design without a baseline in which people do not differ.

    raises   InputError where people do not differ in exposure
    """
    if np.ptp(design[:, 1]) == 0:
        found = "all people have the same exposure."
        raise InputError(Fault(found, "", "Expected exposures that differ.", "Ask for another measure."))
    return design if np.ptp(design[:, 2]) > 0 else design[:, :2]


def _like(design: Numbers, fitted: Any) -> Numbers:
    """A design with the columns of a fit."""
    return design[:, : len(fitted.params)]


def _effects(points: pd.DataFrame, covariates: Mapping[str, Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """What each covariate does, alone: to exposure as a ratio, and to the change at equal exposure and baseline."""
    import statsmodels.api as sm

    rows = []
    doublings = np.log2(points["exposure"].to_numpy(dtype=float))
    baseline = points["baseline"].to_numpy(dtype=float)
    for name, contrast, values in _contrasts(points["patient"].tolist(), covariates):
        known = np.isfinite(values)
        own = [np.ones(int(known.sum())), values[known]]
        more = [doublings[known], baseline[known]]
        outcomes = (("exposure", doublings, own), ("change", points["change"].to_numpy(dtype=float), [*own, *more]))
        for outcome, measured, columns in outcomes:
            design = np.column_stack([each for place, each in enumerate(columns) if place == 0 or np.ptp(each) > 0])
            if np.linalg.matrix_rank(design) < design.shape[1] or len(design) < design.shape[1] + FEWEST_OF_A_GROUP:
                continue
            fitted = sm.OLS(measured[known], design).fit()
            told = [fitted.params[1], *fitted.conf_int(alpha=0.05)[1]]
            told = [float(2**each) if outcome == "exposure" else float(each) for each in told]
            rows.append((outcome, name, contrast, int(known.sum()), *told, float(fitted.pvalues[1])))
    return rows


def _contrasts(people: Sequence[str], covariates: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, Numbers]]:
    """By covariate: its contrast and each person's value; of words each against all others, NaN where it is unknown."""
    names = dict.fromkeys(name for who in people for name in covariates[who])
    found = []
    for name in names:
        told = [covariates[who].get(name) for who in people]
        if name in STEPS:
            step, contrast = STEPS[name]
            values = np.array([np.nan if each is None else float(each) / step for each in told])
            if np.isfinite(values).sum() >= FEWEST and np.nanmax(values) > np.nanmin(values):
                found.append((name, contrast, values))
            continue
        words = sorted({str(each) for each in told if each is not None})
        for word in words[1:] if len(words) == 2 else words:
            is_it = np.array([np.nan if each is None else float(str(each) == word) for each in told])
            many = np.nansum(is_it)
            if FEWEST_OF_A_GROUP <= many <= np.isfinite(is_it).sum() - FEWEST_OF_A_GROUP:
                against = words[0] if len(words) == 2 else "others"
                found.append((name, f"{word} against {against}", is_it))
    return found
