"""The six panels of one patient: a trajectory in, every line in the unit of its axis out."""

from __future__ import annotations

from collections.abc import Sequence
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
MICROMOLAR = "uM"
AXES = {
    "dose": "concentration, ng/mL",
    "receptor": "NMDA receptors blocked, %",
    "circuit": "times baseline",
    "signal": "times baseline",
    "spine": "density relative to health",
    "score": "points",
}
RELATIVE = ("circuit", "signal")  # panels of outputs of different units, each over its own baseline
LOGARITHMIC = {
    "dose": 0.1,
    "receptor": 0.01,
    "circuit": 0.0,
    "signal": 0.0,
}  # lowest value of a logarithmic axis; 0 for any
LEAST_SPAN = {"dose": (0, 200), "receptor": (0, 20), "circuit": (0.5, 1.5), "signal": (0.5, 2), "spine": (0.6, 1.2)}
LEAST_SPAN |= {"score": (0, 25)}


@dataclass(frozen=True)
class Scaled:
    """One line of a panel.

    value    [time]  in the unit of the axis
    factor           true value = value * factor, in `unit`
    size             how large the line is, in words, in its own unit
    """

    name: str
    label: str
    value: Numbers
    factor: float
    unit: str
    size: str


def panel_data(trajectory: Trajectory, pinned: Trajectory | None, model: Model) -> list[dict[str, Any]]:
    """What the page draws: a panel a stage, in their order.

    pinned   another trajectory to draw behind in grey; None for none
    """
    found = []
    for panel in PANELS:
        lines = scaled_lines(panel, trajectory, model)
        reference_lines = scaled_lines(panel, pinned, model) if pinned else []
        found.append(
            {
                "stage": panel.stage,
                "colour": STAGE_COLOUR[panel.stage],
                "axis": AXES[panel.stage],
                "range": panel_range(panel, [line.value for line in (*lines, *reference_lines)]),
                "logarithmic": LOGARITHMIC.get(panel.stage),
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


def scaled_lines(panel: Panel, trajectory: Trajectory, model: Model) -> list[Scaled]:
    """Every line of a panel in the unit of its axis."""
    chain = with_drugs(model, trajectory.drugs)
    return [
        scaled(panel.stage, name, label, trajectory.value[name], chain)
        for name, label in lines_of(panel, trajectory).items()
    ]


def scaled(stage: str, name: str, label: str, value: Numbers, model: Model) -> Scaled:
    """One output in the unit of its axis, with its size in its own unit."""
    spoken = format_unit(model.unit(name)).replace("uM", "µM")
    shown, start = axis_values(stage, name, value, model), float(value[0])
    farthest = float(value[int(np.abs(value - start).argmax())])
    size = f"{say(start)} to {say(farthest)} {spoken}"
    if stage == "receptor":
        return Scaled(name, label, shown, 1.0, "%", f"peak {shown.max():.0f}%")
    if stage == "dose":
        size = f"peak {say(value.max())} {spoken}" if value.max() > 0 else "none"
    if stage == "circuit":
        size = f"baseline {say(start)} {spoken}"
    place = int(shown.argmax())
    factor = float(value[place] / shown[place]) if shown[place] else 1.0
    return Scaled(name, label, shown, factor, spoken, size.strip())


def axis_values(stage: str, name: str, value: Numbers, model: Model) -> Numbers:
    """An output in the unit of the axis of its panel.

    value     [..., time], in the unit of the output
    returns   the same axes: ng/mL, %, times the value before the first dose, or as it is
    """
    if stage == "receptor":
        return 100 * value
    if stage in RELATIVE:
        start = value[..., :1]
        return np.asarray(value / np.where(start == 0, 1.0, start))
    if stage == "dose" and model.unit(name) == MICROMOLAR:
        return value * model.nominal[f"{name.rpartition('_')[0]}_molar_mass"]
    return value


def say(value: float) -> str:
    """A number with two or three digits; nothing to speak of is 0."""
    return "0" if abs(value) < 0.005 else f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"


def panel_range(panel: Panel, shown: Sequence[Numbers]) -> list[float]:
    """Room for every line or band; at least a usual span, so that a small effect looks small."""
    values = [each[np.isfinite(each)] for each in shown]
    lowest, highest = LEAST_SPAN[panel.stage]
    lowest = min([lowest, *(float(each.min()) for each in values if each.size)])
    highest = max([highest, *(float(each.max()) for each in values if each.size)])
    return nice_range(lowest, highest)
