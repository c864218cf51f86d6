"""Known limits stand beside the numbers that they touch, and only beside these."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from resprout.app.caveats import Shown, caveats_for, every_caveat, shown_by_run
from resprout.app.mbma_command import show_meta_analysis
from resprout.language import load_model

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"
KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"


def named(shown):
    return {each.id for each in caveats_for(shown)}


def test_each_rule_belongs_to_a_paragraph_of_the_limits():
    paragraphs = set(re.findall(r"^\*\*(.+?)\.\*\*", LIMITS.read_text(encoding="utf-8"), re.MULTILINE))
    assert {each.limit for each in every_caveat()} <= paragraphs


def test_outputs_of_the_rules_are_outputs_of_the_model():
    model = load_model()
    known = {*model.equations, *model.scales}
    patterns = {name for each in every_caveat() for name in each.outputs if "*" not in name}
    assert patterns <= known


@pytest.mark.parametrize(
    ("outputs", "regimen", "hours", "there", "not_there"),
    [
        (["ketamine_brain"], KETAMINE, 24, {"brain"}, {"ratings", "fading", "signal"}),
        (["HDRS17"], KETAMINE, 336, {"ratings", "fading"}, {"repeated", "brain"}),
        (["HDRS17"], KETAMINE, 24, {"ratings"}, {"fading"}),
        (["MADRS"], f"{KETAMINE}; every 3 d x 6", 336, {"repeated"}, {"fading"}),
        (["HDRS17"], "memantine 20 mg oral", 24, {"memantine"}, {"scopolamine"}),
        (["HDRS17"], "saline", 336, {"ratings"}, {"fading", "repeated"}),
        (["PHQ9"], KETAMINE, 24, {"self_ratings"}, {"suicidality"}),
    ],
)
def test_a_run_meets_the_limits_of_what_it_shows(outputs, regimen, hours, there, not_there):
    found = named(shown_by_run(outputs, regimen, hours))
    assert there <= found and not (not_there & found)


def test_a_condition_that_is_not_met_keeps_a_rule_away():
    ratings = frozenset({"HDRS17"})
    assert "elderly" not in named(Shown(ratings, conditions=frozenset({"elderly"})))
    assert "elderly" in named(Shown(ratings, conditions=frozenset({"elderly", "control_arm"})))


def test_terminal_and_json_say_the_same_limits(resprout):
    few = ("simulate", KETAMINE, "--patients", "5", "--days", "2", "--outputs", "HDRS17,VAS_high")
    told = json.loads(resprout(*few, "--json")[1])["caveats"]
    said = " ".join(resprout(*few)[1].split())
    assert {each["id"] for each in told} == {"ratings", "intervals"}
    assert all(each["sentence"] in said for each in told)


def test_a_trial_and_its_report_say_their_limits(resprout, tmp_path):
    code, out, _ = resprout("trial", "berman2000", "--replicates", "2", "--report", "r.html")
    sentence = "Small trials of one site until 2013 found larger effects than all trials together."
    assert code == 0
    assert sentence in " ".join(out.split()) and sentence in (tmp_path / "r.html").read_text(encoding="utf-8")


RATED = "Spines and ratings have not been measured in the same subjects"
OF_COMMANDS = [
    (
        ("compare", "--draws", "0"),
        {"ratings", "intervals", "memantine", "scopolamine", "signal"},
        {"fading", "repeated"},
    ),
    (("sensitivity", "ketamine_brain@1h", "--person", "healthy", "--samples", "16"), {"brain"}, {"ratings"}),
    (("patient", KETAMINE, "--days", "2"), {"ratings", "brain"}, {"fading"}),
    (
        ("trial", "murrough2013_midazolam", "--replicates", "4", "--grid", "n=10"),
        {"ratings", "control", "small"},
        set(),
    ),
    (("trial", "murrough2013_midazolam", "--replicates", "4", "--grid", "n=30"), {"ratings", "control"}, {"small"}),
    (("data", "fit", "example", "--person", "1"), {"posterior", "ratings"}, {"memantine"}),
    (
        ("data", "forecast", "example", "--plan", "example", "--person", "1"),
        {"posterior", "ratings", "repeated"},
        {"small"},
    ),
]


@pytest.mark.parametrize(
    ("command", "there", "not_there"),
    OF_COMMANDS,
    ids=lambda each: " ".join(each[:2]) if isinstance(each, tuple) else "",
)
def test_a_command_says_its_limits_below_its_numbers_and_in_its_json(resprout, command, there, not_there):
    code, out, said = resprout(*command, "--json")
    assert code == 0, said
    found = {each["id"] for each in json.loads(out)["caveats"]}
    assert there <= found and not (not_there & found)


def test_the_limits_of_a_comparison_stand_below_its_table(resprout):
    _, out, _ = resprout("compare", "--draws", "0")
    assert out.index("BDNF_release") < out.index(RATED)


def test_a_meta_analysis_says_the_limits_of_its_trials():
    screen = Console(file=StringIO(), width=200)
    effect = {"name": "ketamine", "median": 0.5, "lower": 0.4, "upper": 0.6, "trials": 2, "people": 40}
    facts = {
        "drugs": [effect],
        "effects": [effect],
        "standard_deviations": [effect],
        "coverage": {"90": 0.9},
        "crps": 0.1,
    }
    show_meta_analysis(screen, facts | {"rows": [1], "trials": 2, "onset_h": 1.0, "offset_h": 96.0, "note": "note"})
    said = screen.file.getvalue()
    assert "Small trials of one site until 2013" in said
    assert RATED not in said  # it holds no spines
