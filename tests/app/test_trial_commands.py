"""`trial` with grids, schema and reports, `recruit` and `published` from the command line."""

import json
import re
import shutil

import pandas as pd
import pytest

from resprout.language.load import shipped_folder

SMALL = """
name: small
title: Ketamine against midazolam
design: parallel
control: midazolam
entry: {minimum: {MADRS: 28}}
arms:
  - {name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min, size: 8}
  - {name: midazolam, regimen: midazolam 0.045 mg/kg iv over 40 min, size: 8, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 24 h, 7 d]}
  - {name: CADSS, visits: [0 min, 40 min, 2 h]}
primary: {endpoint: MADRS, time: 24 h}
analysis: [mmrm, responder]
dropout: {completely_at_random: 0.05}
published:
  - {evidence: X1, arm: ketamine, endpoint: MADRS, statistic: mean_change, time: 24 h, value: -16, verification: read}
"""


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    return "small.yaml"


def test_a_protocol_gives_table_published_numbers_and_a_report_a_clinician_can_read(resprout, tmp_path, small):
    files = ("--table", "t.csv", "--published", "p.csv", "--report", "r.html")
    code, out, err = resprout("trial", small, "--replicates", "20", *files)
    assert code == 0, err
    assert "mmrm" in out and "1 of 1 published numbers" in out
    assert pd.read_csv(tmp_path / "p.csv")["evidence"].tolist() == ["X1"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for heading in ("Design", "Patients", "Responders", "Safety", "Analyses", "Published numbers", "Limits"):
        assert f"<h2>{heading}</h2>" in page


def test_a_grid_is_tabulated_and_drawn(resprout, tmp_path, small):
    axes = ("--grid", "n=4,8", "--grid", "dose=0.2,0.5")
    code, out, err = resprout("trial", small, "--replicates", "20", *axes, "--table", "g.csv", "--picture", "g.html")
    assert code == 0, err
    table = pd.read_csv(tmp_path / "g.csv")
    assert len(table) == 4 and {"n", "dose", "power", "difference", "dissociation"} <= set(table)
    assert "power" in out and (tmp_path / "g.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_a_trial_runs_on_a_user_defined_model(resprout, tmp_path, small):
    shutil.copytree(str(shipped_folder()), tmp_path / "mine")
    ratings = tmp_path / "mine" / "ratings.tsv"
    rows = ratings.read_text(encoding="utf-8").splitlines()
    # nobody expects anything of a sedating control
    changed = [re.sub(r"^(belief_midazolam\t)[^\t]+", r"\g<1>0", row) for row in rows]
    ratings.write_text("\n".join(changed) + "\n", encoding="utf-8")
    means = {}
    for name, options in (("shipped", ()), ("mine", ("--model", "mine"))):
        code, out, err = resprout("trial", small, "--replicates", "10", "--point", "--json", *options)
        assert code == 0, err
        rows = pd.DataFrame(json.loads(out)["table"])
        chosen = "arm == 'midazolam' and endpoint == 'MADRS' and time_h == 24 and statistic == 'mean'"
        means[name] = rows.query(chosen)["value"].item()
    assert means["mine"] > means["shipped"] + 1


def test_the_schema_is_printed(resprout):
    code, out, _ = resprout("trial", "--schema")
    assert code == 0 and "arms" in json.loads(out)["properties"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no trial is named"),
        (("small.yaml", "--grid", "n=1"), "whole number from 2"),
        (("small.yaml", "--grid", "m=10"), "cannot be varied"),
        (("small.yaml", "--picture", "p.html"), "no grid to draw"),
        (("small.yaml", "--grid", "n=8", "--report", "r.html"), "no report"),
    ],
)
def test_senseless_options_are_refused(resprout, small, words, says):
    code, _, err = resprout("trial", *words)
    assert code == 2 and says in err and "Traceback" not in err


def test_recruit_lists_people_and_says_who_they_are(resprout, tmp_path):
    code, out, err = resprout("recruit", "60", "--entry", "MADRS>=28, age 20-60", "--table", "people.csv")
    assert code == 0, err
    people = pd.read_csv(tmp_path / "people.csv")
    assert len(people) == 60 and people["age"].between(20, 60).all()
    assert {"height_cm", "BMI", "CYP2B6", "comedication", "genotype"} <= set(people)
    assert "60 patients enrolled of" in out


def test_recruit_refuses_what_is_no_criterion(resprout):
    code, _, err = resprout("recruit", "5", "--entry", "HDRS99>=1")
    assert code == 2 and "no entry criterion" in err


def test_published_counts_what_lies_inside(resprout):
    code, out, err = resprout("published", "valentine2011", "--replicates", "20", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["counted"] == 2 == len(said["rows"]) and 0 <= said["inside"] <= 2
