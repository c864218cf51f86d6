"""Trials, people and scales rest on sources that are there, and every source is used."""

import pytest

from resprout.language import load_model, shipped_folder
from resprout.people.population import population_facts
from resprout.trial.citations import citations, every_source, shipped_sources
from resprout.trial.protocol import read_protocol, shipped_protocols
from resprout.trial.ratings import observation_facts

MODEL = load_model()
FACTS = [*population_facts().values(), *observation_facts().values()]
CITED = {key for fact in FACTS for key in fact.source.split()}


@pytest.mark.parametrize("name", shipped_protocols())
def test_every_trial_names_sources_that_are_there(name):
    keys = read_protocol(name, MODEL)[0].source.split()
    assert keys
    assert set(keys) <= set(every_source(MODEL))


def test_facts_about_people_and_ratings_name_sources_that_are_there():
    assert set(every_source(MODEL)) >= CITED


def test_no_source_is_listed_for_nothing():
    cited = CITED | {key for name in shipped_protocols() for key in read_protocol(name, MODEL)[0].source.split()}
    items = (shipped_folder() / "items.tsv").read_text(encoding="utf-8")
    assert not {key for key in set(shipped_sources()) - cited if key not in items}


def test_a_citation_is_written_out_and_an_unknown_key_stands_for_itself():
    known, unknown = citations(MODEL, "larkin2011 somebody2099")
    assert known.startswith("[larkin2011] Larkin, GL and Beautrais, AL. (2011).")
    assert unknown == "somebody2099"
