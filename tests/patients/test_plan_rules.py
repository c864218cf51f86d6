"""Rules of plans: their grammar, what they do to each draw by hand, and ledgers that replay."""

import json

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.dosing.dose_records import Dose
from resprout.dosing.regimen import parse_regimen
from resprout.patients.dataset import Dataset
from resprout.patients.followed_plan import follow
from resprout.patients.individual_posteriors import population_of, sampled
from resprout.patients.person_forecast import outlook_of
from resprout.patients.treatment_plans import read_plans
from resprout.trial.decision_ledger import decisions_of, ledger_rows, read_ledger, refuse_other_events
from resprout.trial.rule_conditions import Seen, applies, relapsed
from resprout.trial.rule_doses import changed_doses
from resprout.trial.treatment_rules import Condition, read_rule

MODEL = rs.load_model()
WEEKLY = "ketamine 0.5 mg/kg iv over 40 min; every 7 d x 3"


def rule(text, endpoint="MADRS"):
    """A rule from its text, which has no fault."""
    faults = []
    found = read_rule(text, MODEL, endpoint, "plan.yaml:5", faults)
    assert faults == []
    return found


def faults_of(text):
    """What is wrong with a rule."""
    faults = []
    assert read_rule(text, MODEL, "MADRS", "plan.yaml:5", faults) is None
    return " ".join(str(each) for each in faults)


def plan_of(tmp_path, text):
    """The plans of a file with three weeks and one more plan."""
    (tmp_path / "plan.yaml").write_text(f"plans:\n  weekly: {WEEKLY}\n{text}weeks: 3\n", encoding="utf-8")
    return read_plans(tmp_path / "plan.yaml", MODEL)


def ruled(*rules, regimen=WEEKLY, steps=""):
    """Lines of a plan named `ruled`."""
    lines = "".join(f"      - {each}\n" for each in rules)
    return f"  ruled:\n    regimen: {regimen}\n{steps}    rules:\n{lines}"


@pytest.fixture(scope="module")
def posterior():
    """The posterior of one person of the example."""
    data = rs.read_data("example", model=MODEL)
    sampling, data = population_of(None, Dataset(data.people[:1], data.setting, (), (), ("a",)), MODEL)
    return sampled(MODEL, data.people[0], data.setting, sampling)[0], sampling


def followed(posterior, plans, name, recorded=None):
    """A plan followed for the person."""
    outlook = outlook_of(MODEL, posterior[0], plans, posterior[1])
    return outlook, follow(outlook, plans.treatments[name], recorded)


def test_the_grammar_of_rules():
    found = rule("if MADRS at visit > 0.75 x baseline and day >= 14 then dose up, at most 2 times")
    assert found.conditions == (Condition("MADRS", ">", 0.75, of_baseline=True), Condition("day", ">=", 14.0))
    assert (found.action, found.most) == ("dose up", 2)
    held = rule("hold while SBP after dose > 160 and no remission")
    assert held.action == "hold" and held.conditions[0].after_dose and held.conditions[1].negated
    given = rule("if relapse then give ketamine 0.5 mg/kg iv over 40 min; every 3 d x 2, once")
    assert given.regimen == parse_regimen("ketamine 0.5 mg/kg iv over 40 min; every 3 d x 2") and given.most == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("when MADRS > 20 then stop", "is no rule"),
        ("if MADRS > 20 then dose upp", "nothing that a rule does"),
        ("if MADRS > 20 then hold", "A dose is held by `hold while CONDITION`"),
        ("if MADRS is high then stop", "is no condition"),
        ("if remision then stop", "Did you mean `remission`?"),
        ("if MADSR > 20 then stop", "Did you mean `MADRS`?"),
        ("if HDRS17 > 20 then stop", "not the scale that the rules follow"),
        ("if MADRS after dose > 20 then stop", "rated at visits"),
        ("if MADRS > twenty then stop", "no number"),
        ("if doses > 0.5 x baseline then stop", "doses is a number"),
        ("if remission then give ketamin 1 mg iv", "ketamin"),
        ("if remission then stop, at most 0 times", "never applies"),
    ],
)
def test_what_is_no_rule_is_told_with_its_line_and_what_was_expected(text, told):
    assert told in faults_of(text) and "plan.yaml:5" in faults_of(text)


def test_all_faults_of_the_rules_of_a_file_are_told_at_once(tmp_path):
    text = ruled("if MADSR > 20 then stop", "if response then dose up", "when ill then stop")
    with pytest.raises(rs.InputError) as refused:
        plan_of(tmp_path, text + "  other:\n    regimen: saline\n    stepz: [1]\n")
    assert "`plans.other.stepz` is no field of a plan" in str(refused.value)
    with pytest.raises(rs.InputError) as refused:
        plan_of(tmp_path, text)
    told = {fault.where: fault.found for fault in refused.value.faults}
    assert set(told) == {"plan.yaml:6", "plan.yaml:8", "plan.yaml:3"}
    assert "no steps to move along" in told["plan.yaml:3"]
    with pytest.raises(rs.InputError, match="no rule moves the dose"):
        plan_of(tmp_path, ruled("if response then stop", steps="    steps: [1, 2]\n"))


def test_conditions_by_hand():
    # two draws: baseline 40; the first has 18 then 31, the second 22 then 10
    ratings = np.array([[18.0, 31.0], [22.0, 10.0]])
    counts = {"doses": np.array([2.0, 3.0]), "due": np.zeros(2), "day": np.full(2, 14.0)}
    peaks = {"SBP": np.array([150.0, np.nan])}
    seen = Seen("MADRS", ratings, {"SBP": np.array([130.0, 170.0])}, peaks, counts, {"MADRS": 40.0}, 20.0, 10.0)

    def told(text):
        return applies(rule(text), seen).tolist()

    assert told("if MADRS > 0.75 x baseline then stop") == [True, False]  # 31 > 30
    assert told("if remission then stop") == [False, True]
    assert told("if response then stop") == [False, True]
    assert told("if relapse then stop") == [True, False]  # had 18 <= 20, has 31 > 30
    assert told("if no relapse and doses >= 3 then stop") == [False, True]
    assert told("hold while SBP > 160") == [False, True]
    assert told("if SBP after dose > 140 then stop") == [True, False]  # the second has had no dose
    assert relapsed(np.array([[20.0, 30.0], [20.0, 31.0], [21.0, 40.0]]), 40.0, 20.0).tolist() == [False, True, False]


def test_what_rules_do_to_doses_by_hand():
    given = (Dose("ketamine", 0.5, True, "iv", 2 / 3, (0.0, 168.0, 336.0)),)
    up, level = changed_doses(given, rule("if response then dose up"), 168.0, 0, (1.0, 1.5, 2.0))
    assert [(dose.amount_mg, dose.times_h) for dose in up] == [(0.5, (0.0,)), (0.75, (168.0, 336.0))] and level == 1
    further, level = changed_doses(up, rule("if response then dose up"), 336.0, 1, (1.0, 1.5, 2.0))
    assert [dose.amount_mg for dose in further] == [0.5, 0.75, 1.0] and level == 2
    assert changed_doses(given, rule("if response then stop"), 168.0, 0, ())[0][0].times_h == (0.0,)
    held = changed_doses(given, rule("hold while SBP > 160"), 168.0, 0, ())[0]
    assert [dose.times_h for dose in held] == [(0.0,), (336.0,)]
    new = changed_doses(given, rule("if relapse then give esketamine 56 mg nasal; every 3.5 d x 2"), 168.0, 0, ())[0]
    assert [(dose.drug, dose.times_h) for dose in new] == [("ketamine", (0.0,)), ("S_ketamine", (168.0, 252.0))]


def test_a_plan_whose_rules_never_apply_is_the_plan_without_to_the_bit(posterior, tmp_path):
    plans = plan_of(tmp_path, ruled("if MADRS > 61 then stop", "hold while SBP > 260"))
    plain, same = followed(posterior, plans, "weekly")[1], followed(posterior, plans, "ruled")[1]
    assert np.array_equal(plain.ratings, same.ratings) and not same.applied.any()
    assert all(np.array_equal(plain.highest[name], same.highest[name]) for name in plain.highest)


def test_each_draw_is_treated_by_its_own_ratings_and_the_past_stays(posterior, tmp_path):
    plans = plan_of(tmp_path, ruled("if MADRS at visit <= 20 then stop"))
    plain = followed(posterior, plans, "weekly")[1]
    ruled_one = followed(posterior, plans, "ruled")[1]
    stops_first = plain.ratings[:, 0] <= 20
    assert 0.05 < stops_first.mean() < 0.95
    assert np.array_equal(plain.ratings[:, 0], ruled_one.ratings[:, 0])
    # who stops at the first visit, before the second of three doses, has had one
    assert (ruled_one.doses[stops_first] == 1).all() and (ruled_one.doses[~stops_first] >= 2).all()
    later = ~(ruled_one.applied > 0).any(axis=1)
    assert np.array_equal(plain.ratings[later], ruled_one.ratings[later])
    assert ruled_one.ratings[stops_first, -1].mean() > plain.ratings[stops_first, -1].mean() + 0.5


def test_who_is_held_gets_no_dose_and_has_no_side_effect(posterior, tmp_path):
    plans = plan_of(tmp_path, ruled("hold while SBP > 0"))
    _, found = followed(posterior, plans, "ruled")
    _, none = followed(posterior, plan_of(tmp_path, "  ruled: saline\n"), "ruled")
    assert (found.doses == 0).all() and (found.applied[:, 0] == 3).all()  # each of three doses
    assert (found.highest["SBP"] == -np.inf).all()
    # the solver's steps differ where doses were planned; ratings are whole points
    assert np.abs(found.ratings - none.ratings).max() <= 1


def test_a_ledger_holds_every_dose_and_decision_and_replays_to_the_same_bits(posterior, tmp_path):
    plans = plan_of(
        tmp_path,
        ruled(
            "if MADRS > 0.75 x baseline then dose up",
            "if response then stop",
            "hold while SBP > 130",
            steps="    steps: [1, 1.5]\n",
        ),
    )
    outlook, first = followed(posterior, plans, "ruled")
    ledger = ledger_rows("1", "ruled", outlook.occasion.origin, first.blocks)
    doses = ledger[ledger["event"] == "dose"].groupby("draw").size().reindex(range(400), fill_value=0)
    assert np.array_equal(doses.to_numpy(), first.doses)
    assert set(ledger.query("event == 'dose'")["value"]) == {0.5, 0.75}
    decided = ledger[ledger["event"] == "decision"]
    assert len(decided) == first.applied.sum() and set(decided["name"]) == {"dose up", "stop", "hold"}
    seen = ledger[(ledger["event"] == "reading") & (ledger["name"] == "SBP")].set_index(["draw", "time_h"])["value"]
    held = decided[decided["name"] == "hold"].set_index(["draw", "time_h"])
    assert (seen.loc[held.index] > 130).all()
    again = followed(posterior, plans, "ruled", decisions_of(ledger, "1", "ruled"))[1]
    assert np.array_equal(again.ratings, first.ratings) and np.array_equal(again.doses, first.doses)
    replayed = ledger_rows("1", "ruled", outlook.occasion.origin, again.blocks)
    refuse_other_events(ledger, replayed)
    ledger.to_csv(tmp_path / "l.csv", index=False, float_format="%.8g")
    refuse_other_events(read_ledger(tmp_path / "l.csv"), replayed)


def test_a_replay_takes_the_recorded_decisions_and_a_changed_event_is_told(posterior, tmp_path):
    plans = plan_of(tmp_path, ruled("if response then stop"))
    outlook, first = followed(posterior, plans, "ruled")
    ledger = ledger_rows("1", "ruled", outlook.occasion.origin, first.blocks)
    without = ledger[ledger["event"] != "decision"].reset_index(drop=True)
    again = followed(posterior, plans, "ruled", decisions_of(without, "1", "ruled"))[1]
    assert (again.doses == 3).all()  # nobody stops where no decision is recorded
    changed = ledger.copy()
    changed.loc[0, "value"] += 1
    with pytest.raises(rs.InputError, match=r"event 1 differs: recorded patient 1, plan `ruled`, draw 0"):
        refuse_other_events(changed, ledger)
    (tmp_path / "no.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(rs.InputError, match="cannot be read as a ledger"):
        read_ledger(tmp_path / "no.csv")


def test_a_rule_about_a_baseline_that_the_table_has_not_leaves_the_person_out(tmp_path):
    table = "ID,TIME,AMT,DUR,DVID,DV\n1,0,40,0.667,.,.\n1,24,.,.,MADRS,30\n1,168,.,.,MADRS,28\n"
    (tmp_path / "a.csv").write_text(table, encoding="utf-8")
    (tmp_path / "a.yaml").write_text("drug: ketamine\nroute: iv\nunits: {time: h, amount: mg, duration: h}\n")
    data = rs.read_data(tmp_path / "a.csv", tmp_path / "a.yaml", model=MODEL)
    found = rs.forecast(None, data, plan_of(tmp_path, ruled("if relapse then dose up", steps="    steps: [1, 2]\n")))
    assert "asks for the MADRS before the first dose, which the table has not" in found.left_out["1"]


def test_the_command_writes_a_ledger_prints_rules_and_replays_it(tmp_path, capsys):
    plan_of(tmp_path, ruled("if response then stop"))
    words = ["data", "forecast", "example", "--plan", str(tmp_path / "plan.yaml"), "--person", "3"]
    ledger = tmp_path / "l.parquet"
    assert run([*words, "--ledger", str(ledger)]) == 0
    assert "if response then stop" in capsys.readouterr().out
    assert run([*words, "--replay", str(ledger), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["replayed"] == len(read_ledger(ledger)) and "Not medical advice" in told["note"]
    assert told["rules"][0]["rule"] == "if response then stop" and told["provenance"]["seed"] == 1
    assert run([*words, "--replay", str(ledger), "--seed", "2"]) == 2
    assert "differs: recorded" in capsys.readouterr().err
