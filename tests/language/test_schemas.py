"""No table with a mistake loads in silence: mutated copies of the real tables, each told with file, line and the right name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from resprout.calibrate.data_tables import SCHEMAS as DATA
from resprout.calibrate.data_tables import check_data, data_folder
from resprout.calibrate.hypotheses import read_hypotheses
from resprout.errors import ModelError
from resprout.language import load_model, shipped_folder
from resprout.language.drug_schemas import DRUG_SCHEMAS
from resprout.language.schemas import Parameter
from resprout.language.tables import SCHEMAS

MODEL = load_model()


def mutated(path: Path, row: str, column: str, new: str) -> int:
    """Put a cell into the row that begins with `row`; the line's number."""
    lines = path.read_text(encoding="utf-8").split("\n")
    head = next(line for line in lines if not line.startswith("#")).split("\t")
    number = next(n for n, line in enumerate(lines) if line.startswith(row))
    cells = lines[number].split("\t")
    cells[head.index(column)] = new
    lines[number] = "\t".join(cells)
    path.write_text("\n".join(lines), encoding="utf-8")
    return number + 1


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(shipped_folder(), tmp_path / "model"))


@pytest.fixture
def data(tmp_path):
    return Path(shutil.copytree(data_folder(), tmp_path / "data"))


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    return str(caught.value)


# table, beginning of the row, column, the new cell, what the message says
CELLS = [
    ("parameters", "hepatic_flow\t", "value", "fast", "`fast` is no number"),
    ("parameters", "hepatic_flow\t", "value", "inf", "not finite"),
    ("parameters", "hepatic_flow\t", "value", "", "no value is given"),
    ("parameters", "ketamine_central_volume\t", "value", "0", "Expected above 0"),
    ("parameters", "ketamine_central_volume\t", "value", "-13.7", "Expected above 0"),
    ("parameters", "PV_GluN2B_share\t", "value", "1.2", "Expected from 0 to 1"),
    ("parameters", "hepatic_flow\t", "unit", "L_perh", "Did you mean `L_per_h`"),
    ("parameters", "hepatic_flow\t", "bounds", "positiv", "Did you mean `positive`"),
    ("parameters", "hepatic_flow\t", "stage", "7", "stage `7`"),
    ("parameters", "hepatic_flow\t", "role", "constnat", "Did you mean `constant`"),
    ("parameters", "hepatic_flow\t", "spread", "log 0.2", "Expected one of cv, logsd"),
    ("parameters", "hepatic_flow\t", "spread", "logsd", "spread `logsd`"),
    ("parameters", "hepatic_flow\t", "spread", "cv -0.2", "spread `cv -0.2`"),
    ("parameters", "hepatic_flow\t", "shared", "a name", "shared `a name`"),
    ("parameters", "hepatic_flow\t", "grade", "fittet", "Did you mean `fitted`"),
    ("parameters", "hepatic_flow\t", "source", "", "graded fitted without a source"),
    ("parameters", "hepatic_flow\t", "source", "perezruixo2012", "Did you mean `perezruixo2021`"),
    ("parameters", "hepatic_flow\t", "meaning", "", "no meaning is given"),
    ("parameters", "hepatic_flow\t", "name", "hepatic flow", "name `hepatic flow`"),
    ("parameters", "hepatic_flow\t", "name", "SBP_rest", "given twice"),
    ("people", "age_mean\t", "name", "age_maen", "Did you mean `age_mean`"),
    ("people", "age_mean\t", "name", "age_sd", "given twice"),
    ("people", "age_mean\t", "value", "47 years", "`47 years` is no number"),
    ("people", "age_mean\t", "unit", "yaer", "Did you mean `year`"),
    ("people", "age_mean\t", "grade", "measurd", "Did you mean `measured`"),
    ("people", "age_mean\t", "source", "cochrane2021", "Did you mean `cochrane2021uni`"),
    ("people", "female_share\t", "value", "66.7", "Expected from 0 to 1"),
    ("people", "height_men\t", "value", "-176", "Expected above 0"),
    ("people", "weight_minimum\t", "meaning", "", "no meaning is given"),
    ("ratings", "placebo_depth\t", "name", "placebo_dept", "Did you mean `placebo_depth`"),
    ("ratings", "placebo_depth\t", "value", "-0.6", "Expected from 0 to 1"),
    ("ratings", "placebo_onset\t", "value", "0", "Expected above 0"),
    ("ratings", "placebo_onset\t", "unit", "hours", "Did you mean `hour`"),
    ("ratings", "fluctuation\t", "source", "bermann2000", "Did you mean `berman2000`"),
    ("ratings", "fluctuation\t", "bounds", "", "no bounds is given"),
    ("items", "HDRS6\tHDRS_1\t", "group", "HDRS66", "Did you mean `HDRS6`"),
    ("items", "HDRS6\tHDRS_1\t", "highest", "3", "Expected 3, one a point"),
    ("items", "HDRS6\tHDRS_1\t", "highest", "four", "`four` is no whole number"),
    ("items", "HDRS6\tHDRS_1\t", "slope", "-3.42", "Expected a number above 0"),
    ("items", "HDRS6\tHDRS_1\t", "thresholds", "-2.2 0.73 -0.73 2.2", "Expected rising numbers"),
    ("items", "HDRS6\tHDRS_1\t", "thresholds", "-2.2 -0.73 0.73", "3 thresholds"),
    ("items", "HDRS6\tHDRS_1\t", "domain", "moood", "Did you mean `mood`"),
    ("items", "HDRS6\tHDRS_1\t", "item", "HDRS_2", "given twice"),
    ("items", "MADRS\tMADRS_1\t", "source", "carmody2060", "Did you mean `carmody2006`"),
    ("scales", "HDRS17\t", "scale", "HDRS71", "`HDRS71` is no quantity of the model"),
    ("scales", "HDRS17\t", "extends", "HDRS66", "Did you mean `HDRS6`"),
    ("scales", "HDRS17\t", "extends", "HDRS21", "`HDRS21` stands below"),
    ("scales", "HDRS21\t", "ratio", "HDRS21_pre_HDRS17", "Did you mean `HDRS21_per_HDRS17`"),
    ("scales", "MADRS_suicidality\t", "item", "MADRS_11", "Did you mean `MADRS_1"),
    ("scales", "MADRS_suicidality\t", "output", "", "go together"),
    ("scales", "CADSS\t", "remission", "4", "rates no depression"),
    ("scales", "MADRS\t", "rater_error", "rater_VAS_high", "rated item by item"),
    ("scales", "SBP\t", "rater_error", "rater_blood_presure", "Did you mean `rater_blood_pressure`"),
    ("scales", "SBP\t", "highest", "50", "Expected the lower one first"),
    ("scales", "SBP\t", "unit", "mmHgg", "Did you mean `mmHg`"),
    ("scales", "SBP\t", "step", "0", "above 0"),
    ("correlations", "ketamine_volume\t", "first", "ketamin_volume", "Did you mean `ketamine_volume`"),
    ("correlations", "ketamine_volume\t", "correlation", "1.48", "below 1"),
    ("draws", "hepatic_flow\t", "name", "hepatic_flwo", "Did you mean `hepatic_flow`"),
    ("draws", "hepatic_flow\t", "values", "124 -124", "draw 2 of `hepatic_flow` is -124. Expected above 0"),
    ("draws", "hepatic_flow\t", "values", "124 one", "`one` is no number"),
    ("draws", "severity_time\t", "values", "1.5 1.6", "`severity_time` has 2 draws"),
    ("species", "rodent\tbody_weight\t", "constant", "body_wieght", "Did you mean `body_weight`"),
    ("species", "rodent\tbody_weight\t", "unit", "litre", "Expected kg, its unit in parameters.tsv"),
    ("species", "rodent\tbody_weight\t", "value", "0", "Expected above 0"),
    ("persons", "rodent\t", "species", "rodnt", "Did you mean `rodent`"),
    ("persons", "patient\t", "constants", "glial_uptak=0.68", "Did you mean `glial_uptake`"),
    ("persons", "patient\t", "constants", "glial_uptake 0.68", "is not understood"),
    ("interventions", "IV001\t", "person", "rodnet", "Did you mean `rodent`"),
    ("interventions", "IV001\t", "expected", "abolihs", "Did you mean `abolish`"),
    ("interventions", "IV001\t", "verification", "raed", "Did you mean `read`"),
    ("interventions", "IV001\t", "source", "zhou2041", "Did you mean `zhou2014`"),
    ("interventions", "IV001\t", "measure", "severty at 24.5", "Did you mean `severity`"),
    ("interventions", "IV001\t", "measure", "severity around 24", "is not understood"),
    ("interventions", "IV001\t", "id", "IV002", "given twice"),
    ("facts", "F01\t", "person", "rodents", "Did you mean `rodent`"),
    ("facts", "F01\t", "measure", "glutamate_releas peak 0 2", "Did you mean `glutamate_release`"),
    ("facts", "F01\t", "expected", "upp", "Did you mean `up`"),
    ("compared_drugs", "saline\t", "family", "", "no family is given"),
    ("annotations", "S_ketamine_gut\t", "qualifier", "isVersion", "Did you mean `isVersionOf`"),
    ("annotations", "S_ketamine_gut\t", "id", "CHEBI 6121", "Expected an identifier"),
    ("annotations", "S_ketamine_gut\t", "name", "S_ketamine_gutt", "Did you mean `S_ketamine_gut`"),
]


@pytest.mark.parametrize(("table", "row", "column", "new", "told"), CELLS)
def test_a_wrong_cell_is_told_with_file_line_and_the_right_name(folder, table, row, column, new, told):
    line = mutated(folder / f"{table}.tsv", row, column, new)
    message = refused(folder)
    assert told in message
    assert f"{table}.tsv:{line}" in message or "given twice" in message


TABLES = ["parameters", "people", "ratings", *SCHEMAS, *DRUG_SCHEMAS]


@pytest.mark.parametrize("table", TABLES)
def test_a_misspelt_column_is_told_with_the_right_one(folder, table):
    path = folder / f"{table}.tsv"
    lines = path.read_text(encoding="utf-8").split("\n")
    at = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    column = lines[at].split("\t")[1]
    lines[at] = lines[at].replace(f"\t{column}", f"\t{column}x", 1)
    path.write_text("\n".join(lines), encoding="utf-8")
    message = refused(folder)
    assert f"{table}.tsv:{at + 1}" in message and f"Did you mean `{column}`" in message


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["a cell more", "a cell less"])
def test_a_row_with_a_cell_too_many_or_too_few_is_told(folder, table, change):
    path = folder / f"{table}.tsv"
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    lines[-1] = f"{lines[-1]}\tx" if change == "a cell more" else lines[-1].rpartition("\t")[0]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert f"{table}.tsv:{len(lines)}  " in refused(folder)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_stands_twice_is_told(folder, table):
    path = folder / f"{table}.tsv"
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    path.write_text("\n".join([*lines, lines[-1]]) + "\n", encoding="utf-8")
    message = refused(folder)
    assert f"{table}.tsv:{len(lines) + 1}" in message and "given twice" in message


@pytest.mark.parametrize(
    ("table", "row"), [("people", "age_mean"), ("ratings", "placebo_depth"), ("items", "MADRS\tMADRS_4")]
)
def test_a_row_that_is_gone_is_missed(folder, table, row):
    path = folder / f"{table}.tsv"
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if not line.startswith(f"{row}\t")]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert f"{table}.tsv  " in refused(folder)


def test_all_faults_of_all_tables_are_told_at_once(folder):
    for table, row, column, new in (
        ("parameters", "hepatic_flow\t", "grade", "fittet"),
        ("people", "age_mean\t", "unit", "yaer"),
        ("items", "HDRS6\tHDRS_1\t", "slope", "0"),
        ("draws", "hepatic_flow\t", "name", "hepatic_flwo"),
        ("persons", "patient\t", "constants", "glial_uptak=0.68"),
        ("facts", "F01\t", "person", "rodents"),
    ):
        mutated(folder / f"{table}.tsv", row, column, new)
    message = refused(folder)
    assert all(f"{table}.tsv:" in message for table in ("parameters", "people", "items", "draws", "persons", "facts"))


def test_a_name_shared_by_an_item_and_a_constant_is_told(folder):
    mutated(folder / "ratings.tsv", "rater_VAS_high\t", "name", "HDRS_1_slope")
    assert "`HDRS_1_slope` is given twice" in refused(folder)


@pytest.mark.parametrize(
    ("column", "new", "told"),
    [
        ("constant", "interneuron_block_wieght", "Did you mean `interneuron_block_weight`"),
        ("constant", "placebo_depth", "is no constant of the model"),
        ("value", "none", "`none` is no number"),
        ("value", "-1", "Expected at least 0"),
        ("source", "miler2014", "Did you mean `miller2014`"),
        ("meaning", "", "no meaning is given"),
    ],
)
def test_a_wrong_cell_of_a_variant_is_told(folder, column, new, told):
    line = mutated(folder / "variants" / "direct.tsv", "interneuron_block_weight\t", column, new)
    with pytest.raises(ModelError) as caught:
        read_hypotheses(load_model(folder))
    assert told in str(caught.value) and f"variants/direct.tsv:{line}" in str(caught.value)


DATA_CELLS = [
    ("measurements", "PB001\t", "unit", "ng_per_ml", "Did you mean `ng_per_mL`"),
    ("measurements", "PB001\t", "stage", "0", "stage `0`"),
    ("measurements", "PB001\t", "person", "helathy", "Did you mean `healthy`"),
    ("measurements", "PB001\t", "source", "zarate2060", "Did you mean `zarate2006`"),
    ("measurements", "PB001\t", "verification", "recall", "Expected one of read"),
    ("measurements", "PB001\t", "rule", "witin", "Did you mean `within`"),
    ("measurements", "PB001\t", "sd", "0", "above 0"),
    ("measurements", "PB001\t", "lower", "500", "Expected below"),
    ("measurements", "PB001\t", "observed", "18500", "Expected between"),
    ("measurements", "PB001\t", "used_in_fit", "yes", "used_in_fit `yes`"),
    ("measurements", "PB001\t", "measure", "ketamine_venous most 0 2", "is not understood"),
    ("measurements", "PB001\t", "id", "PB002", "given twice"),
    ("fitted", "hepatic_flow\t", "name", "hepatic_flwo", "Did you mean `hepatic_flow`"),
    ("fitted", "hepatic_flow\t", "holds", "people", "Expected constant"),
    ("fitted", "hepatic_flow\t", "scale", "lgo", "Did you mean `log`"),
    ("fitted", "hepatic_flow\t", "prior_sd", "-0.1", "above 0"),
    ("fitted", "hepatic_flow\t", "holds", "constants", "Did you mean `constant`"),
    ("fixed_constants", "thermal_voltage\t", "constant", "thermal_votlage", "Did you mean `thermal_voltage`"),
    ("fixed_constants", "thermal_voltage\t", "reason", "", "no reason is given"),
    ("trials", "berman2000\t", "trial", "bermann2000", "Did you mean `berman2000`"),
    ("trials", "berman2000\t", "replicates", "0", "at least 1"),
    ("trials", "berman2000\t", "quick", "maybe", "quick `maybe`"),
    ("misses", "PB003\t", "id", "PB303", "is no row of the scoreboard"),
    ("left_out", "PB099\t", "reason", "", "no reason is given"),
    ("left_out_studies", "TRANSFORM-3", "missing_feature", "", "Expected a feature of protocols, or `none`"),
    ("left_out_studies", "TRANSFORM-3", "evidence", "CR049", "given twice"),
    ("scoreboard", "PB001\t", "pass", "treu", "Did you mean `true`"),
    ("scoreboard", "PB001\t", "group", "labaratory", "Did you mean `laboratory`"),
    ("posterior", "hepatic_flow\t", "nearest", "gut_wall_escap", "Did you mean `gut_wall_escape`"),
    ("posterior", "hepatic_flow\t", "R_hat", "good", "`good` is no number"),
    ("left_out_trials", "berman2000\t", "trial", "berman200", "Did you mean `berman2000`"),
]


@pytest.mark.parametrize(("table", "row", "column", "new", "told"), DATA_CELLS)
def test_a_wrong_cell_of_the_calibration_is_told(data, table, row, column, new, told):
    line = mutated(data / f"{table}.tsv", row, column, new)
    with pytest.raises(ModelError) as caught:
        check_data(MODEL, data)
    assert told in str(caught.value)
    assert f"{table}.tsv:{line}" in str(caught.value) or "given twice" in told


@pytest.mark.parametrize("table", DATA)
def test_a_misspelt_column_of_the_calibration_is_told(data, table):
    path = data / f"{table}.tsv"
    text = path.read_text(encoding="utf-8")
    head = next(line for line in text.split("\n") if not line.startswith("#"))
    column = head.split("\t")[-1]
    path.write_text(text.replace(head, f"{head}s", 1), encoding="utf-8")
    with pytest.raises(ModelError, match=f"Did you mean `{column}`"):
        check_data(MODEL, data)


def test_the_tables_of_the_calibration_are_right():
    check_data(MODEL)


def test_a_fault_names_the_column_that_is_wrong(folder):
    mutated(folder / "parameters.tsv", "hepatic_flow\t", "grade", "fittet")
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert [fault.field for fault in caught.value.faults] == ["grade"]


def test_the_columns_of_a_table_are_the_fields_of_its_schema():
    head = (shipped_folder() / "parameters.tsv").read_text(encoding="utf-8").split("\n")[0]
    assert tuple(head.split("\t")) == Parameter.columns()
