"""What the loader promises: a checked model, or every fault at once with file and line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from resprout.calibrate.measurements import read_measurements
from resprout.errors import ModelError
from resprout.language import citation, find_quantity, load_model
from resprout.language.drug_instances import with_drugs
from resprout.language.load import _from_json


def broken(folder: Path, file: str, old: str, new: str) -> str:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    return str(caught.value)


def test_a_model_knows_unit_source_grade_and_place_of_every_constant(toy_folder):
    loss = load_model(toy_folder).constants["loss_rate"]
    assert (loss.unit, loss.source, loss.grade, loss.spread, loss.line) == ("per_hour", "book", "measured", "cv 0.2", 3)


def test_assigned_quantities_come_in_an_order_in_which_they_can_be_computed(toy_folder):
    (toy_folder / "5_spine.ant").write_text(
        "level := 2 * later  // [dimensionless] first in the file\nlater := growth * gain * steepness  // [dimensionless] needed by the one above\n",
        encoding="utf-8",
    )
    assert [equation.name for equation in load_model(toy_folder).assigned] == ["taken", "later", "level"]


def test_a_second_load_gives_the_same_model_from_the_cache(toy_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("RESPROUT_CACHE", str(tmp_path / "cache"))
    first = load_model(toy_folder)
    from resprout.language import load

    load._load.cache_clear()
    again = load_model(toy_folder)
    assert again is not first
    assert again.sbml == first.sbml
    assert again.constants == first.constants
    assert again.states == first.states


def test_an_unknown_name_in_an_equation_is_named_with_its_nearest(toy_folder):
    message = broken(toy_folder, "3_circuit.ant", "(taken - fast)", "(takn - fast)")
    assert "3_circuit.ant:2" in message
    assert "Did you mean `taken`?" in message


def test_a_unit_that_does_not_fit_is_found_at_its_line(toy_folder):
    message = broken(toy_folder, "2_receptor.ant", "saturating(drug / half_amount)", "saturating(drug)")
    assert "2_receptor.ant:2" in message


def test_a_rate_in_the_wrong_unit_is_found(toy_folder):
    message = broken(toy_folder, "1_dose.ant", "infusion - loss_rate * drug", "infusion - drug")
    assert "1_dose.ant:2" in message


def test_all_faults_are_told_at_once(toy_folder):
    (toy_folder / "3_circuit.ant").write_text("fast' = fast_rate * (tken - fast)\n", encoding="utf-8")
    message = broken(toy_folder, "parameters.tsv", "book\tmeasured\tE1", "novel\tmeasurd\tE1")
    assert "no unit and meaning" in message
    assert "`novel` is no source in sources.bib" in message
    assert "measurd" in message


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gain\t2", "gain\ttwo", "`two` is no number"),
        ("gain\t2", "gain\tnan", "not finite"),
        ("gain\t2", "steepness\t2", "given twice"),
        ("cv 0.2", "wide 0.2", "spread `wide 0.2`"),
        ("book\tmeasured\tE2", "\tmeasured\tE2", "without a source"),
    ],
)
def test_a_wrong_cell_of_a_table_is_told_in_words(toy_folder, old, new, told):
    assert told in broken(toy_folder, "parameters.tsv", old, new)


def test_quantities_that_define_each_other_are_refused(toy_folder):
    message = broken(toy_folder, "5_spine.ant", "level :=", "level := 0 * other +")
    assert "other" in message
    (toy_folder / "5_spine.ant").write_text(
        "level := other  // [dimensionless] one\nother := level + 0 * gain * steepness * growth  // [dimensionless] two\n",
        encoding="utf-8",
    )
    with pytest.raises(ModelError, match="define each other"):
        load_model(toy_folder)


def test_a_missing_stage_file_is_told(toy_folder):
    (toy_folder / "4_signal.ant").unlink()
    with pytest.raises(ModelError, match=r"4_signal\.ant"):
        load_model(toy_folder)


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(ModelError, match="is no folder"):
        load_model(tmp_path / "nothing")


def test_the_nearest_quantity_is_offered():
    with pytest.raises(ModelError, match="Did you mean `glial_uptake`"):
        find_quantity(load_model(), "glial_uptak")


def test_every_source_of_the_shipped_model_is_used_and_none_dangles():
    model = load_model()
    cited = {key for constant in model.constants.values() for key in constant.source.split()}
    tables = ("correlations", "interventions", "facts", "species")
    cited |= {key for table in tables for row in model.tables[table] for key in row["source"].split()}
    cited |= {key for scale in model.scales.values() for key in scale.remission_source.split()}
    cited |= {key for row in read_measurements(model) for key in row.source.split()}
    assert cited == {row["key"] for row in model.tables["sources"]}


def test_every_constant_has_a_source_or_says_that_it_is_assumed():
    for constant in load_model().constants.values():
        assert constant.source or constant.grade == "assumed", constant.name


def test_a_citation_is_one_line():
    line = citation({"author": "A. Writer", "year": "2001", "title": "A {Book}", "doi": "10.1/x"})
    assert line == "A. Writer. (2001). A Book. doi:10.1/x"


def test_a_model_from_the_cache_is_the_model_that_was_checked():
    first = load_model()
    fields = dataclasses.asdict(first)
    again = _from_json(json.loads(json.dumps(fields)), first.folder)
    assert dataclasses.asdict(again) == fields
    assert with_drugs(again, ["ketamine"]) is again
