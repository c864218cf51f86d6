"""The colours of the stages: readable on white and on near-black, and apart for colour-blind readers."""

import itertools

import numpy as np
import pytest

from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR

DARK_PAGE = "#14171c"
# Machado, Oliveira & Fernandes 2009 (IEEE TVCG 15:1291-8), severity 1.0.
COLOUR_BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    code = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    dim, bright = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (bright + 0.05) / (dim + 0.05)


def cielab(light):
    ratio = TO_XYZ @ light / [0.9505, 1.0, 1.089]
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("colour", [*STAGE_COLOUR.values(), CONTROL_COLOUR])
@pytest.mark.parametrize("page", ["#ffffff", DARK_PAGE])
def test_every_colour_reads_on_a_light_and_on_a_dark_page(colour, page):
    # WCAG 2.1 asks 3:1 of graphics.
    assert contrast(colour, page) >= 3.0


@pytest.mark.parametrize("kind", COLOUR_BLINDNESS)
def test_no_two_stages_look_alike_to_the_colour_blind(kind):
    seen = [cielab(np.clip(COLOUR_BLINDNESS[kind] @ linear(colour), 0, 1)) for colour in STAGE_COLOUR.values()]
    # A CIELAB distance of 2.3 is just noticeable; lines need many times that.
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 15
