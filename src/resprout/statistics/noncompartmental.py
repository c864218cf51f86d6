"""Noncompartmental analysis: times and levels of one person after one dose in; exposure, half-life, clearance and volume out.

Gabrielsson J, Weiner D. Methods Mol Biol 2012;929:377.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
MEASURES = (
    *("Cmax", "tmax", "Clast", "tlast", "AUC_last", "AUC_infinity", "extrapolated_share"),
    *("lambda_z", "half_life", "AUMC_infinity", "MRT", "clearance", "volume_z", "volume_ss"),
)
INTERVAL_MEASURES = ("Cmax", "tmax", "Cmin", "AUC_interval", "Cavg", "fluctuation", "clearance")
FEWEST_TERMINAL = 3  # levels of the terminal phase
SMALLEST_FALL = 1e-6  # of the log level; less is rounding


@dataclass(frozen=True)
class Terminal:
    """The terminal phase: rate constant (per h), number of levels that it rests on, and adjusted R-squared."""

    rate: float
    levels: int
    adjusted_r2: float


def noncompartmental(times_h: Numbers, levels: Numbers, dose_mg: float, duration_h: float = 0.0) -> dict[str, float]:
    """Analyse the levels of one person after one dose.

    times_h     [level]  h      since the start of the dose, ascending
    levels      [level]  ng/mL  above 0; those below the limit of quantification left out
    dose_mg     scalar   mg     that reached the body
    duration_h  scalar   h      of an infusion; 0 for a dose given at once
    returns     by measure: Cmax (ng/mL), tmax (h), Clast, tlast, AUC to the last level and to infinity (ng h/mL), the share of
                the latter that is extrapolated, lambda_z (per h), half_life (h), AUMC (ng h2/mL), mean residence time (h; less half
                the infusion), clearance (L/h), terminal volume and volume at steady state (L); NaN where it cannot be told

    Linear trapezoids while levels rise, logarithmic ones while they fall. A dose given at once has its first level extrapolated back to
    hour 0 from the first two; an infusion and an absorbed dose begin at 0.
    """
    found = dict.fromkeys(MEASURES, np.nan)
    if len(levels) == 0:
        return found
    top = int(np.argmax(levels))
    found |= {"Cmax": float(levels[top]), "tmax": float(times_h[top])}
    found |= {"Clast": float(levels[-1]), "tlast": float(times_h[-1])}
    if len(levels) < 2:
        return found
    times, values = _from_the_start(times_h, levels, duration_h)
    area, moment = trapezoids(times, values)
    found["AUC_last"] = area
    terminal = terminal_phase(times_h, levels)
    if terminal is None:
        return found
    rate, last, end = terminal.rate, float(levels[-1]), float(times_h[-1])
    whole = area + last / rate
    whole_moment = moment + last * end / rate + last / rate**2
    residence = whole_moment / whole - duration_h / 2
    clearance = dose_mg * 1000 / whole
    found |= {"AUC_infinity": whole, "extrapolated_share": last / rate / whole, "lambda_z": rate}
    found |= {"half_life": float(np.log(2) / rate), "AUMC_infinity": whole_moment, "MRT": residence}
    found |= {"clearance": clearance, "volume_z": clearance / rate, "volume_ss": clearance * residence}
    return {name: float(value) for name, value in found.items()}


def trapezoids(times_h: Numbers, levels: Numbers) -> tuple[float, float]:
    """Area under levels, and under levels times time.

    times_h   [level]  h      ascending
    levels    [level]  ng/mL  at least 0
    returns   ng h/mL and ng h2/mL: linear trapezoids where levels rise or are 0, logarithmic ones where they fall
    """
    t, c = times_h, levels
    step = np.diff(t)
    falls = (c[1:] < c[:-1]) & (c[1:] > 0)
    ratio = np.where(falls, np.log(np.where(falls, c[:-1], 2.0) / np.where(falls, c[1:], 1.0)), 1.0)
    area = np.where(falls, (c[:-1] - c[1:]) / ratio * step, (c[1:] + c[:-1]) / 2 * step)
    by_log = (t[:-1] * c[:-1] - t[1:] * c[1:]) / ratio * step + (c[:-1] - c[1:]) / ratio**2 * step**2
    moment = np.where(falls, by_log, (t[:-1] * c[:-1] + t[1:] * c[1:]) / 2 * step)
    return float(area.sum()), float(moment.sum())


def terminal_phase(times_h: Numbers, levels: Numbers) -> Terminal | None:
    """The terminal phase: of the last three or more levels after the highest one, those whose line has the best adjusted R-squared.

    times_h   [level]  h      since the dose, ascending
    levels    [level]  ng/mL  above 0
    returns   the phase; None where levels do not fall or are too few. Of lines alike within 0.0001 the one of more levels counts
    """
    first = int(np.argmax(levels)) + 1
    best: Terminal | None = None
    for begin in range(len(levels) - FEWEST_TERMINAL, first - 1, -1):
        x, y = times_h[begin:], np.log(levels[begin:])
        slope, intercept = np.polyfit(x, y, 1)
        spread = float(((y - y.mean()) ** 2).sum())
        left = float(((y - slope * x - intercept) ** 2).sum())
        if slope * (x[-1] - x[0]) > -SMALLEST_FALL:
            continue
        adjusted = 1 - (left / (len(x) - 2)) / (spread / (len(x) - 1))
        if best is None or adjusted > best.adjusted_r2 - 1e-4:
            best = Terminal(float(-slope), len(x), adjusted)
    return best


def partial_area(times_h: Numbers, levels: Numbers, begin_h: float, end_h: float, duration_h: float = 0.0) -> float:
    """Area under the levels of one person between two hours after one dose.

    times_h     [level]  h        since the start of the dose, ascending
    levels      [level]  ng/mL    above 0
    begin_h     scalar   h        since the start of the dose
    end_h       scalar   h        since the start of the dose
    duration_h  scalar   h        of an infusion; 0 for a dose given at once
    returns     scalar   ng h/mL  between two levels along the line, or the exponential where they fall; after the last one along the
                terminal phase, NaN where there is none
    """
    if len(levels) < 2:
        return float("nan")
    times, values = _from_the_start(times_h, levels, duration_h)
    terminal = terminal_phase(times_h, levels)
    inside = (times > begin_h) & (times < end_h)
    at = np.concatenate([[begin_h], times[inside], [end_h]])
    ends = [_level_at(times, values, hour, terminal) for hour in (begin_h, end_h)]
    return trapezoids(at, np.concatenate([[ends[0]], values[inside], [ends[1]]]))[0]


def _level_at(times_h: Numbers, levels: Numbers, hour: float, terminal: Terminal | None) -> float:
    """The level at an hour from 0 on: between two levels as their trapezoid has it, after the last one by the terminal phase."""
    if hour >= times_h[-1]:
        if hour == times_h[-1]:
            return float(levels[-1])
        return float("nan") if terminal is None else float(levels[-1] * np.exp(-terminal.rate * (hour - times_h[-1])))
    place = int(np.searchsorted(times_h, hour, side="right"))
    before, later = float(levels[place - 1]), float(levels[place])
    share = (hour - times_h[place - 1]) / (times_h[place] - times_h[place - 1])
    if 0 < later < before:
        return float(before * (later / before) ** share)
    return float(before + (later - before) * share)


def over_an_interval(times_h: Numbers, levels: Numbers, interval_h: float, dose_mg: float) -> dict[str, float]:
    """Analyse the levels of one person over a dosing interval, between one of many doses and the next.

    times_h     [level]  h      since the start of the dose, ascending; the first is 0, just before the dose
    levels      [level]  ng/mL  above 0
    interval_h  scalar   h      between doses
    dose_mg     scalar   mg     that reached the body
    returns     by measure: Cmax (ng/mL), tmax (h), Cmin (ng/mL), AUC_interval (ng h/mL), Cavg (ng/mL), fluctuation (Cmax less Cmin
                over Cavg) and clearance (L/h, of steady state); NaN where the level at the start of the interval is not known, or those to
                its end cannot be told
    """
    found = dict.fromkeys(INTERVAL_MEASURES, np.nan)
    if len(levels) < 2 or times_h[0] != 0:
        return found
    inside = times_h <= interval_h
    top = int(np.argmax(levels[inside]))
    area = partial_area(times_h, levels, 0.0, interval_h)
    last = _level_at(times_h, levels, interval_h, terminal_phase(times_h, levels))
    lowest, mean = min(float(levels[inside].min()), last), area / interval_h
    found |= {
        "Cmax": float(levels[top]),
        "tmax": float(times_h[top]),
        "Cmin": lowest,
        "AUC_interval": area,
        "Cavg": mean,
    }
    return found | {"fluctuation": (float(levels[top]) - lowest) / mean, "clearance": dose_mg * 1000 / area}


def accumulation(interval_h: float, half_life_h: float) -> float:
    """How much higher levels at steady state are than after the first dose, for one exponential.

    interval_h    scalar  h  between doses
    half_life_h   scalar  h  of the terminal phase
    returns       scalar  1
    """
    return float(1 / -np.expm1(-np.log(2) * interval_h / half_life_h))


def _from_the_start(times_h: Numbers, levels: Numbers, duration_h: float) -> tuple[Numbers, Numbers]:
    """Levels with one at hour 0: 0 for an infusion, extrapolated on the log scale after a dose given at once."""
    if times_h[0] <= 0:
        return times_h, levels
    back = 0.0
    if duration_h == 0 and levels[0] > levels[1]:
        slope = np.log(levels[1] / levels[0]) / (times_h[1] - times_h[0])
        back = float(levels[0] * np.exp(-slope * times_h[0]))
    return np.concatenate([[0.0], times_h]), np.concatenate([[back], levels])
