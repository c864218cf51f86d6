"""The drugs tab: regimens of the form in, one row each with what it does at every stage out, in the patient of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from resprout.app.serve.form_fields import DRUG_LINES
from resprout.app.serve.form_state import Faults, State, say
from resprout.app.serve.path_simulation import (
    Trajectory,
    blocks_of,
    hypothesis_of,
    pairs,
    patient_trajectory,
    person_of,
)
from resprout.app.serve.plot_data import BALANCE_HEIGHT, Picture, axis, look, nice_range, value_axis, words
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError, ResproutError
from resprout.figures.palette import STAGE_COLOUR
from resprout.language.drug_instances import library_drugs
from resprout.language.records import Model

LEAST_SPAN = {
    "HDRS-17 at 1 d": 5.0,
    "HDRS-17 at 7 d": 5.0,
    "dissociation": 10.0,
    "systolic pressure": 10.0,
}


@dataclass(frozen=True)
class Readout:
    """One column: what it is called, its stage and unit, and how it is read from a trajectory."""

    label: str
    stage: str
    unit: str
    read: Callable[[Trajectory], float]


def peak(name: str, scale: float = 1.0) -> Callable[[Trajectory], float]:
    """The highest value of an output."""
    return lambda trajectory: float(trajectory.value[name].max() * scale)


def rise(name: str, scale: float = 1.0) -> Callable[[Trajectory], float]:
    """How far an output rises above its start."""
    return lambda trajectory: float((trajectory.value[name].max() - trajectory.value[name][0]) * scale)


def gain(name: str) -> Callable[[Trajectory], float]:
    """The highest rise of an output, % of its start."""
    return lambda trajectory: float(100 * (trajectory.value[name].max() / (trajectory.value[name][0] or 1.0) - 1))


def moved(name: str, hour: float, scale: float = 1.0) -> Callable[[Trajectory], float]:
    """Change of an output at an hour."""
    return lambda trajectory: float(
        (np.interp(hour, trajectory.time_h, trajectory.value[name]) - trajectory.value[name][0]) * scale
    )


READOUTS = (
    Readout("PV block", "receptor", "%", peak("PV_NMDA_block", 100)),
    Readout("extrasynaptic block", "receptor", "%", peak("pyramidal_extrasynaptic_NMDA_block", 100)),
    Readout("pyramidal firing", "circuit", "% more", gain("pyramidal_rate")),
    Readout("p-mTOR", "signal", "% active", rise("p_mTOR", 100)),
    Readout("spines at 1 d", "spine", "% gained", moved("spine_density", 24, 100)),
    Readout("HDRS-17 at 1 d", "score", "points change", moved("HDRS17", 24)),
    Readout("HDRS-17 at 7 d", "score", "points change", moved("HDRS17", 168)),
    Readout("dissociation", "score", "CADSS", peak("CADSS")),
    Readout("systolic pressure", "score", "mmHg", rise("SBP")),
)
COLUMNS = tuple(f"{readout.label}, {readout.unit}" for readout in READOUTS)
LEAST_DAYS = 8.0  # of follow-up, so that a week can be read


@dataclass(frozen=True)
class Row:
    """One regimen and its readouts."""

    regimen: str
    value: tuple[float, ...]


def compare(state: State, model: Model) -> tuple[list[Row], Faults]:
    """Give every regimen of the form to the patient of the page; a message at each line that cannot be read."""
    rows, faults = [], {}
    blocks, changed = pairs(blocks_of(state, model)), hypothesis_of(state, model)
    for number in range(1, DRUG_LINES + 1):
        text = state.text[f"line{number}"]
        if not text:
            continue
        try:
            regimen = parse_regimen(text, library_drugs(model))
            if len(regimen.times_h) > 60 or regimen.times_h[-1] > 60 * 24:
                faults[f"line{number}"] = "Expected at most 60 doses within 60 days."
                continue
            trajectory = patient_trajectory(
                model, regimen, max(state.number["days"], LEAST_DAYS), blocks, person_of(state), changed
            )
        except InputError as error:
            faults[f"line{number}"] = say(error)
        except ResproutError as error:
            faults[f"line{number}"] = str(error)
        else:
            rows.append(Row(text, tuple(readout.read(trajectory) for readout in READOUTS)))
    return rows, faults


def spans(rows: list[Row]) -> list[float]:
    """The largest size of each readout, which fills its bar."""
    least = [LEAST_SPAN.get(readout.label, 5.0) for readout in READOUTS]
    return [max([floor, *(abs(row.value[place]) for row in rows)]) for place, floor in enumerate(least)]


def balance_picture(rows: list[Row]) -> tuple[Picture, str]:
    """Reduction of HDRS-17 at one day against peak dissociation, one point for each regimen, and a sentence on both."""
    labels = [readout.label for readout in READOUTS]
    benefit = [-row.value[labels.index("HDRS-17 at 1 d")] for row in rows]
    odd = [row.value[labels.index("dissociation")] for row in rows]
    picture = {"data": [balance_points(rows, benefit, odd)], "layout": balance_layout(benefit, odd)}
    return picture, balance_sentence(rows, benefit, odd)


def balance_points(rows: list[Row], benefit: list[float], odd: list[float]) -> dict[str, Any]:
    """The points, numbered in the order of the regimens."""
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": odd,
        "y": benefit,
        "text": [f"{place}" for place in range(1, len(rows) + 1)],
        "textposition": "top center",
        "customdata": [row.regimen for row in rows],
        "marker": {"size": 12, "color": STAGE_COLOUR["score"], "opacity": 0.9},
        "hovertemplate": "%{customdata}<br>%{y:.1f} points lower, CADSS %{x:.0f}<extra></extra>",
    }


def balance_layout(benefit: list[float], odd: list[float]) -> Picture:
    """Axes with room for the number above a point."""
    top = nice_range(0, 1.1 * max([5, *benefit]))[1]
    return look(
        BALANCE_HEIGHT,
        (52, 20, 20, 48),
        xaxis=axis(title=words("peak dissociation, CADSS"), range=[-1, nice_range(0, max([10, *odd]))[1]]),
        yaxis=value_axis(
            title=words("reduction of HDRS-17 at 1 d, points"),
            range=[min(-1.0, *benefit, 0.0) * 1.15, top],
            zeroline=True,
            zerolinecolor="#B5BCC6",
        ),
    )


def balance_sentence(rows: list[Row], benefit: list[float], odd: list[float]) -> str:
    """Which regimen lowers the score most, and which keeps half of that with less than half of the dissociation."""
    if not rows:
        return "No regimen is given."
    best = int(np.argmax(benefit))
    said = f"Number {best + 1}, {rows[best].regimen}, lowers HDRS-17 most at one day ({benefit[best]:.1f} points)"
    others = [
        place
        for place in range(len(rows))
        if odd[place] < 0.5 * max(odd[best], 1) and benefit[place] >= 0.5 * benefit[best] > 0.5
    ]
    if others:
        said += f"; number {others[0] + 1} keeps at least half of that with less than half of the dissociation"
    return f"{said}."
