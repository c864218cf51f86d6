"""The six panels of one patient: a trajectory in, the numbers of every line, scaled as its panel asks, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.app.serve.path_simulation import Trajectory
from resprout.app.serve.plot_data import nice_range, packed
from resprout.dosing.dose_records import named_ketamine
from resprout.figures.palette import DASHES, STAGE_COLOUR
from resprout.figures.spoken_units import format_unit
from resprout.figures.stage_panels import PANELS, Panel
from resprout.language.drug_instances import with_drugs
from resprout.language.records import Model

Numbers = NDArray[np.float64]
STILL = 1e-3  # a change below this share of the baseline is none
AXES = {
    "peak": "% of the peak after {}",
    "share": "NMDA receptors blocked, %",
    "start": "times baseline",
    "change": "change, % of the largest after {}",
}
LEAST_SPAN = {"dose": (0, 100), "receptor": (0, 20), "circuit": (0.5, 1.5), "signal": (-20, 100), "spine": (0.6, 1.2)}
LEAST_SPAN |= {"score": (0, 25)}


@dataclass(frozen=True)
class Scaled:
    """One line of a panel.

    value           [time]  on the scale of the panel
    factor, offset          true value = value * factor + offset, in `unit`
    size                    how large the line really is, in words
    """

    name: str
    label: str
    value: Numbers
    factor: float
    offset: float
    unit: str
    size: str


def panel_data(
    trajectory: Trajectory, pinned: Trajectory | None, reference: Trajectory, model: Model
) -> list[dict[str, Any]]:
    """What the page draws: a panel a stage, in their order.

    pinned      another trajectory to draw behind in grey; None for none
    reference   the trajectory that heights refer to, so that a larger dose draws a higher curve
    """
    spoken = "the pinned curves" if pinned else "ketamine 0.5 mg/kg"
    found = []
    for panel in PANELS:
        lines = scaled_lines(panel, trajectory, reference, model)
        reference_lines = scaled_lines(panel, pinned, reference, model) if pinned else []
        found.append(
            {
                "stage": panel.stage,
                "colour": STAGE_COLOUR[panel.stage],
                "axis": AXES.get(panel.way, panel.axis).format(spoken),
                "range": panel_range(panel, [*lines, *reference_lines]),
                "lines": [line_data(line, place) for place, line in enumerate(lines)],
                "reference_lines": [line_data(line, place) for place, line in enumerate(reference_lines)],
            }
        )
    return found


def line_data(line: Scaled, place: int) -> dict[str, Any]:
    """One line as plain data; lines of one panel differ by their dashes."""
    return {
        "label": line.label,
        "size": line.size,
        "unit": line.unit,
        "dash": DASHES[place % len(DASHES)],
        "factor": line.factor,
        "offset": line.offset,
        "y": packed(line.value)["bdata"],
    }


def lines_of(panel: Panel, trajectory: Trajectory) -> dict[str, str]:
    """The lines of a panel that this trajectory has: output -> label; another drug's plasma where one is given."""
    named = {name: named_ketamine(label, trajectory.ketamine) for name, label in panel.lines.items()}
    lines = {name: label for name, label in named.items() if name in trajectory.value}
    if panel.stage == "dose":
        given = trajectory.drug_levels
        lines |= given
    return lines


def scaled_lines(panel: Panel, trajectory: Trajectory, reference: Trajectory, model: Model) -> list[Scaled]:
    """Every line of a panel on the scale of the reference trajectory."""
    chain = with_drugs(model, trajectory.drugs)
    return [
        scaled(panel.way, name, label, trajectory.value[name], reference.value.get(name), chain.unit(name))
        for name, label in lines_of(panel, trajectory).items()
    ]


def scaled(way: str, name: str, label: str, value: Numbers, reference: Numbers | None, unit: str) -> Scaled:
    """One output on the scale of its panel; `way` as in `Panel`."""
    spoken = format_unit(unit).replace("uM", "µM")
    factor, offset, start = 1.0, 0.0, float(value[0])
    farthest = float(value[int(np.abs(value - start).argmax())])
    size = f"{say(start)} to {say(farthest)} {spoken}"
    if way == "share":
        value, spoken, size = 100 * value, "%", f"peak {100 * value.max():.0f}%"
    elif way == "start":
        factor, size = start or 1.0, f"baseline {say(start)} {spoken}"
    elif way == "peak":
        peak = value.max() if reference is None or reference.max() <= 0 else reference.max()
        factor = float(peak) / 100 if peak > 0 else 1.0
        size = f"peak {say(value.max())} {spoken}" if value.max() > 0 else "none"
    elif way == "change":
        floor = STILL * max(abs(start), STILL)
        other = 0.0 if reference is None else float(np.abs(reference - reference[0]).max())
        own = abs(farthest - start)
        offset, factor = start, (other if other > floor else own) / 100 or 1.0
        size = "unchanged" if own <= floor else size
    return Scaled(name, label, (value - offset) / factor, factor, offset, spoken, size.strip())


def say(value: float) -> str:
    """A number with two or three digits; nothing to speak of is 0."""
    return "0" if abs(value) < 0.005 else f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"


def panel_range(panel: Panel, lines: list[Scaled]) -> list[float]:
    """Room for every line; at least a usual span, so that a small effect looks small."""
    values = [line.value[np.isfinite(line.value)] for line in lines]
    lowest, highest = LEAST_SPAN[panel.stage]
    lowest = min([lowest, *(float(value.min()) for value in values if value.size)])
    highest = max([highest, *(float(value.max()) for value in values if value.size)])
    return nice_range(lowest, highest)
