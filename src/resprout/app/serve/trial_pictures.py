"""The trial tab's pictures: a trial that has been run in; score by visit, responders, dissociation and power out, with a sentence for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from resprout.app.serve.plot_data import TRIAL_HEIGHT, Picture, axis, look, nice_range, value_axis, words
from resprout.app.serve.trial_tab import (
    control_of,
    people_needed,
    power,
    primary_effect,
    primary_of,
    primary_result,
)
from resprout.figures.palette import CONTROL_COLOUR, DASHES, STAGE_COLOUR, faint
from resprout.figures.published_points import PublishedPoint, published_points
from resprout.figures.spoken_units import format_time
from resprout.statistics.share_interval import wilson_interval
from resprout.trial import Trial
from resprout.trial.endpoints import ENOUGH_REPLICATES

COLOURS = (STAGE_COLOUR["score"], STAGE_COLOUR["dose"], STAGE_COLOUR["spine"], STAGE_COLOUR["signal"])
SYMBOLS = ("circle", "square", "diamond", "triangle-up")
MARGIN = (48, 14, 12, 42)


def trial_pictures(trial: Trial) -> dict[str, tuple[Picture, str]]:
    """By name: a picture and what it shows in words."""
    return {
        "score": score_by_visit(trial),
        "responders": responders(trial),
        "dissociation": dissociation(trial),
        "power": power_curve(trial),
    }


def arms_of(trial: Trial) -> list[tuple[str, str, str, str]]:
    """Arms with their colour, dash and symbol; the control is grey."""
    shown, place = [], 0
    for arm in trial.protocol.arms:
        if arm.name == control_of(trial):
            shown.append((arm.name, CONTROL_COLOUR, "dot", "circle-open"))
        else:
            shown.append((arm.name, COLOURS[place % 4], DASHES[place % 2], SYMBOLS[place % 4]))
            place += 1
    return shown


def means(trial: Trial, endpoint: str, statistic: str, arm: str) -> pd.DataFrame:
    """Rows of the long table for one line of a picture."""
    table = trial.table
    chosen = table["endpoint"].eq(endpoint) & table["statistic"].eq(statistic) & table["arm"].eq(arm)
    return table[chosen].sort_values("time_h")


def scale_of(trial: Trial) -> str:
    """The scale that decides: the first endpoint."""
    return trial.protocol.endpoints[0].name


def score_by_visit(trial: Trial) -> tuple[Picture, str]:
    """Means of the scale by visit with their 95 % bands."""
    visits = [float(hour) for hour in trial.protocol.endpoints[0].visits]
    places = {hour: place for place, hour in enumerate(visits)}
    data: list[dict[str, Any]] = []
    told, top = [], 0.0
    for name, colour, dash, symbol in arms_of(trial):
        rows = means(trial, scale_of(trial), "mean", name)
        x = [float(places[float(hour)]) for hour in rows["time_h"]]
        data += band(x, rows, colour)
        data.append(line(x, rows["value"].tolist(), name, (colour, dash, symbol)))
        first, last = rows["value"].iloc[0], rows["value"].iloc[-1]
        told.append(f"on {name} from {first:.1f} to {f'{last:.1f}' if np.isfinite(last) else 'nobody rated'}")
        top = float(np.nanmax([top, *rows["upper"], *rows["value"]]))
    points = [each for each in published_points(trial.protocol, trial.table) if each.endpoint == scale_of(trial)]
    if points:
        data.append(published_marks(points, places))
        top = max([top, *(each.value for each in points)])
    layout = visit_layout(trial, visits, f"{scale_of(trial)}, points", [0, nice_range(0, top)[1]])
    sentence = f"{scale_of(trial)} from the start to {format_time(visits[-1])}: {'; '.join(told)}. {bands_words(trial)}"
    sentence += (
        " Diamonds: published means or changes from the predicted start, with n and SD at the pointer."
        if points
        else ""
    )
    return {"data": data, "layout": layout}, sentence


def published_marks(points: Sequence[PublishedPoint], places: Mapping[float, int]) -> dict[str, Any]:
    """Published means beside the predicted ones, as open diamonds; `places` of visits by hour."""
    x = np.interp([each.time_h for each in points], list(places), list(places.values()))
    half = [0.0 if np.isnan(each.half_width) else each.half_width for each in points]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x.tolist(),
        "y": [each.value for each in points],
        "error_y": {"type": "data", "array": half, "thickness": 1, "width": 3, "color": CONTROL_COLOUR},
        "text": [f"{each.arm}: {each.said}" for each in points],
        "name": "published",
        "marker": {"size": 10, "symbol": "diamond-open", "color": CONTROL_COLOUR, "line": {"width": 2}},
        "hovertemplate": "%{text}<extra></extra>",
    }


def bands_words(trial: Trial) -> str:
    """What the bands hold."""
    if trial.replicates >= ENOUGH_REPLICATES:
        return f"Bands: 95 % prediction interval of the mean of a trial, over {trial.replicates} replicates."
    return f"Bands: 95 % interval of the mean, {trial.replicates} replicate{'s' if trial.replicates > 1 else ''}."


def responders(trial: Trial) -> tuple[Picture, str]:
    """Share of each arm whose score is at most half of the baseline, by visit."""
    visits = [float(hour) for hour in trial.protocol.endpoints[0].visits][1:]
    data, told = [], []
    for name, colour, _, symbol in arms_of(trial):
        rows = means(trial, scale_of(trial), "response_rate", name)
        rows = rows[rows["time_h"].gt(0)]
        control = name == control_of(trial)
        data.append(
            {
                "type": "bar",
                "x": list(range(len(rows))),
                "y": (100 * rows["value"]).tolist(),
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": (100 * (rows["upper"] - rows["value"])).tolist(),
                    "arrayminus": (100 * (rows["value"] - rows["lower"])).tolist(),
                    "thickness": 1,
                    "width": 3,
                    "color": CONTROL_COLOUR,
                },
                "name": name,
                "marker": {
                    "color": faint(colour, 0.25 if control else 0.85),
                    "line": {"color": colour, "width": 1.5},
                    "pattern": {"shape": "" if symbol != "square" else "/"},
                },
                "hovertemplate": "%{y:.0f} %<extra>" + name + "</extra>",
            }
        )
        if len(rows):
            told.append(f"on {name} {rows['value'].iloc[0]:.0%} at {format_time(visits[0])}")
            told[-1] += f", {rows['value'].iloc[-1]:.0%} at {format_time(visits[-1])}" if len(rows) > 1 else ""
    layout = visit_layout(trial, visits, "responders, %", [0, 105], bargap=0.35)
    return {"data": data, "layout": layout}, f"Response (reduction of at least 50 %) {'; '.join(told)}."


def dissociation(trial: Trial) -> tuple[Picture, str]:
    """Mean CADSS over the first hours."""
    data: list[dict[str, Any]] = []
    told, top = [], 10.0
    for name, colour, dash, symbol in arms_of(trial):
        rows = means(trial, "CADSS", "mean", name)
        if not len(rows):
            continue
        x = (60 * rows["time_h"]).tolist()
        data += band(x, rows, colour)
        data.append(line(x, rows["value"].tolist(), name, (colour, dash, symbol), "%{x:.0f} min"))
        peak = rows.iloc[int(rows["value"].to_numpy().argmax())]
        when = f" after {format_time(float(peak['time_h']))}" if peak["value"] >= 0.5 else ""
        told.append(f"on {name} at {peak['value']:.0f}{when}")
        top = float(np.nanmax([top, *rows["upper"], *rows["value"]]))
    layout = look(
        TRIAL_HEIGHT,
        MARGIN,
        xaxis=axis(title=words("minutes"), dtick=60, range=[-5, 245]),
        yaxis=value_axis(range=[0, nice_range(0, top)[1]], title=words("CADSS, points")),
    )
    if not told:
        return {"data": [], "layout": layout}, "This protocol does not rate dissociation."
    return {"data": data, "layout": layout}, f"CADSS (0 to 92) peaks {'; '.join(told)}."


def power_curve(trial: Trial) -> tuple[Picture, str]:
    """Power at the prespecified visit: of the test that was run, as a point; of other numbers of patients per arm, by a t-test."""
    sizes = np.unique(np.round(np.geomspace(3, 300, 60))).astype(float)
    data, told = [], []
    for name, colour, dash, _ in arms_of(trial):
        effect = None if _without_power(trial, name) else primary_effect(trial, name)
        if effect is None:
            continue
        chances = 100 * power(effect, sizes)
        data.append(line(sizes.tolist(), chances.tolist(), name, (colour, dash, ""), "%{x:.0f} per arm", mode="lines"))
        tested = primary_result(trial, name)
        if tested is not None:
            data.append(tested_power(trial, name, tested, colour))
        told.append(power_words(trial, name, effect, tested))
    layout = look(
        TRIAL_HEIGHT,
        MARGIN,
        xaxis=axis(type="log", title=words("patients per arm"), tickvals=[3, 10, 30, 100, 300]),
        yaxis=value_axis(range=[0, 104], title=words("power, %")),
    )
    if not told:
        compared = control_of(trial) and trial.protocol.design == "parallel"
        why = (
            "No effect size is estimable here: too few were rated."
            if compared
            else "Power needs a parallel trial with a control arm."
        )
        return {"data": [], "layout": layout}, why
    endpoint, hour = primary_of(trial)
    curve = "Curves: a t-test with the mean effect of the replicates."
    return {"data": data, "layout": layout}, f"{endpoint} at {format_time(hour)}: {'; '.join(told)}. {curve}"


def _without_power(trial: Trial, arm: str) -> bool:
    return not control_of(trial) or arm == control_of(trial) or trial.protocol.design != "parallel"


def tested_power(trial: Trial, arm: str, tested: dict[str, Any], colour: str) -> dict[str, Any]:
    """The power of the test that was run, with the interval of so many replicates, at the arm's own number of patients."""
    lower, upper = wilson_interval(tested["power"], tested["tested"])
    size = next(each.size or 0 for each in trial.protocol.arms if each.name == arm)
    middle = 100 * tested["power"]
    above, below = 100 * upper - middle, middle - 100 * lower
    bars = {"type": "data", "symmetric": False, "array": [above], "arrayminus": [below], "color": colour, "width": 4}
    return {
        **line([float(size)], [middle], f"{arm}, {tested['analysis']}", (colour, "solid", "diamond"), mode="markers"),
        "error_y": {**bars, "thickness": 1.5},
    }


def power_words(trial: Trial, arm: str, effect: float, tested: dict[str, Any] | None) -> str:
    """Power of an arm in words: of the test over the replicates, and the patients that a t-test would need."""
    needed = people_needed(effect)
    many = f"{needed} patients per arm give" if needed else "more than 500 patients per arm are needed for"
    told = f"{arm} (d = {effect:.2f})"
    if tested is not None:
        lower, upper = wilson_interval(tested["power"], tested["tested"])
        told += (
            f" is found by {tested['analysis'].upper()} in {tested['power']:.0%} of {tested['tested']} replicates "
            f"(95 % interval {lower:.0%} to {upper:.0%})"
        )
    return f"{told}; {many} 90 % power"


def line(
    x: list[float],
    y: list[float],
    name: str,
    style: tuple[str, str, str],
    when: str = "",
    mode: str = "lines+markers",
) -> dict[str, Any]:
    """One line of one arm.

    style   colour, dash and symbol      when   hover text of the place, as Plotly formats it
    """
    colour, dash, symbol = style
    return {
        "type": "scatter",
        "mode": mode,
        "x": x,
        "y": y,
        "name": name,
        "line": {"color": colour, "width": 2.2, "dash": dash},
        "marker": {"size": 7, "symbol": symbol or "circle", "color": colour},
        "hovertemplate": f"{when} %{{y:.1f}}<extra>{name}</extra>",
    }


def band(x: list[float], rows: pd.DataFrame, colour: str) -> list[dict[str, Any]]:
    """The 95 % band of a mean."""
    silent = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    upper, lower = rows["upper"].fillna(rows["value"]), rows["lower"].fillna(rows["value"])
    return [
        {**silent, "x": x, "y": upper.tolist()},
        {**silent, "x": x, "y": lower.tolist(), "fill": "tonexty", "fillcolor": faint(colour, 0.14)},
    ]


def visit_layout(trial: Trial, visits: list[float], spoken: str, span: list[float], **more: Any) -> Picture:
    """Visits evenly spaced, as hours and weeks do not share one scale."""
    shown = axis(tickvals=list(range(len(visits))), ticktext=[format_time(hour) for hour in visits])
    return look(
        TRIAL_HEIGHT,
        MARGIN,
        xaxis={**shown, "range": [-0.5, len(visits) - 0.5], "title": words("visit")},
        yaxis=value_axis(range=span, title=words(spoken)),
        **more,
    )
