"""What the commands on observed people hand out: the same provenance everywhere, whole words on 80 columns, figures for print."""

import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from test_narrow_screen import BothScreens, assert_whole

import resprout as rs
from resprout.app import predictive_commands, response_command
from resprout.figures.observed_figures import agreement_figure, check_figure, forecast_figure
from resprout.figures.print_figure import LOOK, printed_figure, write_picture
from resprout.figures.printed_axes import overlapping_text
from resprout.patients.exposure_response import exposure_response
from resprout.patients.read_data import EXAMPLE

MODEL = rs.load_model()
FIRST_ROWS = 31  # of the shipped table: the header and three people
MODEL_TEXT = "model m\n  body' = -ke*body\n  conc := body/v\n  body = 0; ke = 0.3; v = 10\nend\n"


@pytest.fixture
def few(tmp_path):
    """The first three people of the shipped table, in a file of their own."""
    text = "\n".join(EXAMPLE.read_text(encoding="utf-8").splitlines()[:FIRST_ROWS])
    (tmp_path / "few.csv").write_text(text, encoding="utf-8")
    return "few.csv"


@pytest.fixture
def screens(monkeypatch):
    both = BothScreens()
    monkeypatch.setattr("resprout.app.terminal.stdout_console", lambda: both)
    return both


@pytest.mark.parametrize("words", [("check",), ("nca",), ("simulate", "--replicates", "20"), ("fit", "--draws", "800")])
def test_json_and_tables_say_by_which_command_and_from_what_they_were_made(resprout, tmp_path, few, words):
    code, out, said = resprout("data", words[0], few, *words[1:], "--table", "t.csv", "--json")
    assert code == 0, said
    told = json.loads(out)["provenance"]
    assert (told["command"], told["tables"]) == (f"data {words[0]} few.csv", ["few.csv"])
    assert (told["model_digest"], told["resprout_version"]) == (MODEL.digest, rs.__version__)
    assert told.get("replicates") == (20 if words[0] == "simulate" else None)
    assert told.get("draws") == {"fit": 800, "simulate": 1200}.get(words[0])
    assert json.loads((tmp_path / "t.csv-metadata.json").read_text(encoding="utf-8"))["notes"] == [told]


@pytest.mark.parametrize("words", [("simulate", "--replicates", 20), ("exposure",), ("forecast", "--plan", "example")])
def test_commands_on_the_example_break_no_word(resprout, screens, words):
    some = ("--person", "1", "--person", "3", "--draws", 800) if words[0] == "forecast" else ()
    assert resprout("data", words[0], "example", *words[1:], *some)[0] == 0
    assert_whole(screens)


def test_a_median_and_its_interval_stand_in_one_line(resprout, tmp_path, few, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = resprout("data", "fit", few, "--draws", "800")
    second = next(line for line in out.splitlines() if line.startswith("2 "))
    assert code == 0 and second.count(" to ") == second.count("(") == 4
    (tmp_path / "m.ant").write_text(MODEL_TEXT, encoding="utf-8")
    rows = [f"{who},{hour},,{2 / who * 0.74**hour + 0.01 * hour:.4f}" for who in (1, 2, 3) for hour in (1, 2, 4)]
    doses = [f"{who},0,20," for who in (1, 2, 3)]
    table = "\n".join(["ID,TIME,AMT,DV", *sorted([*doses, *rows], key=lambda row: row[0])])
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    (tmp_path / "m.yaml").write_text("units: {time: h, amount: mg}\ndrug: body\nendpoint: conc\n", encoding="utf-8")
    code, out, said = resprout(
        "data", "estimate", "t.csv", "--mapping", "m.yaml", "--model", "m.ant", "--constants", "ke,v"
    )
    assert code == 0, said
    lines = [line for line in out.splitlines() if "(" in line]
    assert len(lines) == 3 and all(line.count(" to ") == 2 for line in lines)


@pytest.fixture(scope="module")
def figures():
    """Every figure of the commands on observed people, of the shipped table."""
    data = rs.read_data("example", model=MODEL)
    found = rs.simulate_data(None, data, replicates=20, model=MODEL)
    check = predictive_commands.check_table(found, MODEL, corrected=False)
    made = {kind: predictive_commands.picture(found, check, kind) for kind in predictive_commands.CHECKS}
    response = exposure_response(data)
    made |= {kind: response_command.picture(response, kind, "levels") for kind in response_command.FIGURES}
    seen = pd.DataFrame({"time_h": [0.0, 24.0], "value": [30.0, 20.0]})
    days = [336.0, 504.0]
    plans = ["stop", "ketamine 0.5 mg/kg iv over 40 min; every 7 d x 4", "by rating"]
    rows = [(plan, "MADRS", day, 20.0 + at, 10.0, 30.0) for at, plan in enumerate(plans) for day in days]
    to_come = pd.DataFrame(rows, columns=["plan", "endpoint", "time_h", "median", "lower", "upper"])
    return made | {
        "forecast": forecast_figure(seen, to_come, title="Patient 1: forecast under 3 plans (research only)")
    }


@pytest.mark.parametrize("size", ["single", "double"])
def test_figures_of_observed_people_are_printed_without_texts_that_cover_each_other(figures, size):
    for name, figure in figures.items():
        with mpl.rc_context(LOOK):
            drawn = printed_figure(figure, size)
        assert overlapping_text(drawn) == [], name


def test_levels_below_their_limit_are_hollow_in_print_too(tmp_path):
    rows = [("1", "ketamine_venous", 10.0, False, 12.0), ("2", "ketamine_venous", 2.0, True, 3.0)]
    seen = pd.DataFrame(rows, columns=["patient", "endpoint", "observed", "below", "median"])
    figure = agreement_figure(seen, title="a")
    assert [trace.marker.symbol for trace in figure.data if trace.mode == "markers"] == ["circle", "circle-open"]
    assert write_picture(figure, tmp_path / "f.svg", size="single").stat().st_size > 5000


@pytest.mark.parametrize(
    "words", [("simulate", "example"), ("exposure", "example"), ("forecast", "example", "--plan", "example")]
)
def test_a_width_needs_a_figure_for_print(resprout, words):
    code, _, said = resprout("data", *words, "--out", "f.html", "--size", "single")
    assert code == 2 and "Try `--out f.pdf`" in " ".join(said.split())


def test_a_check_with_levels_below_their_limit_has_whole_bands_and_the_limit():
    columns = ["endpoint", "middle_h", "percentile", "observed", "median", "lower", "upper"]
    rows = [("ketamine_venous", hour, 5, low, low, low, low) for hour, low in ((1.0, 30.0), (3.0, 15.0), (6.0, np.nan))]
    rows += [("ketamine_venous", hour, 50, 50.0 - hour, 50.0, 40.0, 60.0) for hour in (1.0, 3.0, 6.0)]
    names = ["endpoint", "after_first_dose_h", "observed", "below", "lloq"]
    seen = [("ketamine_venous", 1.0, 40.0, False, 15.0), ("ketamine_venous", 6.0, 15.0, True, 15.0)]
    figure = check_figure(pd.DataFrame(rows, columns=columns), pd.DataFrame(seen, columns=names), title="a")
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [len(band.y) for band in bands] == [4, 6] and all(np.isfinite(np.array(band.y)).all() for band in bands)
    assert [shape.y0 for shape in figure.layout.shapes] == [15.0]
