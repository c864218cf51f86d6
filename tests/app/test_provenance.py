"""Provenance: the same block in JSON, beside CSV and within Parquet."""

import json

import pytest
from pyarrow import parquet

import resprout as rs

MODEL = rs.load_model()
COMMANDS = {
    "simulate": ("simulate", "saline", "--patients", "3", "--days", "1"),
    "trial berman2000": ("trial", "berman2000", "--replicates", "2", "--point", "--set", "placebo_depth=0.5"),
    "trial": ("trial", "berman2000", "--replicates", "2", "--grid", "n=4,6"),
    "published": ("published", "berman2000", "--replicates", "20"),
    "recruit": ("recruit", "5", "--seed", "3"),
    "compare": ("compare", "--draws", "0"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_json_csv_and_parquet_carry_the_same_block(resprout, tmp_path, words):
    code, out, _ = resprout(*words, "--table", "t.csv", "--json")
    assert code == 0
    told = json.loads(out)["provenance"]
    assert told["model_digest"] == MODEL.digest and told["resprout_version"] == rs.__version__
    assert told["command"].split()[0] == words[0]
    beside = json.loads((tmp_path / "t.csv-metadata.json").read_text(encoding="utf-8"))
    assert beside["url"] == "t.csv" and beside["@context"] == "http://www.w3.org/ns/csvw"
    assert beside["notes"] == [told]
    assert resprout(*words, "--table", "t.parquet", "--json")[0] == 0
    within = parquet.read_schema(tmp_path / "t.parquet").metadata
    assert json.loads(within[b"resprout"]) == told
    assert not (tmp_path / "t.parquet-metadata.json").exists()


def test_a_trial_tells_seed_replicates_constants_and_what_was_set(resprout):
    told = json.loads(resprout(*COMMANDS["trial berman2000"], "--json")[1])["provenance"]
    # the protocol says seed 1
    assert (told["seed"], told["replicates"], told["constants"]) == (1, 2, "at the point estimate")
    assert told["overrides"] == {"placebo_depth": 0.5}


def test_a_table_of_comma_separated_values_holds_nothing_but_the_table(resprout, tmp_path):
    resprout("recruit", "5", "--table", "t.csv")
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 6 and not lines[0].startswith("#")
