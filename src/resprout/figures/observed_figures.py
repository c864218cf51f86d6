"""Observed people as pictures: predictive checks, observed over predicted, prediction errors, trajectories by arm, forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.figures.palette import CONTROL_COLOUR, INK, STAGE_COLOUR, faint, plain_template

if TYPE_CHECKING:
    import pandas as pd

LEVEL_COLOUR, SCORE_COLOUR = STAGE_COLOUR["dose"], STAGE_COLOUR["score"]
PANEL_PX = 300
LONG_H = 96.0  # beyond this the axis counts days


def check_figure(check: pd.DataFrame, observations: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw a visual predictive check: bands of simulated percentiles, lines of observed ones.

    check          rows of `predictive_check`
    observations   of the same people: endpoint, after_first_dose_h, observed, below, lloq
    title          what the picture shows
    returns        Plotly figure, a panel for each endpoint; a dotted line is the limit of quantification of levels below it
    """
    figure, endpoints = _panels(list(dict.fromkeys(check["endpoint"])))
    for row, endpoint in enumerate(endpoints, start=1):
        own, seen = check[check["endpoint"] == endpoint], observations[observations["endpoint"] == endpoint]
        scale, unit = _clock(own["middle_h"])
        colour = _colour(endpoint)
        for percentile, part in own.groupby("percentile"):
            hours = part["middle_h"] / scale
            band = {"fillcolor": faint(colour, 0.22 if percentile == 50 else 0.12), "line": {"width": 0}}
            shown = row == 1 and percentile == 50
            figure.add_trace(_band(hours, part, band, "simulated, 95 %", shown=shown), row=row, col=1)
            dash = "solid" if percentile == 50 else "dash"
            line = go.Scatter(
                x=hours, y=part["observed"], mode="lines+markers", line={"color": INK, "width": 1.6, "dash": dash},
                marker={"size": 5}, name="observed 50 %" if percentile == 50 else "observed 5 and 95 %",
                showlegend=row == 1 and percentile != 95, hovertemplate=f"%{{x:.4g}} {unit}: %{{y:.4g}}",
            )  # fmt: skip
            figure.add_trace(line, row=row, col=1)
        dots = go.Scatter(
            x=seen["after_first_dose_h"] / scale, y=seen["observed"], mode="markers", showlegend=False,
            marker={"size": 4, "color": faint(CONTROL_COLOUR, 0.5)}, hoverinfo="skip",
        )  # fmt: skip
        figure.add_trace(dots, row=row, col=1)
        for limit in sorted(set(seen["lloq"][seen["below"]])):  # below it there is no percentile
            figure.add_hline(y=limit, line={"color": CONTROL_COLOUR, "width": 1, "dash": "dot"}, row=row, col=1)
        _axes(figure, row, f"{unit} after the first dose", endpoint)
    return _finished(figure, title, len(endpoints))


def agreement_figure(predictions: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw observed over predicted, a panel for each endpoint.

    predictions  endpoint, observed, below, median
    title        what the picture shows
    returns      Plotly figure; levels on logarithmic axes, those below their limit at the limit and hollow
    """
    figure, endpoints = _panels(list(dict.fromkeys(predictions["endpoint"])))
    for row, endpoint in enumerate(endpoints, start=1):
        own = predictions[predictions["endpoint"] == endpoint]
        is_level = _is_level(endpoint)
        kinds = (("measured", "circle", own[~own["below"]]), ("below the limit", "circle-open", own[own["below"]]))
        dots = [
            go.Scatter(
                x=part["median"], y=part["observed"], mode="markers", showlegend=False, text=part["patient"], name=name,
                marker={"size": 6, "color": faint(_colour(endpoint), 0.6), "symbol": symbol},
                hovertemplate="patient %{text}: predicted %{x:.4g}, observed %{y:.4g}<extra>%{fullData.name}</extra>",
            )
            for name, symbol, part in kinds
            if len(part)
        ]  # fmt: skip
        values = own[["median", "observed"]].to_numpy(dtype=float)
        values = values[values > 0] if is_level else values
        ends = [float(values.min()), float(values.max())] if values.size else [0.0, 1.0]
        line = go.Scatter(
            x=ends, y=ends, mode="lines", line={"color": CONTROL_COLOUR, "dash": "dash"}, showlegend=False
        )
        figure.add_traces([line, *dots], rows=row, cols=1)
        kind = {"type": "log", "dtick": "D2"} if is_level else {}
        figure.update_xaxes(title_text=f"predicted, {_named(endpoint)}", row=row, col=1, **kind)
        figure.update_yaxes(title_text="observed", row=row, col=1, **kind)
    return _finished(figure, title, len(endpoints))


def discrepancy_figure(found: Sequence[Any], observations: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw prediction errors over time and against a standard normal distribution, a row for each endpoint.

    found         records of `discrepancies`
    observations  after_first_dose_h by position
    title         what the picture shows
    returns       Plotly figure
    """
    from scipy.special import ndtri

    names = [f"{_named(each.endpoint)}: {what}" for each in found for what in ("over time", "quantiles")]
    figure = make_subplots(rows=len(found), cols=2, subplot_titles=names, vertical_spacing=0.4 / max(len(found), 2))
    hours = observations["after_first_dose_h"].to_numpy(dtype=float)
    for row, each in enumerate(found, start=1):
        scale, unit = _clock(hours[each.rows])
        look = {"size": 5, "color": faint(_colour(each.endpoint), 0.6)}
        share = (np.arange(len(each.values)) + 0.5) / len(each.values)
        pairs = ((hours[each.rows] / scale, each.values), (ndtri(share), np.sort(each.values)))
        for column, (x, y) in enumerate(pairs, start=1):
            figure.add_trace(go.Scatter(x=x, y=y, mode="markers", marker=look, showlegend=False), row=row, col=column)
        ends = [-3, 3]
        line = go.Scatter(
            x=ends, y=ends, mode="lines", line={"color": CONTROL_COLOUR, "dash": "dash"}, showlegend=False
        )
        figure.add_trace(line, row=row, col=2)
        for level in (-1.645, 0.0, 1.645):
            figure.add_hline(y=level, line={"color": CONTROL_COLOUR, "width": 1, "dash": "dot"}, row=row, col=1)
        figure.update_xaxes(title_text=f"{unit} after the first dose", row=row, col=1)
        figure.update_xaxes(title_text="standard normal quantile", row=row, col=2)
        figure.update_yaxes(title_text="prediction error", row=row, col=1)
    return _finished(figure, title, len(found))


def trajectory_figure(observations: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw everybody's observations over time, by arm.

    observations  patient, arm, occasion, endpoint, after_first_dose_h, observed
    title         what the picture shows
    returns       Plotly figure, a panel for each endpoint
    """
    figure, endpoints = _panels(list(dict.fromkeys(observations["endpoint"])))
    colours = dict(zip(dict.fromkeys(observations["arm"]), list(STAGE_COLOUR.values())[::-1], strict=False))
    for row, endpoint in enumerate(endpoints, start=1):
        seen = observations[observations["endpoint"] == endpoint]
        scale, unit = _clock(seen["after_first_dose_h"])
        named: set[str] = set()
        for (patient, arm, _), own in seen.groupby(["patient", "arm", "occasion"], sort=False):
            colour = colours.get(arm, INK)
            line = go.Scatter(
                x=own["after_first_dose_h"] / scale, y=own["observed"], mode="lines+markers", name=arm or "people",
                line={"color": faint(colour, 0.35), "width": 1}, marker={"size": 3.5, "color": faint(colour, 0.6)},
                legendgroup=arm, showlegend=row == 1 and len(colours) > 1 and arm not in named,
                hovertemplate=f"patient {patient}: %{{y:.4g}}<extra></extra>",
            )  # fmt: skip
            named.add(str(arm))
            figure.add_trace(line, row=row, col=1)
        _axes(figure, row, f"{unit} after the first dose", endpoint)
    return _finished(figure, title, len(endpoints))


def _panels(endpoints: list[str]) -> tuple[go.Figure, list[str]]:
    """A column of panels, ratings first."""
    ordered = sorted(endpoints, key=_is_level)
    figure = make_subplots(rows=len(ordered), cols=1, vertical_spacing=min(0.24 / max(len(ordered), 1), 0.16))
    return figure, ordered


def _band(hours: pd.Series, part: pd.DataFrame, look: dict[str, Any], name: str, *, shown: bool) -> go.Scatter:
    """An area between the columns `lower` and `upper`; where either is unknown, as below a limit, there is none."""
    known = part["lower"].notna() & part["upper"].notna()
    hours, part = hours[known], part[known]
    x = [*hours, *hours[::-1]]
    y = [*part["upper"], *part["lower"][::-1]]
    return go.Scatter(x=x, y=y, fill="toself", mode="lines", name=name, showlegend=shown, hoverinfo="skip", **look)


def _axes(figure: go.Figure, row: int, below: str, endpoint: str) -> None:
    """Titles of a panel; levels on a logarithmic axis."""
    figure.update_xaxes(title_text=below, row=row, col=1)
    kind = {"type": "log", "dtick": "D2"} if _is_level(endpoint) else {"rangemode": "tozero"}
    figure.update_yaxes(title_text=_named(endpoint), row=row, col=1, **kind)


def _finished(figure: go.Figure, title: str, rows: int) -> go.Figure:
    """A figure with the look of all."""
    figure.update_layout(
        template=plain_template(),
        title={"text": title, "x": 0.02, "xref": "container", "y": 1 - 18 / (PANEL_PX * rows + 110), "yanchor": "top"},
        height=PANEL_PX * rows + 110,
        width=900,
        margin={"l": 75, "r": 25, "t": 95, "b": 60},
        legend={"orientation": "h", "x": 0, "y": 1 + 14 / (PANEL_PX * rows), "yanchor": "bottom"},
    )
    return figure


def _clock(hours: Any) -> tuple[float, str]:
    """Hours of one unit of the axis, and its name."""
    return (24.0, "days") if float(np.asarray(hours, dtype=float).max(initial=0.0)) > LONG_H else (1.0, "hours")


def _is_level(endpoint: str) -> bool:
    return endpoint.endswith(("_venous", "_arterial", "_plasma"))


def _colour(endpoint: str) -> str:
    return LEVEL_COLOUR if _is_level(endpoint) else SCORE_COLOUR


def _named(endpoint: str) -> str:
    """An endpoint as an axis names it."""
    drug, _, where = endpoint.rpartition("_")
    return f"{drug.replace('_', '-')}, {where} plasma, ng/mL" if _is_level(endpoint) else endpoint.replace("_", " ")


def expectation_figure(trajectory: pd.DataFrame, observed: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw what a person's posterior expects over time, beside what was observed.

    trajectory    rows of `expected_trajectory` of one person
    observed  occasion, endpoint, time_h, value, below of the same person
    title     what the picture shows
    returns   Plotly figure, a panel for each endpoint: the median, its 90 % band, and the wider one in which an observation would lie
    """
    figure, endpoints = _panels(list(dict.fromkeys(trajectory["endpoint"])))
    for row, endpoint in enumerate(endpoints, start=1):
        own, seen = trajectory[trajectory["endpoint"] == endpoint], observed[observed["endpoint"] == endpoint]
        first = float(own["time_h"].min())
        scale, unit = _clock(own["time_h"] - first)
        colour = _colour(endpoint)
        for place, (_, part) in enumerate(own.groupby("occasion", sort=False)):
            hours, shown = (part["time_h"] - first) / scale, row == 1 and place == 0
            outer = part[["seen_lower", "seen_upper"]].set_axis(["lower", "upper"], axis=1)
            for name, bounds, weight in (("an observation, 90 %", outer, 0.1), ("expected, 90 %", part, 0.25)):
                look = {"fillcolor": faint(colour, weight), "line": {"width": 0}}
                figure.add_trace(_band(hours, bounds, look, name, shown=shown), row=row, col=1)
            line = {"color": colour, "width": 2}
            figure.add_trace(
                go.Scatter(x=hours, y=part["median"], mode="lines", line=line, name="expected, median", showlegend=shown),
                row=row, col=1,
            )  # fmt: skip
        for below, symbol, name in ((False, "circle", "observed"), (True, "circle-open", "below the limit")):
            dots = seen[seen["below"] == below]
            if len(dots):
                figure.add_trace(
                    go.Scatter(x=(dots["time_h"] - first) / scale, y=dots["value"], mode="markers", name=name, showlegend=row == 1,
                               marker={"color": INK, "size": 7, "symbol": symbol}),
                    row=row, col=1,
                )  # fmt: skip
        _axes(figure, row, f"{unit} after the first record", endpoint)
        above = own["lower"][own["lower"] > 0]
        if _is_level(endpoint) and len(seen) and len(above):  # a level before the dose is nothing
            low, high = (
                min(float(seen["value"].min()), float(own["seen_upper"].iloc[-1])) / 2,
                float(own["seen_upper"].max()) * 1.3,
            )
            figure.update_yaxes(range=[float(np.log10(low)), float(np.log10(high))], row=row, col=1)
    return _finished(figure, title, len(endpoints))


def forecast_figure(seen: pd.DataFrame, to_come: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw a person's ratings so far, and those to come under each plan with 90 % bands.

    seen      time_h and value of the ratings so far
    to_come   plan, endpoint, time_h, median, lower, upper
    title     what the picture shows
    returns   Plotly figure; times in days of the table's own clock
    """
    figure, _ = _panels([str(to_come["endpoint"].iloc[0])])
    colours = list(STAGE_COLOUR.values())[::-1]
    last = seen[["time_h", "value"]].tail(1).to_numpy(dtype=float)
    for number, (plan, own) in enumerate(to_come.groupby("plan", sort=False)):
        colour = colours[number % len(colours)]
        days, middle = (own["time_h"] / 24).tolist(), own["median"].tolist()
        x, y = ([last[0][0] / 24, *days], [last[0][1], *middle]) if len(last) else (days, middle)
        area = {"fillcolor": faint(colour, 0.1), "line": {"width": 0}}
        figure.add_trace(_band(own["time_h"] / 24, own, area, str(plan), shown=False), row=1, col=1)
        line = {"color": colour, "width": 2}
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines+markers", line=line, name=str(plan)), row=1, col=1)
    figure.add_trace(
        go.Scatter(x=seen["time_h"] / 24, y=seen["value"], mode="lines+markers", marker={"color": INK, "size": 7}, name="observed",
                   line={"color": INK, "width": 1}),
        row=1, col=1,
    )  # fmt: skip
    _axes(figure, 1, "days", str(to_come["endpoint"].iloc[0]))
    return _finished(figure, title, 1).update_layout(height=470)
