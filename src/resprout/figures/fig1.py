"""The analogue of Fig 1 of Krystal, Sanacora & Duman (2013): depression, euphoria and psychosis on one visit axis."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR, plain_template, whiskers
from resprout.figures.published_points import published_points, published_trace, published_words
from resprout.figures.spoken_units import format_time
from resprout.trial.design import Protocol
from resprout.trial.endpoints import ENOUGH_REPLICATES

ROWS = {
    "HDRS25": "HDRS-25<br>points",
    "VAS_high": "VAS “high”<br>0 to 100",
    "BPRS_positive": "BPRS positive<br>points",
}
DODGE = 0.07  # of the space between visits, so that bars of two arms do not cover each other
CONTROLS = ("saline", "placebo", "control")


def figure1(
    table: pd.DataFrame, *, replicates: int = 1, title: str = "", constants: str = "", protocol: Protocol | None = None
) -> go.Figure:
    """Draw three panels, drug against control, mean with 95 % interval at each visit.

    table       long table of a trial; rows with statistic `mean` of HDRS25, VAS_high and BPRS_positive are used
    replicates  trials behind it, which decide the kind of interval
    title       the finding; by default read from the table
    constants   which constants it stands on, in words
    protocol    whose published numbers are drawn beside; None for none
    returns     figure whose visits stand evenly spaced, as minutes, hours and days do not share one scale
    """
    means = table[table["statistic"].eq("mean") & table["endpoint"].isin(ROWS)]
    visits = sorted(float(hour) for hour in means["time_h"].unique())
    endpoints = [name for name in ROWS if name in set(means["endpoint"])]
    figure = make_subplots(rows=len(endpoints), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    arms = sorted(means["arm"].unique(), key=is_control)
    points, top = ([], 88) if protocol is None else (published_points(protocol, table), 106)
    for row, endpoint in enumerate(endpoints, start=1):
        for place, arm in enumerate(arms):
            rows = means[means["endpoint"].eq(endpoint) & means["arm"].eq(arm)].sort_values("time_h")
            dodge = DODGE * (place - (len(arms) - 1) / 2)
            draw_arm(figure, rows, str(arm), row, [visits.index(hour) + dodge for hour in rows["time_h"]])
            own = [point for point in points if (point.arm, point.endpoint) == (arm, endpoint)]
            if own:
                figure.add_trace(published_trace(own, visits, beside=3 * dodge), row=row, col=1)
        figure.update_yaxes(title_text=ROWS[endpoint], row=row, col=1)
    heading = title or finding(means)
    beside = f";<br>{published_words(protocol, points)}" if protocol is not None else ""
    figure.update_layout(
        template=plain_template(),
        title={
            "text": f"{heading}<br><span style='font-size:13px'>{who(means, replicates, constants)}{beside}</span>",
            "y": 0.975,
        },
        height=230 * len(endpoints) + top + 42,
        margin={"l": 75, "r": 110, "t": top, "b": 50},
        showlegend=False,
    )
    label_visits(figure, visits)
    return figure


def is_control(arm: str) -> bool:
    """Whether an arm is a control, by its name."""
    return any(word in str(arm).lower() for word in CONTROLS)


def draw_arm(figure: go.Figure, rows: pd.DataFrame, arm: str, row: int, places: list[float]) -> None:
    """Draw the mean of an arm with its interval and write its name at the end of the line."""
    colour = CONTROL_COLOUR if is_control(arm) else STAGE_COLOUR["score"]
    figure.add_trace(
        go.Scatter(
            x=places,
            y=rows["value"],
            error_y=whiskers(rows["upper"] - rows["value"], rows["value"] - rows["lower"], colour),
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": "dot" if is_control(arm) else "solid"},
            marker={"size": 6, "symbol": "circle-open" if is_control(arm) else "circle"},
            name=arm,
            customdata=rows[["lower", "upper", "n"]],
            text=[format_time(float(hour)) for hour in rows["time_h"]],
            hovertemplate="%{text}: %{y:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f}), n=%{customdata[2]}<extra>"
            + arm
            + "</extra>",
        ),
        row=row,
        col=1,
    )
    if len(rows):
        last = rows.iloc[-1]
        figure.add_annotation(
            x=places[-1],
            y=last["value"],
            text=f"<span style='color:{colour}'><b>{arm}</b></span>",
            xanchor="left",
            yanchor="bottom" if is_control(arm) else "top",
            xshift=12,
            showarrow=False,
            row=row,
            col=1,
        )


def label_visits(figure: go.Figure, visits: list[float]) -> None:
    """Space the visits evenly, in order, and mark where minutes turn into days."""
    names = [format_time(hour) for hour in visits]
    places = list(range(len(visits)))
    figure.update_xaxes(tickmode="array", tickvals=places, ticktext=names, range=[-0.3, len(names) - 0.7])
    late = [place for place, hour in enumerate(visits) if hour >= 12]
    if late and late[0] > 0:
        figure.add_vline(x=late[0] - 0.5, line={"color": CONTROL_COLOUR, "width": 1, "dash": "dot"}, opacity=0.6)
    figure.update_xaxes(title_text="time after the infusion began (visits evenly spaced)", row=len(ROWS), col=1)


def who(means: pd.DataFrame, replicates: int, constants: str = "") -> str:
    """Say what the points and bars are, and how many people stand behind them."""
    counts = sorted({int(n) for n in means["n"].dropna()})
    n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    at = f", {constants}" if constants else ""
    if replicates >= ENOUGH_REPLICATES:
        return f"mean of {replicates:,} trials with n = {n} each{at}; bars hold the 95 % prediction interval"
    return f"mean with 95 % interval, n = {n}{at}"


def finding(means: pd.DataFrame) -> str:
    """Say when the drug's euphoria has faded and when depression is lowest, read from the means."""
    drug = means[~means["arm"].map(is_control)]
    said = [sentence for sentence in (faded(drug, "VAS_high", "“High”"), lowest(drug, "HDRS25", "HDRS-25")) if sentence]
    return "; ".join(said) or "Drug against control"


def means_by_hour(drug: pd.DataFrame, endpoint: str) -> dict[float, float]:
    """Means of an endpoint by hour, in order of time."""
    rows = drug[drug["endpoint"].eq(endpoint)].sort_values("time_h")
    return {float(hour): float(mean) for hour, mean in zip(rows["time_h"], rows["value"], strict=True)}


def faded(drug: pd.DataFrame, endpoint: str, word: str, share: float = 0.2) -> str:
    """When a mean that rose has fallen below `share` of its rise again; empty if it never rose."""
    means = means_by_hour(drug, endpoint)
    start = next(iter(means.values()), 0.0)
    peak_h = max(means, key=lambda hour: means[hour], default=0.0)
    rise = means.get(peak_h, start) - start
    if rise <= 0:
        return ""
    gone = [hour for hour, mean in means.items() if hour > peak_h and mean - start < share * rise]
    if not gone:
        return f"{word} peaks at {format_time(peak_h)}"
    return f"{word} is below {share:.0%} of its peak by {format_time(gone[0])}"


def lowest(drug: pd.DataFrame, endpoint: str, word: str) -> str:
    """When a mean is lowest; empty if it does not fall."""
    means = means_by_hour(drug, endpoint)
    if not means or min(means.values()) >= next(iter(means.values())):
        return ""
    return f"{word} is lowest at {format_time(min(means, key=lambda hour: means[hour]))}"
