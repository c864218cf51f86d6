"""Figures 2 to 4 and the design surface: what they show, read from the pictures."""

import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from plotly.subplots import make_subplots

from resprout.figures import figure
from resprout.figures.arm_figure import arms_over_time
from resprout.figures.design_surface import design_surface
from resprout.figures.fig2 import CHOSEN
from resprout.figures.fig3 import LINKS, figure3
from resprout.figures.fig4 import (
    ANIMALS,
    PUBLISHED_SIZES,
    GenotypeTrial,
    _draw_ratings,
    finding,
    spines_by_genotype,
    who,
)
from resprout.figures.forest_plot import Diamond, Line, forest
from resprout.figures.print_figure import LOOK, printed_figure
from resprout.figures.printed_axes import overlapping_text
from resprout.language import load_model
from resprout.people import recruit
from resprout.trial.protocol import read_protocol

MODEL = load_model()


def people_on_ketamine(name):
    protocol, regimens = read_protocol(name, MODEL)
    drug = [arm for arm in protocol.arms if any(dose.drug == "ketamine" for dose in regimens[arm.name].doses)]
    return protocol.people if protocol.design == "crossover" else sum(arm.size for arm in drug)


def test_figure_2_pools_five_unipolar_and_two_bipolar_trials_of_130_people():
    # legend of the figure: seven studies, five unipolar and two bipolar, 130 patients
    diagnoses = [read_protocol(name, MODEL)[0].diagnosis for name in CHOSEN]
    assert (diagnoses.count("mdd"), diagnoses.count("bipolar")) == (5, 2)
    assert sum(people_on_ketamine(name) for name in CHOSEN) == 130


LINES = [
    Line("One 2001", "unipolar", 0.6, 0.3, 0.9, 10),
    Line("Two 2002", "unipolar", 0.5, 0.4, 0.6, 40, observed=0.55),
    Line("Three 2003", "bipolar", 0.7, 0.5, 0.8, 20),
]
POOLED = Diamond("pooled", 0.58, 0.5, 0.66, 0.4, 0.75)


@pytest.fixture(scope="module")
def drawn():
    return forest(LINES, POOLED, title="t", subtitle="s", axis="share")


def test_a_forest_has_a_square_a_trial_a_diamond_and_marks_only_what_was_published(drawn):
    squares = [trace for trace in drawn.data if trace.marker.symbol == "square"]
    assert [trace.x[0] for trace in squares] == [0.6, 0.5, 0.7]
    assert squares[1].marker.size > squares[0].marker.size
    published = [trace for trace in drawn.data if trace.name == "published"]
    assert [trace.x[0] for trace in published] == [0.55]
    diamond = next(trace for trace in drawn.data if trace.fill == "toself")
    assert (min(diamond.x), max(diamond.x)) == (0.5, 0.66)


def test_a_forest_reads_from_top_to_bottom_in_groups(drawn):
    places = dict(zip(drawn.layout.yaxis.ticktext, drawn.layout.yaxis.tickvals, strict=True))
    assert places["One 2001"] > places["Two 2002"] > places["Three 2003"] > places["<b>pooled</b>"]
    assert "<b>bipolar</b>" in [note.text for note in drawn.layout.annotations]


def test_figure_4_says_how_often_the_genotyped_trial_finds_the_interaction():
    rating = {
        name: np.tile([25.0, 20.0 if name == "Val/Val" else 23.0], (4, size, 1))
        for name, size in PUBLISHED_SIZES.items()
    }
    trial = GenotypeTrial(rating, (0.0, 4.0), np.array([1.0, 6.0, 2.0, 9.0]), np.array([0.4, 0.0005, 0.2, 0.01]), 4)
    assert "falls less" in finding(trial) and "50%" in finding(trial)
    assert "41 Val/Val, 19 Val/Met, 2 Met/Met" in who(trial, "at 40 posterior draws")
    assert "Mice differ in constants of circuit, signalling and spines as people do (assumed)" in who(trial, "")
    assert "p ≤ .0007 in 25%" in who(trial, "") and "at 40 posterior draws.<br>" in who(trial, "at 40 posterior draws")


def surface_rows():
    values = {"lower": -8.0, "upper": -1.0, "response": 0.5, "response_control": 0.2, "analysis": "mmrm"}
    values |= {"endpoint": "MADRS", "time_h": 168.0, "replicates": 50}
    return [
        {"n": n, "dose": dose, "power": n * dose / 100, "difference": -4 * dose, "dissociation": 20 * dose, **values}
        for n in (20, 40, 100)
        for dose in (0.5, 1.0)
    ]


def test_a_surface_shows_power_benefit_and_dissociation():
    drawn = design_surface(surface_rows(), ["n", "dose"])
    assert [note.text for note in drawn.layout.annotations][:3] == ["power", "benefit", "dissociation"]
    power = next(trace for trace in drawn.data if trace.type == "heatmap")
    assert power.text[1][2] == "100%" and power.text[0][0] == "10%"


def test_its_title_names_the_smallest_design_with_the_usual_power():
    assert design_surface(surface_rows(), ["n", "dose"]).layout.title.text.startswith(
        "80% power is reached from n = 100"
    )
    few = [row | {"power": 0.1} for row in surface_rows()]
    enough = [row for row in surface_rows() if row["n"] == 100]
    assert "smallest design tried (dose = 0.5) has 50%" not in design_surface(enough, ["dose"]).layout.title.text
    only = [row for row in surface_rows() if row["n"] == 100 and row["dose"] == 1.0]
    assert design_surface(only, ["n"]).layout.title.text.startswith(
        "The smallest design tried (n = 100) has 100% power"
    )
    assert "No design tried reaches 80% power" in design_surface(few, ["n", "dose"]).layout.title.text


def test_one_axis_gives_curves():
    rows = [row for row in surface_rows() if row["dose"] == 1.0]
    drawn = design_surface(rows, ["n", "dose"])
    assert all(trace.type == "scatter" for trace in drawn.data)


def test_every_arm_is_drawn_in_every_panel_and_the_control_is_dotted():
    rows = [
        (arm, endpoint, hour, "mean", 20.0, 18.0, 22.0, 10)
        for arm in ("low", "high", "none")
        for endpoint in ("MADRS", "CADSS")
        for hour in (0.0, 24.0)
    ]
    table = pd.DataFrame(rows, columns=["arm", "endpoint", "time_h", "statistic", "value", "lower", "upper", "n"])
    drawn = arms_over_time(table, control="none", replicates=50, title="t")
    assert len(drawn.data) == 6
    assert {trace.line.dash for trace in drawn.data if trace.name == "none"} == {"dot"}
    assert len({trace.line.color for trace in drawn.data}) == 3


@pytest.fixture(scope="module")
def synapse():
    return figure3(patients=40, point=True)


def test_each_part_of_the_synapse_bears_its_ratio_to_health(synapse):
    people, well = (recruit(40, seed=1, population=group, model=MODEL) for group in ("mdd", "healthy"))
    ratio = people.constants["glial_uptake"].mean() / well.constants["glial_uptake"].mean()
    texts = [text for trace in synapse.data if trace.mode == "text" for text in trace.text]
    shown = [text for text in texts if text.startswith("glial<br>glutamate uptake")]
    assert len(shown) == 2
    assert float(shown[0].split("<br>")[2].split()[0]) == pytest.approx(ratio, abs=0.006)  # of two digits
    assert shown[1].endswith("at 1 h")
    assert sum("(" in text for text in texts) == 2 * len(LINKS)


def test_a_part_with_less_than_health_is_blue_and_one_with_more_is_red(synapse):
    def red_and_blue(words):
        part = next(trace for trace in synapse.data if trace.text and str(trace.text).startswith(words))
        red, _, blue = (int(number) for number in re.findall(r"\d+", part.fillcolor))
        return red, blue

    red, blue = red_and_blue("spine density")
    assert blue > red
    red, blue = red_and_blue("ambient glutamate")
    assert red > blue


@pytest.mark.parametrize("size", ["single", "double"])
def test_no_label_of_the_synapse_covers_another_in_print(synapse, size):
    with mpl.rc_context(LOOK):
        assert overlapping_text(printed_figure(synapse, size)) == []


def test_figure_4_shows_each_patient_of_the_first_trial():
    rating = {name: np.arange(4 * size * 2, dtype=float).reshape(4, size, 2) for name, size in PUBLISHED_SIZES.items()}
    drawn = make_subplots(rows=1, cols=2)
    _draw_ratings(drawn, GenotypeTrial(rating, (0.0, 4.0), np.ones(4), np.ones(4), 4))
    patients = [trace for trace in drawn.data if trace.mode == "markers"]
    assert sum(len(trace.y) for trace in patients) == 2 * 62  # 62 patients at two visits
    assert list(patients[0].y[:3]) == [0.0, 2.0, 4.0]  # Val/Val of the first trial at the first visit


def test_a_figure_tells_how_many_people_have_been_followed():
    told = []
    figure(4, replicates=1, point=True, progress=told.append)
    assert told and told == sorted(told)


def test_virtual_mice_show_both_facts_of_the_Met_allele():
    spines = spines_by_genotype(1, load_model(), point=True)
    before, gain = (
        {name: each[0] for name, each in spines.items()},
        {name: each[1] - each[0] for name, each in spines.items()},
    )
    # Liu 2012: fewer spines in Met carriers before ketamine, and a blunted growth after it, in every animal
    assert all(len(each) == ANIMALS and np.isfinite(each).all() for each in (*before.values(), *gain.values()))
    assert (before["Met/Met"] < before["Val/Met"]).all() and (before["Val/Met"] < before["Val/Val"]).all()
    assert np.median(gain["Met/Met"]) < 0.5 * np.median(gain["Val/Val"]) and np.std(gain["Val/Val"]) > 0.01
