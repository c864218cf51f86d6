"""Cut-offs of a protocol: response in points, and events above a threshold."""

from functools import lru_cache

import numpy as np
import pytest

from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial.analysis import analyse
from resprout.trial.endpoints import trial_table
from resprout.trial.protocol import read_protocol_text
from resprout.trial.reported_statistics import statistic
from resprout.trial.trial import run_protocol
from resprout.trial.trial_outcome import Outcome

TEXT = """
name: cut_offs
title: Response in points, and dissociation above four
design: parallel
control: saline
arms:
  - {name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min, size: 4}
  - {name: saline, regimen: saline, size: 4, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 24 h, 48 h]}
  - {name: CADSS, visits: [0 min, 40 min, 24 h]}
analysis: [responder]
response: {MADRS: 16}
events: {CADSS: 4}
published:
  - {evidence: X1, arm: ketamine, endpoint: CADSS, statistic: share_above, time: 24 h, value: 0.5, verification: recall}
"""


@lru_cache(maxsize=1)
def model():
    return load_model()


def told(name, time, text=TEXT, endpoint="MADRS"):
    protocol, _ = read_protocol_text(text, "cut.yaml", model())
    mood = {
        "ketamine": [[40, 18, 16], [30, 16, 17], [20, 9, 30], [40, 20, np.nan]],
        "saline": [[40, 20, 20], [30, 15, 15], [30, 30, 16], [30, 30, 30]],
    }
    effects = {"ketamine": [[0, 5, 0], [0, 4, 0], [0, 50, 9], [0, np.nan, 0]], "saline": np.zeros((4, 3))}
    rating = {(arm, "MADRS"): np.array([each], dtype=float) for arm, each in mood.items()}
    rating |= {(arm, "CADSS"): np.array([each], dtype=float) for arm, each in effects.items()}
    outcome = Outcome(rating, left_h={}, scales=model().scales)
    return protocol, outcome, statistic(protocol, outcome, name, "ketamine", endpoint, time)[0]


def test_response_is_a_score_at_or_below_the_cut_off_where_there_is_one():
    half = TEXT.replace("response: {MADRS: 16}\n", "")
    assert told("response_rate", 24)[2] == 0.5 and told("response_rate", 24, half)[2] == 0.75
    assert told("response_rate", 48)[2] == 0.25 and told("response_rate", 48, half)[2] == 0.25
    assert told("response_ever", 48)[2] == 0.75 and told("response_difference", 24)[2] == 0.25


def test_table_and_analysis_count_the_same_responders():
    protocol, outcome, _ = told("response_rate", 24)
    table = trial_table(protocol, outcome)
    row = table[(table["arm"] == "ketamine") & (table["statistic"] == "response_rate") & (table["time_h"] == 24)]
    shares = [each for each in analyse(protocol, outcome) if each["quantity"] == "response share"]
    assert row["value"].tolist() == [0.5] == [shares[0]["estimate"]]


def test_who_was_above_the_cut_off_at_any_visit_stays_counted():
    assert told("share_above", 40 / 60, endpoint="CADSS")[2] == 0.5
    assert told("share_above", 24, endpoint="CADSS")[2] == 0.5
    protocol, outcome, _ = told("share_above", 24, endpoint="CADSS")
    table = trial_table(protocol, outcome)
    found = table[(table["statistic"] == "share_above") & (table["arm"] == "ketamine")]
    assert found["value"].tolist() == [0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("response: {MADRS: 16}", "response: {MADRS: 61}", "cut.yaml:13 .*a response at MADRS of 61"),
        ("response: {MADRS: 16}", "response: {CADSS: 3}", "`CADSS` rates no depression"),
        ("events: {CADSS: 4}", "events: {CADS: 4}", "`CADS` is not among the endpoints.*Did you mean `CADSS`"),
        ("events: {CADSS: 4}", "events: {CADSS: 200}", "an event above CADSS of 200"),
        ("events: {CADSS: 4}\n", "", "`CADSS` has no cut-off of events.*Add"),
    ],
)
def test_senseless_cut_offs_are_refused(was, now, says):
    with pytest.raises(InputError, match=says):
        read_protocol_text(TEXT.replace(was, now), "cut.yaml", model())


def test_a_trial_may_have_a_self_rating_as_its_endpoint():
    text = TEXT[: TEXT.index("events:")].replace("name: MADRS", "name: QIDS_SR16").replace("MADRS: 16", "QIDS_SR16: 8")
    text = text.replace("size: 4", "size: 40").replace("48 h", "7 d")
    protocol, regimens = read_protocol_text(text, "cut.yaml", model())
    trial = run_protocol(protocol, regimens, model(), 3, 1, point=True)
    before, next_day, next_week = trial.ratings["ketamine", "QIDS_SR16"].mean(axis=(0, 1))
    # people with HDRS17 of 18 and above at entry, who are asked about seven days, so that the rating falls later than the symptoms
    assert 13 < before < 22 and next_day < before - 0.5 and next_week < next_day - 0.5
