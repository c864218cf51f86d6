"""Contrast of the page in light and dark, by the formula of WCAG 2.2 from the style sheet: text 4.5 to 1, lines 3 to 1."""

import re
from importlib import resources

import pytest

from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR

STYLES = (resources.files("resprout.app") / "serve" / "assets" / "page.css").read_text(encoding="utf-8")
BLOCKS = {"light": r":root \{(.*?)\}", "dark": r':root\[data-theme="dark"\] \{(.*?)\}'}
GROUNDS = ("page", "card", "well")


def colours(scheme):
    block = re.search(BLOCKS[scheme], STYLES, re.DOTALL)[1]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-fA-F]{6})", block))


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_published_examples():
    # WCAG: black on white is 21 to 1; #767676 on white is the lightest grey that passes 4.5 to 1
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") >= 4.5 > contrast("#777777", "#ffffff")


@pytest.mark.parametrize("scheme", BLOCKS)
@pytest.mark.parametrize("word", ["ink", "soft", "accent", "fault"])
def test_words_stand_out_from_every_ground(scheme, word):
    known = colours(scheme)
    assert {ground: contrast(known[word], known[ground]) >= 4.5 for ground in GROUNDS} == dict.fromkeys(GROUNDS, True)


@pytest.mark.parametrize("scheme", BLOCKS)
def test_words_stand_out_from_the_button_that_matters(scheme):
    known = colours(scheme)
    assert contrast(known["on-accent"], known["accent"]) >= 4.5


@pytest.mark.parametrize("scheme", BLOCKS)
@pytest.mark.parametrize("colour", [*STAGE_COLOUR.values(), CONTROL_COLOUR])
def test_lines_stand_out_from_the_cards(scheme, colour):
    assert contrast(colour, colours(scheme)["card"]) >= 3
