"""What commands print on a screen of 80 columns: no word and no number is broken, and none is lost."""

import socket
from importlib import resources
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from resprout.app.bench_command import show_speeds
from resprout.app.cli import app
from resprout.app.compare_command import show_comparison
from resprout.app.evidence_commands import recorded_refits, show_hypotheses, show_interventions, show_refitted
from resprout.app.fit_command import show_posterior
from resprout.app.mbma_command import NOTE, show_meta_analysis
from resprout.app.population_command import show_population
from resprout.app.published_command import rows_table
from resprout.app.scoreboard_tables import show_rows, show_totals
from resprout.app.terminal import print_wrapped, table
from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.drug_comparison import COLUMNS as COMPARED
from resprout.calibrate.drug_comparison import DrugComparison
from resprout.calibrate.hypotheses import Score, read_hypotheses
from resprout.calibrate.interventions import InterventionResult, Reading
from resprout.calibrate.scoreboard_entry import recorded_entries
from resprout.calibrate.scoreboard_totals import scoreboard_facts
from resprout.language import load_model

WIDTH = 80
KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
THEOPHYLLINE = Path(__file__).parents[1] / "exchange" / "theophylline.csv"
ONE_COMPARTMENT = """model one
  gut' = -ka*gut
  body' = ka*gut - ke*body
  conc := body*ke/(cl*weight)
  gut = 0; body = 0; ka = 1.5; ke = 0.08; cl = 0.04; weight = 70
end
"""
STAGES = ("dose", "receptor", "circuit", "signal", "spine", "score")
LISTS = ("drugs", "targets", "scales", "people", "ratings")
NAMES = (
    "glial_uptake",
    "HDRS17",
    "ketamine",
    "GABAA",
    "MADRS",
    "berman2000",
    "MP051",
    "IV062",
    "F01",
    "PK056",
    "CT001",
)
DESCRIBED = ("", *STAGES, *LISTS, *NAMES)


class BothScreens:
    """A console of 80 columns and one so wide that nothing is wrapped, which are told the same."""

    def __init__(self):
        self.narrow, self.wide = (Console(file=StringIO(), width=width, highlight=False) for width in (WIDTH, 5000))

    def print(self, *what, **how):
        for screen in (self.narrow, self.wide):
            screen.print(*what, **how)

    def rule(self, *what, **how):
        for screen in (self.narrow, self.wide):
            screen.rule(*what, **how)

    def forget(self):
        for screen in (self.narrow, self.wide):
            screen.file.seek(0)
            screen.file.truncate()

    def texts(self):
        return self.narrow.file.getvalue(), self.wide.file.getvalue()


def words(text):
    """Words and numbers of a text, without rules, and without the colons that labels of cells have."""
    return {word.rstrip(":") for word in text.split() if word.strip("─")} - {""}


def assert_whole(screens):
    narrow, wide = screens.texts()
    assert narrow.strip()
    assert [line for line in narrow.splitlines() if len(line) > WIDTH] == []
    assert words(narrow) == words(wide)


@pytest.fixture
def screens(monkeypatch):
    both = BothScreens()
    monkeypatch.setattr("resprout.app.terminal.stdout_console", lambda: both)
    return both


@pytest.mark.parametrize("name", DESCRIBED)
def test_describe_breaks_no_word(resprout, screens, name):
    assert resprout("describe", *([name] if name else []))[0] == 0
    assert_whole(screens)


COMMANDS = [
    ("check",),
    ("recruit", 30),
    ("simulate", KETAMINE, "--patients", 20),
    ("demo", "--replicates", 20),
    ("trial", "murrough2013_midazolam", "--replicates", 4),
    ("trial", "murrough2013_midazolam", "--replicates", 4, "--grid", "n=10,20"),
    ("sensitivity", "ketamine_brain@1h", "--person", "healthy", "--samples", 16),
    ("patient", KETAMINE, "--days", 2),
    ("data", "check", "example"),
    ("data", "nca", "example"),
    ("data", "exposure", "example"),
    ("data", "fit", "example", "--person", 1),
    ("data", "forecast", "example", "--plan", "example", "--person", 1),
    ("data", "simulate", "few.csv", "--replicates", 20),
    ("data", "export", "example", "--to", "nonmem", "--out", "people"),
    ("data", "estimate", THEOPHYLLINE, "--mapping", "map.yaml", "--model", "one.ant", "--constants", "ka,ke,cl"),
]
STAND_INS = {
    "describe": "test_describe_breaks_no_word",
    "interventions": "test_interventions_break_no_word",
    "hypotheses": "test_hypotheses_break_no_word",
    "compare": "test_compared_drugs_break_no_word",
    "validate": "test_the_scoreboard_breaks_no_word",
    "published": "test_published_numbers_break_no_word",
    "mbma": "test_the_meta_analysis_breaks_no_word",
    "bench": "test_speeds_break_no_word",
    "fit": "test_a_posterior_breaks_no_word",
    "data population": "test_a_population_breaks_no_word",
    "data verify": "test_a_line_that_says_what_was_written_fits",
    "figure": "test_a_line_that_says_what_was_written_fits",
    "export": "test_a_line_that_says_what_was_written_fits",
    "serve": "test_a_line_that_says_what_was_written_fits",
}
"""The test of each command that takes minutes, serves, or prints one line."""


def every_command():
    """The full name of each command that the command line takes."""
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", None)
        yield from [name] if inner is None else [f"{name} {each}" for each in inner]


def test_every_command_is_printed_by_a_test_of_this_file():
    printed_here = {" ".join(words[: 2 if words[0] == "data" else 1]) for words in COMMANDS}
    assert printed_here | set(STAND_INS) == set(every_command())
    assert {name for name in STAND_INS.values() if name not in globals()} == set()


def write_inputs(command, resprout, folder):
    """Write the files that a command reads."""
    (folder / "map.yaml").write_text("units: {time: h, amount: mg/kg}\ndrug: gut\nendpoint: conc\n", encoding="utf-8")
    (folder / "one.ant").write_text(ONE_COMPARTMENT, encoding="utf-8")
    lines = (resources.files("resprout.patients") / "example.csv").read_text(encoding="utf-8").splitlines()
    few = [line for line in lines if line.partition(",")[0] in ("patient", "1", "2", "3")]
    (folder / "few.csv").write_text("\n".join(few), encoding="utf-8")
    if "run.zarr" in command:
        words = ("simulate", KETAMINE, "--patients", 4, "--days", 1, "--outputs", "HDRS17", "--out", "run.zarr")
        assert resprout(*words)[0] == 0


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(map(str, command[:2])))
def test_no_command_breaks_a_word(resprout, screens, tmp_path, command):
    if {"map.yaml", "few.csv"} & set(command):
        write_inputs(command, resprout, tmp_path)
        screens.forget()
    code, _, said = resprout(*command)
    assert code == 0, said
    assert_whole(screens)


def test_a_line_that_says_what_was_written_fits(resprout, monkeypatch, tmp_path):
    write_inputs("run.zarr", resprout, tmp_path)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        free = door.getsockname()[1]
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setattr(
        "resprout.app.serve.startup_server.StartupServer",
        lambda door, *_: SimpleNamespace(hand_over=bool, wait=door.close),
    )
    monkeypatch.setattr("resprout.app.serve.web_application.warm_in_background", int)
    for words in (
        ("figure", "3", "--point", "--out", "synapse.html"),
        ("export", "--to", "antimony", "resprout.ant", "--person", "depressed", "--regimen", KETAMINE),
        ("data", "verify", "run.zarr"),
        ("serve", "--port", free),
    ):
        code, out, said = resprout(*words)
        assert code == 0, said
        assert out.strip() and [line for line in out.splitlines() if len(line) > WIDTH] == []


def test_a_population_breaks_no_word(screens):
    row = {"effect": "random effect of the clearance", "mean": 0.31, "mean_lower": -0.25, "mean_upper": 0.87}
    row |= {"spread": 0.92, "spread_lower": 0.61, "spread_upper": 1.31, "contraction": 0.41, "unit": "dimensionless"}
    row |= {
        "quantity": "demethylation_clearance_spread",
        "before": 0.3512,
        "after": 0.2871,
        "lower": 0.19,
        "upper": 0.4,
    }
    left_out = {"17": "no dose and no observation after the first record of this person"}
    found = SimpleNamespace(
        effective=(0.11, 0.42), rounds=2, people=39, table=pd.DataFrame([row] * 3), left_out=left_out
    )
    show_population(screens, found)
    assert_whole(screens)


# Commands that take minutes: what they print of results that stand in for theirs, a row for each row of the shipped tables.


@pytest.fixture(scope="module")
def model():
    return load_model()


def as_expected(rows):
    """Results that fit every second row."""
    readings = {
        True: Reading("glutamate_release peak 0 2", "left", 0.1),
        False: Reading("severity at 24.5", "left", 7.0),
    }
    return [InterventionResult(row, (readings[number % 2 == 0],)) for number, row in enumerate(rows)]


def test_interventions_break_no_word(screens, model):
    results = as_expected(model.tables["interventions"])
    show_interventions(screens, results, [results, results])
    assert_whole(screens)


def test_hypotheses_break_no_word(screens, model):
    facts, rows = (tuple(as_expected(model.tables[name])) for name in ("facts", "interventions"))
    show_hypotheses(screens, [Score(each, facts, rows) for each in read_hypotheses(model)])
    show_refitted(screens, recorded_refits())
    assert_whole(screens)


def test_compared_drugs_break_no_word(screens, model):
    interval = dict.fromkeys(COMPARED, (-100.25, 133.5))
    rows = [
        DrugComparison(
            row["drug"], row["given"], row["family"], row["note"], dict.fromkeys(COMPARED, 12.5), interval, 40
        )
        for row in model.tables["compared_drugs"]
    ]
    show_comparison(screens, rows)
    assert_whole(screens)


def test_the_scoreboard_breaks_no_word(screens):
    entries = recorded_entries()
    show_rows(screens, entries)
    show_totals(screens, entries, scoreboard_facts(entries))
    assert_whole(screens)


def test_published_numbers_break_no_word(screens):
    numbers = ("time_h", "published", "predicted", "lower", "upper")
    rows = [{**row, "inside": row["inside"] == "true"} for row in data_rows("left_out_trials")]
    screens.print(
        rows_table([row | {name: float(row[name] or "nan") for name in numbers} for row in rows], "published")
    )
    assert_whole(screens)


def test_the_meta_analysis_breaks_no_word(screens):
    effect = {"median": 0.535, "lower": -0.401, "upper": 0.655, "trials": 19, "people": 4320}
    names = ("placebo, first days", "another procedure, largest", "escitalopram", "standard errors")
    effects = [{"name": name, **effect} for name in names]
    facts = {"drugs": effects, "effects": effects, "standard_deviations": effects, "coverage": {"50": 0.51, "90": 0.9}}
    told = {"rows": [1, 2], "trials": 39, "crps": 0.099, "onset_h": 1.0, "offset_h": 96.0, "note": NOTE}
    show_meta_analysis(screens, facts | told)
    assert_whole(screens)


def test_speeds_break_no_word(screens):
    speeds = {"patients_per_second_per_core": 25449.0, "whole_model_patients_per_second_per_core": 1234.5}
    more = {"ratio_to_libroadrunner": 87.25, "max_relative_error": 8.1e-5, "tolerance": 1e-7, "model_build_s": 17.6}
    show_speeds(
        [{"tool": name, "states": 43, **speeds, **more} for name in ("resprout", "libRoadRunner")],
        1e-4,
        "ketamine 0.5 mg/kg iv over 40 min, 14 days",
    )
    assert_whole(screens)


def test_a_posterior_breaks_no_word(screens):
    numbers = ("prior", "value", "lower", "upper", "contraction", "R_hat", "ESS", "correlation")
    rows = [row | {name: float(row[name] or "nan") for name in numbers} for row in data_rows("posterior")]
    random = np.random.default_rng(1)
    first = random.standard_normal(1000)
    names = ("relapse_by_symptoms", "ketamine_venous_slow_share")
    free = np.column_stack([first, 0.2 * random.standard_normal(1000) - first])
    fit = SimpleNamespace(missed=(0.31, 0.12), quantities=[SimpleNamespace(name=name) for name in names])
    show_posterior(rows, SimpleNamespace(fit=fit, free=free))
    assert_whole(screens)


def printed(made, width):
    screen = Console(file=StringIO(), width=width, highlight=False)
    screen.print(made)
    return screen.file.getvalue()


WORD = st.text(st.sampled_from("abcdefgh0123456789.,-"), min_size=1, max_size=16)
CELL = st.lists(WORD, max_size=8).map(" ".join)


@given(
    columns=st.lists(CELL, min_size=1, max_size=9),
    numbers=st.lists(st.booleans(), min_size=9, max_size=9),
    width=st.integers(30, 130),
    data=st.data(),
)
def test_a_table_breaks_and_loses_no_word_at_any_width(columns, numbers, width, data):
    names = [f"{at} {name}" for at, name in enumerate(columns)]
    cells = st.lists(CELL, min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(cells, min_size=1, max_size=4))
    right = [name for name, number in zip(names, numbers, strict=False) if number]
    narrow = printed(table(names, rows, right=right), width)
    assert [line for line in narrow.splitlines() if len(line) > width] == []
    in_cells = {word for row in rows for cell in row for word in cell.split()}
    in_names = {word for name in names for word in name.split()}
    assert in_cells <= words(narrow) <= in_cells | in_names


def test_numbers_that_do_not_fit_beside_their_words_stand_below_them():
    made = table(["drug", "family", "rise", "fall"], [["ketamine", "blocker", "1.0", "2.0"]], right=["rise", "fall"])
    assert printed(made, 40).splitlines() == [
        "",
        "drug      family   rise  fall",
        "─" * 29,
        "ketamine  blocker   1.0   2.0",
        "",
    ]
    assert printed(made, 20).splitlines() == [
        "",
        "drug      family",
        "      rise  fall",
        "─" * 17,
        "ketamine  blocker",
        "       1.0   2.0",
        "",
    ]


def test_a_long_sentence_stands_below_its_row():
    sentence = "share of open channels that one molecule of the drug blocks at rest potential"
    made = table(["name", "value", "meaning"], [["trapping", "0.86", sentence]], right=["value"])
    assert printed(made, 30).splitlines() == [
        "",
        "name      value",
        "  meaning",
        "─" * 15,
        "trapping   0.86",
        "  share of open channels that",
        "    one molecule of the drug",
        "    blocks at rest potential",
        "",
    ]


def test_later_lines_of_a_labelled_sentence_are_indented():
    screen = Console(file=StringIO(), width=20)
    print_wrapped(screen, "one two three four five", label="F01  ", indent=5)
    assert screen.file.getvalue().splitlines() == ["F01  one two three", "     four five"]


def test_a_pipe_is_as_wide_as_columns_says(resprout, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    narrow = resprout("recruit", 5)[1]
    assert max(map(len, narrow.splitlines())) <= 40
    monkeypatch.delenv("COLUMNS")
    assert 40 < max(map(len, resprout("recruit", 5)[1].splitlines())) <= WIDTH
