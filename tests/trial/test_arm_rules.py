"""Rules of arms: whose treatment they change and when, and ledgers that replay."""

from functools import lru_cache

import numpy as np
import pytest
from protocol_texts import FLEXIBLE, RULED

import resprout as rs
from resprout.app.cli import run
from resprout.errors import InputError
from resprout.language import load_model
from resprout.language.rating_scales import with_cut_offs
from resprout.trial.protocol import read_protocol_text
from resprout.trial.replicates import run_series_beside_nulls

model = lru_cache(maxsize=1)(load_model)
BEFORE = RULED[: RULED.index("    rules:")]
AFTER = RULED[RULED.index("  - {name: saline") :]


def with_rules(*rules):
    """The protocol with other rules and without dropout."""
    lines = "".join(f"      - {each}\n" for each in rules)
    text = BEFORE + (f"    rules:\n{lines}" if rules else "") + AFTER
    if not any("dose up" in each or "dose down" in each for each in rules):
        text = text.replace("    steps: [0.5, 1, 2]\n", "")
    return text.replace("dropout: {completely_at_random: 0.1, missed_visits: 0.1}\n", "")


def conducted(tmp_path, text, **how):
    """The trial of a protocol at the point estimate."""
    file = tmp_path / "trial.yaml"
    file.write_text(text, encoding="utf-8")
    return rs.run_trial(file, model=model(), point=True, **how)


def events_of(ledger, replicate, patient, kind):
    """Events of one patient of the ketamine arm, in order."""
    own = ledger[(ledger["replicate"] == replicate) & (ledger["patient"] == str(patient)) & (ledger["event"] == kind)]
    return [tuple(row) for row in own[["time_h", "name", "value"]].itertuples(index=False)]


@pytest.fixture(scope="module")
def ruled(tmp_path_factory):
    return conducted(tmp_path_factory.mktemp("ruled"), RULED)


def test_every_decision_is_what_its_rule_says_of_the_recorded_ratings_and_readings(ruled):
    seen = set()
    for replicate in (1, 2):
        for patient in range(1, 31):
            rated = {hour: value for hour, _, value in events_of(ruled.ledger, replicate, patient, "rating")}
            read = {(hour, name): value for hour, name, value in events_of(ruled.ledger, replicate, patient, "reading")}
            decided = {(hour, int(rule)) for hour, _, rule in events_of(ruled.ledger, replicate, patient, "decision")}
            raised, stopped, level, doses = False, False, 1, {}
            left = ruled.outcome.left_h["ketamine"][replicate - 1, patient - 1]
            for hour in (0.0, 168.0, 336.0):
                if hour in rated and hour < left and not stopped:
                    if rated[hour] <= 0.5 * rated[0.0]:
                        expected = 1
                    elif rated[hour] > 0.75 * rated[0.0] and hour >= 168 and not raised and level < 2:
                        expected = 2
                    elif hour and read.get((hour, "CADSS"), -1) > 25 and level > 0:
                        expected = 3
                    else:
                        expected = None
                    assert {rule for at, rule in decided if at == hour and rule != 4} == ({expected} - {None})
                    stopped |= expected == 1
                    raised |= expected == 2
                    level += {2: 1, 3: -1}.get(expected, 0)
                    seen.add(expected)
                held = not stopped and hour < left and read.get((hour, "SBP"), 0) > 116
                assert ((hour, 4) in decided) == held
                seen |= {4} if held else set()
                if not stopped and not held and hour < left:
                    doses[hour] = 0.5 * (0.5, 1, 2)[level]
            given = {hour: value for hour, name, value in events_of(ruled.ledger, replicate, patient, "dose")}
            assert given == pytest.approx(doses)
    assert seen == {None, 1, 2, 3, 4}  # each rule was met by somebody


def test_the_control_arm_and_the_time_before_the_first_decision_are_those_without_rules(ruled, tmp_path):
    plain = conducted(
        tmp_path,
        with_rules().replace(
            "replicates: 2", "replicates: 2\ndropout: {completely_at_random: 0.1, missed_visits: 0.1}"
        ),
    )
    assert np.array_equal(ruled.ratings["saline", "MADRS"], plain.ratings["saline", "MADRS"], equal_nan=True)
    own, other = (each.ratings["ketamine", "MADRS"] for each in (ruled, plain))
    changed = np.full(own.shape[:2], np.inf)
    for replicate, patient, hour in ruled.ledger.query("event == 'decision'")[
        ["replicate", "patient", "time_h"]
    ].itertuples(index=False):
        place = replicate - 1, int(patient) - 1
        changed[place] = min(changed[place], hour)
    for visit, hour in enumerate((0.0, 168.0, 336.0, 504.0)):
        same = changed >= hour
        assert np.array_equal(own[:, :, visit][same], other[:, :, visit][same], equal_nan=True)


def test_a_dose_held_from_everybody_leaves_what_no_dose_leaves(tmp_path):
    held, without = (
        conducted(tmp_path, text, overrides={"placebo_depth": 0.0})
        for text in (
            with_rules("hold while SBP > 0"),
            with_rules().replace("ketamine 0.5 mg/kg iv over 40 min; every 7 d x 3", "saline", 1),
        )
    )
    assert not (held.ledger["event"] == "dose").any()
    assert (held.ledger["event"] == "decision").sum() == 2 * 30 * 3
    off = held.ratings["ketamine", "MADRS"] - without.ratings["ketamine", "MADRS"]
    # expectation is that of the doses that were planned; beside it nothing differs
    assert abs(off[:, :, 0]).max() == 0 and abs(off.mean()) < 1


def test_who_has_left_is_given_nothing_more(ruled):
    left = ruled.outcome.left_h["ketamine"]
    assert np.isfinite(left).any()
    for replicate, patient in np.argwhere(np.isfinite(left)):
        own = ruled.ledger[(ruled.ledger["replicate"] == replicate + 1) & (ruled.ledger["patient"] == str(patient + 1))]
        assert own["time_h"].max() < left[replicate, patient]


def test_a_ledger_replays_to_the_same_bits_and_one_that_was_changed_is_refused(ruled, tmp_path):
    assert conducted(tmp_path, RULED, replay=ruled.ledger).ledger.equals(ruled.ledger)
    other = ruled.ledger.copy()
    stops = np.flatnonzero((other["event"] == "decision") & (other["value"] == 1))
    with pytest.raises(InputError, match="differs: recorded patient"):
        conducted(tmp_path, RULED, replay=other.drop(index=other.index[stops[0]]))


def test_recorded_decisions_are_taken_in_place_of_those_of_the_rules(ruled, tmp_path):
    loose = RULED.replace("if response then stop", "if MADRS at visit > 1000 then stop")
    with pytest.raises(InputError) as caught:
        conducted(tmp_path, loose, replay=ruled.ledger)
    # the doses are those of the ledger: only the words of the rule differ
    assert "decision stop 1; replayed" in str(caught.value) and "decision stop 1." in str(caught.value)


def test_how_often_rules_applied_is_counted_over_patients(ruled):
    ledger, row = ruled.ledger, ruled.rules.iloc[0]
    stops = ledger[(ledger["event"] == "decision") & (ledger["value"] == 1)]
    assert row["rule"] == "if response then stop" and row["probability"] == pytest.approx(len(stops) / 60)
    assert row["first_day"] == pytest.approx(stops["time_h"].median() / 24)
    assert ruled.rules["arm"].tolist() == ["ketamine"] * 4


def test_under_a_null_model_decisions_follow_its_own_ratings():
    protocol, regimens = read_protocol_text(with_rules("if response then stop"), "ruled.yaml", model())
    _, outcomes = run_series_beside_nulls(protocol, regimens, model(), 4, 1, point=True, nulls=("mood frozen",))
    stopped = {
        name: np.mean([any(event[1] == "decision" for event in one) for one in outcome.events["ketamine"].ravel()])
        for name, outcome in outcomes.items()
    }
    assert stopped["mood frozen"] < stopped["model"] - 0.1


def test_remission_and_response_are_those_of_the_protocol(tmp_path):
    text = with_rules("if remission then stop") + "remission: {MADRS: 16}\n"
    trial = conducted(tmp_path, text)
    stops = trial.ledger.query("event == 'decision'").merge(
        trial.ledger.query("event == 'rating'"), on=["replicate", "patient", "time_h"], suffixes=("", "_rated")
    )
    usual = with_cut_offs(model().scales, {})["MADRS"].remission
    assert stops["value_rated"].max() <= 16 and (stops["value_rated"] > usual).any()


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("if response then stop", "if respons then stop", "`respons` is no condition"),
        ("if response then stop", "if response then give ketamin 1 mg/kg iv", "Did you mean `ketamine`"),
        ("if response then stop", "if HDRS17 at visit > 20 then stop", "not the scale that the rules follow"),
        ("hold while SBP > 116", "hold while SBP > 1.2 x baseline", "compares with the first SBP, which nobody rates"),
        ("    steps: [0.5, 1, 2]\n", "", "has no steps to move along"),
        ("steps: [0.5, 1, 2]", "steps: [2, 1]", "the steps are (2.0, 1.0)"),
        ("steps: [0.5, 1, 2]", "steps: [1, 0]", "steps"),
        ("      - hold while SBP > 116\n", "      - [7]\n", "rules"),
        (
            "    size: 30\n",
            "    size: 30\n    adjust: [{endpoint: MADRS, at: 7 d, fall: 0.5, regimen: saline}]\n",
            "`rules` and `adjust`",
        ),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_their_line(was, now, says):
    assert was in RULED
    with pytest.raises(InputError) as caught:
        read_protocol_text(RULED.replace(was, now, 1), "ruled.yaml", model())
    assert says in str(caught.value) and "ruled.yaml:" in str(caught.value)


def test_a_ledger_is_written_and_replayed_by_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ruled.yaml").write_text(RULED, encoding="utf-8")
    (tmp_path / "flexible.yaml").write_text(FLEXIBLE, encoding="utf-8")
    assert run(["trial", "ruled.yaml", "--point", "--ledger", "l.csv", "--report", "r.html"]) == 0
    told = capsys.readouterr().out
    assert "ketamine, 1  if response then stop" in told and "wrote l.csv" in told
    assert "Rules" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert run(["trial", "ruled.yaml", "--point", "--replay", "l.csv"]) == 0
    assert "events replayed, each the same" in capsys.readouterr().out
    assert run(["trial", "ruled.yaml", "--point", "--seed", "2", "--replay", "l.csv"]) == 2
    assert "differs" in capsys.readouterr().err
    assert run(["trial", "flexible.yaml", "--replicates", "1", "--ledger", "l.csv"]) == 2
    assert "no arm of `flexible` has rules" in capsys.readouterr().err
    assert run(["trial", "ruled.yaml", "--grid", "n=10", "--replay", "l.csv"]) == 2
    assert "a grid replays no ledger" in capsys.readouterr().err
