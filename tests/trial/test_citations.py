"""Trials rest on sources that are there, and every source is used."""

import re

import pytest

from resprout.language import load_model
from resprout.trial.citations import citations, every_source, shipped_sources
from resprout.trial.protocol import SHIPPED, read_protocol, shipped_protocols

MODEL = load_model()


@pytest.mark.parametrize("name", shipped_protocols())
def test_every_trial_names_sources_that_are_there(name):
    keys = read_protocol(name, MODEL)[0].source.split()
    assert keys
    assert set(keys) <= set(every_source(MODEL))


def test_no_source_is_listed_for_nothing():
    cited = {key for name in shipped_protocols() for key in read_protocol(name, MODEL)[0].source.split()}
    assert not set(shipped_sources()) - cited


def test_a_citation_is_written_out_and_an_unknown_key_stands_for_itself():
    known, unknown = citations(MODEL, "larkin2011 somebody2099")
    assert known.startswith("[larkin2011] Larkin, GL and Beautrais, AL. (2011).")
    assert unknown == "somebody2099"


def test_every_shipped_protocol_has_its_year_and_says_what_it_is_used_for():
    for name in shipped_protocols():
        protocol = read_protocol(name, MODEL)[0]
        assert protocol.year is not None and protocol.year < 2020, name
        assert f"used_for: {protocol.used_for}" in (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
        named = re.search(r"(?:19|20)\d\d", name)
        assert named is None or int(named[0]) == protocol.year
