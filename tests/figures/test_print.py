"""Figures in print: width, resolution, fonts, title, and the same numbers as on screen, without texts that cover each other."""

import re

import made_up
import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from resprout.calibrate.drug_comparison import COLUMNS, DrugComparison
from resprout.errors import InputError
from resprout.figures.arm_figure import arms_over_time
from resprout.figures.design_surface import design_surface
from resprout.figures.drug_figure import drug_comparison_figure
from resprout.figures.fig1 import figure1
from resprout.figures.forest_plot import Diamond, Line, forest
from resprout.figures.path_figure import path_in_time
from resprout.figures.print_figure import LOOK, printed_figure, write_picture
from resprout.figures.printed_axes import overlapping_text
from resprout.figures.printed_text import heading_and_note, plain_text, wrapped

RATE = "response rate (reduction of the score by at least 50 %)"
LONG = "Ketamine against saline in seven patients with major depression, each receiving both of them in one order or the other"


def grid_rows(doses):
    values = {"lower": -8.0, "upper": -1.0, "response": 0.5, "response_control": 0.2, "analysis": "mmrm"}
    values |= {"endpoint": "MADRS", "time_h": 168.0, "replicates": 50}
    return [
        {"n": n, "dose": dose, "power": n * dose / 100, "difference": -4 * dose, "dissociation": 20 * dose, **values}
        for n in (20, 40, 100)
        for dose in doses
    ]


def drug_rows():
    names = ["saline", "ketamine 0.5 mg/kg iv", "dextromethorphan 45 mg + bupropion 105 mg oral", "riluzole 50 mg oral"]
    return [
        DrugComparison(name, name, "control" if place == 0 else "drug", "", dict.fromkeys(COLUMNS, 10.0 * place - 5.0))
        for place, name in enumerate(names)
    ]


LINES = [
    Line("Diazgranados 2010, 230 min", "unipolar", 0.6, 0.3, 0.9, 10),
    Line("Two 2002", "bipolar", 0.5, 0.4, 0.6, 40, observed=0.55),
]
FIGURES = {
    "figure 1": lambda: figure1(made_up.trial_table(), replicates=200),
    "arms": lambda: arms_over_time(made_up.trial_table(), control="saline", replicates=200, title=LONG),
    "forest": lambda: forest(
        LINES, Diamond("pooled", 0.58, 0.5, 0.66, 0.4, 0.75), title=LONG, subtitle=LONG, axis=RATE
    ),
    "path": lambda: path_in_time(made_up.run()),
    "curves": lambda: design_surface(grid_rows([1.0]), ["n", "dose"]),
    "map": lambda: design_surface(grid_rows([0.5, 1.0]), ["n", "dose"]),
    "drugs": lambda: drug_comparison_figure(drug_rows()),
}


def laid_out(figure, size):
    with mpl.rc_context(LOOK):
        return printed_figure(figure, size)


@pytest.mark.parametrize("size", ["single", "double"])
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_covers_another_or_leaves_the_sheet(name, size):
    drawn = laid_out(FIGURES[name](), size)
    assert overlapping_text(drawn) == []
    sheet = drawn.bbox
    for axes in drawn.axes:
        for text in (axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts):
            box = text.get_window_extent()
            assert not text.get_text() or (box.x0 > sheet.x0 - 1 and box.x1 < sheet.x1 + 1), text.get_text()


@pytest.mark.parametrize(("size", "pixels"), [("single", 1004), ("double", 2008)])
def test_a_png_has_300_dpi_and_the_width_of_a_column_on_white(tmp_path, size, pixels):
    # 85 mm and 170 mm at 300 dots an inch of 25.4 mm are 1003.9 and 2007.9
    image = Image.open(write_picture(FIGURES["figure 1"](), tmp_path / "f.png", size=size))
    assert image.width in (pixels - 1, pixels)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert image.convert("RGBA").getpixel((2, 2)) == (255, 255, 255, 255)
    assert image.info["Title"].startswith("“High” is below 20% of its peak")


def test_a_pdf_embeds_its_fonts_and_bears_its_title(tmp_path):
    text = write_picture(FIGURES["forest"](), tmp_path / "f.pdf", size="single").read_bytes()
    fonts = text.count(b"/Type /FontDescriptor")
    assert fonts > 0 and text.count(b"/FontFile2") == fonts
    width = float(re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", text)[1])
    assert width == pytest.approx(85 / 25.4 * 72, abs=0.01)
    assert b"/Title (Ketamine against saline" in text


def test_an_svg_is_drawn_and_the_same_figure_gives_the_same_bytes(tmp_path):
    one, two = (write_picture(FIGURES["figure 1"](), tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert one == two and b"<svg" in one and b"below 20% of its peak" in one


def test_lines_intervals_and_bars_hold_the_numbers_of_the_screen():
    figure = FIGURES["figure 1"]()
    axes = laid_out(figure, "single").axes[0]
    drawn = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 8]
    assert any(np.array_equal(values, [33, 32, 29, 26, 22, 17, 18, 20]) for values in drawn)
    ends = axes.containers[0][2][0].get_segments()
    assert tuple(ends[0][:, 1]) == pytest.approx((31.5, 34.5))  # 33 less and plus 1.5
    bars = laid_out(drug_comparison_figure(drug_rows()), "double").axes[0].patches
    assert [bar.get_width() for bar in bars] == [-5.0, 5.0, 15.0, 25.0]
    assert to_hex(bars[0].get_facecolor()) == "#7d8590"  # the control is grey


def test_squares_of_a_map_carry_their_numbers():
    power = laid_out(FIGURES["map"](), "single").axes[0]
    assert [text.get_text() for text in power.texts] == ["10%", "20%", "50%", "20%", "40%", "100%"]
    assert [label.get_text() for label in power.get_yticklabels()] == ["0.5", "1"]


def test_panels_that_do_not_fit_a_column_stand_below_each_other():
    for size, rows in (("single", 3), ("double", 1)):
        places = {round(axes.get_position().y0, 3) for axes in laid_out(FIGURES["curves"](), size).axes}
        assert len(places) == rows


def test_another_size_or_suffix_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(InputError, match=r"no size `triple`.*single.*\n?.*f\.bmp.*\.svg"):
        write_picture(FIGURES["figure 1"](), tmp_path / "f.bmp", size="triple")


def test_a_trace_that_cannot_be_printed_is_named(tmp_path):
    with pytest.raises(InputError, match=r"kind pie cannot be printed.*scatter, bar, heatmap"):
        write_picture(go.Figure(go.Pie(values=[1, 2])), tmp_path / "f.pdf")
    assert list(tmp_path.iterdir()) == []


def test_text_loses_its_tags_and_keeps_signs_of_comparison():
    assert plain_text("<b>A</b> p < .05 in 3 %, p > .1<br>n &lt; 4") == "A p < .05 in 3 %, p > .1\nn < 4"
    assert heading_and_note("One<br><span style='font-size:13px'>two<br>three</span>") == ("One", "two three")
    assert wrapped("", 8, 100) == [] and len(wrapped("one two three four five six seven", 8, 60)) > 2
