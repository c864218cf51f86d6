"""`resprout patient`, and the page's *Command line* and *Python* buttons: both give the numbers of the page to the printed digit."""

import csv
import json
import shlex

import pytest

import resprout as rs
from resprout.app.patient_command import sentences_of
from resprout.app.serve.callbacks import path_response

MODEL = rs.load_model()
STATES = {
    "as it opens": {},
    "another patient": {"glial": "60", "stress": "1.55", "weight": "82", "genotype": "Met/Met", "enzyme": "slow"},
    "blocks": {"mTORC1_block": "90", "AMPA_block": "35", "days": "7"},
    "repeated nasal doses": {"drug": "S_ketamine", "amount": "84", "unit": "mg", "route": "nasal", "times": "8", "every": "3.5", "days": "28"},
    "a second drug": {"drug2": "scopolamine", "amount2": "0.25", "unit2": "mg", "route2": "iv", "minutes2": "15", "start2": "24"},
    "another hypothesis": {"hypothesis": "direct"},
}  # fmt: skip


def answered(sent):
    names = [field for field in sent if field == "hypothesis"]
    if names:
        from resprout.app.serve.form_fields import fields_of

        sent = {**sent, "hypothesis": fields_of(MODEL)["hypothesis"].choices[1][0]}
    answer = path_response({"fields": sent}, MODEL)
    assert answer["faults"] == {}
    return answer


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("sent", STATES.values(), ids=STATES)
def test_the_command_line_of_the_page_prints_the_sentences_of_the_page(resprout, sent):
    page = answered(sent)
    first, *options = shlex.split(page["command"])
    assert first == "resprout"
    code, out, said = resprout(*options)
    assert (code, said) == (0, "")
    for stage, sentence in page["sentences"].items():
        assert words(f"{stage}: {sentence}") in words(out)
    for limit in page["caveats"]:
        assert words(limit) in words(out)


@pytest.mark.parametrize("sent", STATES.values(), ids=STATES)
def test_the_python_of_the_page_gives_the_sentences_of_the_page(sent, capsys):
    page, names = answered(sent), {}
    exec(compile(page["python"], "page", "exec"), names)
    capsys.readouterr()
    assert sentences_of(names["run"], MODEL) == page["sentences"]


def test_the_table_holds_every_output_at_every_time_with_its_provenance(resprout, tmp_path):
    code, out, _ = resprout(
        "patient", "saline", "--days", "1", "--outputs", "HDRS17,stress", "--table", "t.csv", "--json"
    )
    assert code == 0 and json.loads(out)["rows"][0]["endpoint"] == "HDRS17"
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["output"] for row in rows} == {"HDRS17", "stress"}
    assert (
        json.loads((tmp_path / "t.csv-metadata.json").read_text(encoding="utf-8"))["notes"][0]["glial_uptake"] == 0.75
    )


def test_all_mistakes_are_told_at_once(resprout):
    code, _, said = resprout(
        "patient", "saline", "--genotype", "val", "--cyp2b6", "fast", "--block", "mTORC1", "--days", "-1"
    )
    assert code == 2
    assert all(word in said for word in ("val/met", "intermediate", "mTORC1=0.9", "-1 days"))
