"""The commands on the real model, small: what they print and what they write."""

import json

import libsbml
import pandas as pd
import pytest
import xarray as xr

from resprout.language import STAGES, load_model

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
COLUMNS = ["arm", "endpoint", "time_h", "statistic", "value", "lower", "upper", "n"]
FEW = ("--patients", "20", "--days", "2")
# The same outputs in all tests, so that kernels are made once.
KEPT = ("--outputs", "HDRS17,VAS_high,spine_density")


@pytest.mark.parametrize("command", ["demo", "simulate", "trial", "figure", "describe", "export"])
def test_every_command_shows_an_example_in_its_help(resprout, command):
    code, out, _ = resprout(command, "--help")
    assert code == 0
    assert f"resprout {command}" in out.split("Example:")[1]


def test_simulate_writes_table_run_and_report(resprout, tmp_path):
    code, _, _ = resprout("simulate", KETAMINE, *FEW, "--table", "t.csv", "--out", "run.nc", "--report", "r.html")
    assert code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["r.html", "run.nc", "t.csv", "t.csv-metadata.json"]
    table = pd.read_csv(tmp_path / "t.csv")
    assert list(table.columns) == COLUMNS
    assert {"HDRS17", "spine_density", "ketamine_venous"} <= set(table["endpoint"])
    with xr.open_dataset(tmp_path / "run.nc") as run:
        assert run["HDRS17"].dims == ("patient", "time_h")
        assert run.sizes["patient"] == 20
        assert run.attrs["regimen"] == KETAMINE


def test_a_parquet_table_holds_the_same_as_a_csv(resprout, tmp_path):
    for name in ("t.csv", "t.parquet"):
        assert resprout("simulate", KETAMINE, *FEW, *KEPT, "--table", name)[0] == 0
    csv, parquet = pd.read_csv(tmp_path / "t.csv"), pd.read_parquet(tmp_path / "t.parquet")
    # CSV keeps eight digits.
    pd.testing.assert_frame_equal(csv, parquet, rtol=1e-7, check_dtype=False)


def test_simulate_prints_json_that_says_what_made_it(resprout):
    code, out, _ = resprout("simulate", KETAMINE, *FEW, *KEPT, "--json")
    said = json.loads(out)
    assert code == 0
    assert [row["endpoint"] for row in said["rows"]] == KEPT[1].split(",")
    assert said["provenance"]["model_digest"] == load_model().digest


def test_the_same_command_prints_the_same(resprout):
    command = ("simulate", KETAMINE, *FEW, *KEPT, "--json")
    assert resprout(*command)[1] == resprout(*command)[1]


def test_saline_moves_nothing(resprout):
    said = json.loads(resprout("simulate", "saline", *FEW, *KEPT, "--json")[1])
    for row in said["rows"]:
        means = list(row["mean"].values())
        # The resting state is found to the solver's tolerance.
        assert max(means) - min(means) < 1e-3 * max(1, abs(means[0]))


def spine_gain(resprout, *options):
    said = json.loads(resprout("simulate", KETAMINE, *FEW, *KEPT, "--json", *options)[1])
    [mean] = [row["mean"] for row in said["rows"] if row["endpoint"] == "spine_density"]
    return mean["24.0"] - mean["0.0"]


@pytest.mark.parametrize("block", ["AMPA=0.95", "mTORC1=0.9", "TrkB=0.9"])
def test_a_cut_link_leaves_under_a_quarter_of_the_spine_gain(resprout, block):
    # The bound is the usual one for "abolishes": less than 25 % of the effect left.
    assert spine_gain(resprout, "--block", block) < 0.25 * spine_gain(resprout)


def test_met_carriers_gain_fewer_spines(resprout):
    # Liu et al. 2012 (Biol Psychiatry 71:996-1005): the spine response is markedly blunted in Met/Met mice.
    assert spine_gain(resprout, "--genotype", "met/met") < 0.5 * spine_gain(resprout)


def test_a_constant_can_be_set_for_everybody(resprout):
    weak = spine_gain(resprout, "--set", "BDNF_release_factor=0.5")
    assert weak < spine_gain(resprout)


def test_trial_prints_means_and_analysis_as_json(resprout, tmp_path):
    code, out, _ = resprout("trial", "berman2000", "--replicates", "20", "--json", "--table", "t.csv")
    said = json.loads(out)
    assert code == 0
    assert [row["endpoint"] for row in said["anova"]] == ["HDRS25", "VAS_high", "BPRS_positive"]
    assert list(pd.read_csv(tmp_path / "t.csv").columns) == [*COLUMNS, "not_estimable"]


def test_demo_prints_its_table_and_writes_its_report(resprout, tmp_path):
    code, out, _ = resprout("demo", "--replicates", "20")
    assert code == 0
    assert "HDRS25" in out and "saline" in out and "p<.005" in out
    assert "Not medical advice" in out
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_figure_1_is_written_where_it_is_asked_for(resprout, tmp_path):
    code, _, _ = resprout("figure", "1", "--replicates", "20", "--out", "f.html")
    assert code == 0
    assert "HDRS-25" in (tmp_path / "f.html").read_text(encoding="utf-8")


def test_describe_shows_every_stage_and_the_share_assumed(resprout):
    code, out, _ = resprout("describe")
    assert code == 0
    assert all(f"{number} {stage}" in out for number, stage in enumerate(STAGES, start=1))
    assert "share assumed" in out


def test_describe_tells_where_a_quantity_comes_from_and_who_reads_it(resprout):
    said = json.loads(resprout("describe", "glial_uptake", "--json")[1])
    assert said["grade"] in ("measured", "fitted", "assumed")
    assert said["read_by"] and said["unit"]
    _, out, _ = resprout("describe", "glial_uptake")
    assert "read by" in out and "grade" in out


def test_describe_as_json_leaves_no_constant_without_unit_and_origin_and_no_source_dangling(resprout):
    said = json.loads(resprout("describe", "--json")[1])
    rows = [row for stage in said["stages"] for row in stage["constants"]]
    rows += [row for drug in said["library"]["drugs"].values() for row in drug]
    assert len(rows) > 500
    assert [row for row in rows if not row["unit"] or not (row["source"] or row["grade"] == "assumed")] == []
    assert [stage["stage"] for stage in said["stages"] if not 0 <= stage["share_assumed"] <= 1] == []
    assert said["sources"]["dangling"] == [] and said["sources"]["unused"] == []


@pytest.mark.parametrize("name", ["dose", "1", "HDRS17", "ketamine", "drugs", "people", "ratings"])
def test_describe_knows_stages_quantities_drugs_and_people(resprout, name):
    code, out, _ = resprout("describe", name)
    assert code == 0 and out


def test_the_exported_sbml_holds_every_quantity_and_the_dose(resprout, tmp_path):
    code, _, _ = resprout("export", "--to", "sbml", "m.xml", "--regimen", KETAMINE)
    assert code == 0
    document = libsbml.readSBML(str(tmp_path / "m.xml"))
    inner = document.getModel()
    assert all(inner.getParameter(name) is not None for name in load_model().equations)
    # the infusion begins and ends
    assert inner.getNumEvents() == 2


def test_the_archive_is_written_and_a_wrong_regimen_is_refused(resprout, tmp_path):
    assert resprout("export", "--to", "omex", "m.omex")[0] == 0
    code, _, err = resprout("export", "--to", "omex", "n.omex", "--regimen", "ketamin 0.5 mg/kg iv")
    assert code == 2 and "`ketamine`" in err
    assert [path.name for path in tmp_path.iterdir()] == ["m.omex"]


def test_the_exported_antimony_names_every_state(resprout, tmp_path):
    assert resprout("export", "--to", "antimony", "m.ant")[0] == 0
    text = (tmp_path / "m.ant").read_text(encoding="utf-8")
    assert all(f"{state.name}'" in text for state in load_model().states)


def test_describe_lists_scales_and_tells_of_one_that_is_no_quantity(resprout):
    code, out, _ = resprout("describe", "PHQ9", "--json")
    facts = json.loads(out)["PHQ9"]
    assert code == 0 and facts["highest"] == 27 and facts["remission"] == 4 and "HDRS17" in facts["rated"]
    code, out, _ = resprout("describe", "scales", "--json")
    assert code == 0 and {"MADRS", "QIDS_SR16", "PHQ9", "SBP"} <= set(json.loads(out))
    code, out, _ = resprout("describe", "scales")
    assert code == 0 and "PHQ9" in out
    code, out, _ = resprout("describe", "kroenke2001phq", "--json")
    assert code == 0 and json.loads(out)["cited_by"] == ["recall_PHQ9", "PHQ9"]
