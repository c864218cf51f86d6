"""Phases, changes by response and dropout that make no sense are refused, each with its line."""

from functools import lru_cache

import pytest
from protocol_texts import FLEXIBLE, LEAVING, WITHDRAWAL

from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial.protocol import read_protocol_text

model = lru_cache(maxsize=1)(load_model)
OF_WITHDRAWAL = [
    ("length: 14 d", "length: 7 d", "gives a dose at 168 h, when it has ended"),
    ("length: 14 d", "length: 0 d", "a phase of 0 h"),
    ("length: 14 d", "length: 390 d", "last 10032 h together"),
    ("    length: 14 d\n", "", "`length` is missing"),
    ("at: [14 d]", "at: [15 d]", "a criterion at 360 h, after `open` has ended"),
    ("at: [14 d]", "at: [14 d, 7 d]", "not in order of time"),
    ("at: [14 d], fall: 0.5", "at: [14 d]", "asks for nothing"),
    ("at: [14 d], fall: 0.5", "at: [14 d], fall: 50", "is `50`"),
    ("at: [14 d], fall: 0.5", "at: [14 d], at_most: 60", "everybody has MADRS of at most 60"),
    ("at: [14 d], fall: 0.5", "at: [14 d], fall: 0.5, visits: 2", "2 visits of 1"),
    ("go_on: [{endpoint: MADRS", "go_on: [{endpoint: CADSS", "`CADSS` rates no depression"),
    ("visits: [0 min, 7 d, 14 d]\n", "visits: [7 d, 15 d]\n", "has a visit at 360 h"),
    ("name: open", "name: saline", "two parts of the trial are called `saline`"),
    (
        "regimen: ketamine 0.5 mg/kg iv over 40 min; every 3.5",
        "regimen: ketamin 1 mg iv; every 3.5",
        "Did you mean",
    ),
    ("length: 14 d", "length: 14 d\n    control: sugar", "`control` is the text `sugar`"),
    ("at_least: {MADRS: 22}, ", "", "relapse on `MADRS` has no cut-off"),
    ("at_least: {MADRS: 22}", "at_least: {MADRS: 61}", "a relapse at MADRS of 61"),
    ("at_least: {MADRS: 22}", "at_least: {HDRS17: 22, MADRS: 22}", "`HDRS17` is no endpoint"),
]
OF_FLEXIBLE = [
    ("at: 7 d, fall", "at: 9 d, fall", "`MADRS` is not rated at 216 h"),
    ("at: 7 d, fall", "at: 0 min, fall", "`MADRS` is not rated at 0 h"),
    ("{endpoint: MADRS, at", "{endpoint: CADSS, at", "`CADSS` is no endpoint that rates depression"),
    ("fall: 0.5, met", "met", "the rule asks for nothing"),
    ("regimen: ketamine 1 mg", "regimen: ketamin 1 mg", "Did you mean `ketamine`"),
    ("met: false", "met: perhaps", "true or false"),
    ("regimen: ketamine 1 mg/kg iv over 40 min}", "regimen: []}", "adjust"),
    ("adjust: [", "adjust: 7 #", "Expected a list"),
]
OF_LEAVING = [
    ("dropout: {completely_at_random: 0.3}", "dropout: {completely_at_random: 3}", "is `3`"),
    (
        "dropout: {completely_at_random: 0.3}",
        "dropout: {informative: 0.1, in_phases: true}",
        "`in_phases` in the dropout of `first`",
    ),
    ("dropout: {completely_at_random: 0.3}", "dropout: {by_chance: 0.3}", "`by_chance` is no field here"),
    ("replicates: 1", "dropout: {in_phases: perhaps}", "true or false"),
]


@pytest.mark.parametrize(
    ("text", "was", "now", "says"),
    [
        (text, *case)
        for text, cases in ((WITHDRAWAL, OF_WITHDRAWAL), (FLEXIBLE, OF_FLEXIBLE), (LEAVING, OF_LEAVING))
        for case in cases
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(text, was, now, says):
    assert was in text
    with pytest.raises(InputError) as caught:
        read_protocol_text(text.replace(was, now, 1), "protocol.yaml", model())
    told = [str(fault) for fault in caught.value.faults]
    assert any(says in each and "protocol.yaml:" in each for each in told), told
