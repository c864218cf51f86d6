"""The outline of a synapse on a glutamatergic spine: where its parts lie, where their labels stand, and the colour of a ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from plotly.colors import sample_colorscale

WIDTH, HEIGHT = 12.0, 13.0  # of a panel, in units of the drawing
FEWEST, MOST = 0.25, 4.0  # ratios at the ends of the colours
CENTRE = 6.0  # of the synapse
LABEL_WIDTH = 2.8  # at both edges
SCALE_TEXT = (0.0, 0.35)
LABELS = {
    # output: side, height, end of the line to the part
    "mGluR2_activation": ("left", 12.2, (4.62, 10.55)),
    "uptake": ("left", 10.2, (4.0, 8.9)),
    "ambient_glutamate": ("left", 8.2, (4.78, 8.0)),
    "extrasynaptic_signal": ("left", 6.2, (4.72, 5.55)),
    "BDNF_outside": ("left", 4.2, (5.33, 3.9)),
    "spine_density": ("left", 2.2, (5.72, 2.6)),
    "glutamate_release": ("right", 12.2, (6.6, 11.2)),
    "AMPA_throughput": ("right", 10.2, (6.3, 8.1)),
    "p_eEF2": ("right", 8.4, (6.75, 7.05)),
    "Akt": ("right", 6.8, (6.85, 6.2)),
    "p_mTOR": ("right", 5.2, (6.55, 5.35)),
    "synaptic_protein": ("right", 3.6, (6.08, 4.8)),
    "connectivity": ("right", 2.0, (7.2, 1.5)),
}


@dataclass(frozen=True)
class Part:
    """A closed outline, and the output that colours it; None for what has no number."""

    output: str | None
    x: list[float]
    y: list[float]


@dataclass(frozen=True)
class ScaleBox:
    """One colour of the scale with its ratio, and where the ratio is written."""

    part: Part
    ratio: float
    said: str
    x: float
    y: float


def ellipse(output: str | None, x: float, y: float, width: float, height: float) -> Part:
    """An ellipse by its centre and half axes."""
    turn = np.linspace(0, 2 * np.pi, 49)
    return Part(output, (x + width * np.cos(turn)).tolist(), (y + height * np.sin(turn)).tolist())


def box(output: str | None, left: float, right: float, bottom: float, top: float) -> Part:
    """A rectangle."""
    return Part(output, [left, right, right, left, left], [bottom, bottom, top, top, bottom])


def parts_of(spines: float) -> list[Part]:
    """Every part from back to front.

    spines   1   ratio of spine density to health, by which the head is wide
    """
    head = 1.5 * float(np.clip(spines, 0.5, 1.3)) ** 0.5
    return [
        box(None, 5.55, 6.45, 11.65, 12.7),  # axon
        ellipse("glutamate_release", CENTRE, 10.5, 1.55, 1.15),
        box("mGluR2_activation", 4.4, 4.85, 10.3, 10.8),
        ellipse("uptake", 3.75, 8.6, 0.42, 1.5),
        ellipse("ambient_glutamate", 4.8, 8.3, 0.4, 0.7),
        box("connectivity", 3.5, 8.5, 1.1, 1.9),  # dendrite
        box("spine_density", 5.65, 6.35, 1.9, 4.2),  # neck
        ellipse("spine_density", CENTRE, 6.0, head, 1.85),
        box("AMPA_throughput", 5.75, 6.25, 7.6, 8.35),
        box("extrasynaptic_signal", 4.3, 4.75, 5.1, 5.75),
        ellipse("BDNF_outside", 5.4, 3.7, 0.28, 0.34),
        ellipse("p_eEF2", 6.5, 7.0, 0.32, 0.34),
        ellipse("Akt", 6.6, 6.15, 0.32, 0.34),
        ellipse("p_mTOR", 6.3, 5.3, 0.32, 0.34),
        ellipse("synaptic_protein", 5.75, 4.85, 0.36, 0.3),
    ]


def ratio_colour(ratio: float) -> str:
    """The colour of a ratio to health: blue below, white at 1, red above; beyond a quarter and four it stays the same."""
    share = np.log(np.clip(ratio, FEWEST, MOST) / FEWEST) / np.log(MOST / FEWEST)
    return str(sample_colorscale("RdBu_r", [float(0.08 + 0.84 * share)])[0])


def scale_boxes() -> list[ScaleBox]:
    """The scale of colours below the drawing."""
    ratios = (("¼", 0.25), ("½", 0.5), ("1", 1.0), ("2", 2.0), ("4", 4.0))
    return [
        ScaleBox(box(None, left, left + 1.0, 0.06, 0.34), ratio, said, left + 0.5, 0.62)
        for place, (said, ratio) in enumerate(ratios)
        for left in [3.5 + place]
    ]
