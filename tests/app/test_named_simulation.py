"""`resprout simulate` with the file of a named population: its people are followed, in one process or streamed in several."""

import json

import pandas as pd
import pytest

import resprout as rs
from resprout.people.named_population import read_population

POPULATION = "population: stressed\nof: mdd\nvalues: {stress_mean: 2.5}\n"
WORDS = ("simulate", "ketamine 0.5 mg/kg iv over 40 min", "--patients", "60", "--days", "1", "--point")


@pytest.fixture
def stressed(tmp_path):
    (tmp_path / "stressed.yaml").write_text(POPULATION, encoding="utf-8")
    return "stressed.yaml"


def means(path):
    """Mean HDRS17 by hour, of a table that the command has written."""
    table = pd.read_csv(path)
    own = table[(table.endpoint == "HDRS17") & (table.statistic == "mean")]
    return own.set_index("time_h")["value"]


def test_people_of_a_named_population_are_followed_as_in_python(resprout, tmp_path, stressed):
    assert resprout(*WORDS, "--population", stressed, "--table", "t.csv")[0] == 0
    model = read_population(tmp_path / stressed).applied(rs.load_model())
    run = rs.simulate(model, rs.recruit(60, model=model), WORDS[1], days=1)
    expected = run["HDRS17"].mean("patient").to_series()
    found = means(tmp_path / "t.csv")
    # a table has the hours of its own grid
    both = expected.index.intersection(found.index)
    assert len(both) > 3 and found[both].to_numpy() == pytest.approx(expected[both].to_numpy(), rel=1e-3)


def test_a_stored_run_of_a_named_population_is_whole_and_of_that_population_only(resprout, tmp_path, stressed):
    code, out, said = resprout(*WORDS, "--population", "stressed", "--out", "run.zarr", "--json")
    assert code == 0, said
    told = json.loads(out)
    assert told["provenance"]["source"]["digest"] != rs.load_model().digest
    assert resprout("data", "verify", "run.zarr")[0] == 0
    (tmp_path / stressed).write_text(POPULATION.replace("2.5", "1.5"), encoding="utf-8")
    other = json.loads(resprout(*WORDS, "--population", "stressed", "--out", "run.zarr", "--json")[1])
    assert other["provenance"]["source"]["digest"] != told["provenance"]["source"]["digest"]
    assert other["digest"] != told["digest"]


def test_a_population_that_is_none_is_refused_with_what_there_is(resprout, tmp_path):
    code, _, said = resprout(*WORDS, "--population", "mddd")
    assert code == 2 and "`mddd`" in said and "mdd" in said
    (tmp_path / "p.yaml").write_text("population: p\nof: mdd\nvalues: {stres_mean: 2}\n", encoding="utf-8")
    code, _, said = resprout(*WORDS, "--population", "p.yaml")
    assert code == 2 and "`stres_mean` is no constant" in said
