"""Known limits stand beside the numbers that they touch, and only beside these."""

import json
import re
from pathlib import Path

import pytest

from resprout.app.caveats import Shown, caveats_for, every_caveat, shown_by_run
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
