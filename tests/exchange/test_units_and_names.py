"""Units of time in any spelling, files in any encoding and names like our own: read, run, and written out again."""

from __future__ import annotations

import codecs
import math

import libsbml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resprout as rs
from resprout.errors import ModelError
from resprout.exchange.imported_export import antimony_text, export_imported
from resprout.exchange.imported_model import import_model
from resprout.exchange.patient_export import export_sbml, read_regimen
from resprout.language import load_model
from resprout.simulation.imported_simulation import outputs_by_name
from resprout.simulation.labelled_results import OWN_NAMES

MATH = "http://www.w3.org/1998/Math/MathML"
CORE = "http://www.sbml.org/sbml/level3/version2/core"


def decay(name="A", units="", attributes="", head='<?xml version="1.0" encoding="UTF-8"?>', title="m"):
    """dA/dt = -0.01 A from 10."""
    return (
        f'{head}<sbml xmlns="{CORE}" level="3" version="2"><model id="m" name="{title}" {attributes}>{units}'
        f'<listOfParameters><parameter id="{name}" value="10" constant="false"/></listOfParameters><listOfRules>'
        f'<rateRule variable="{name}"><math xmlns="{MATH}"><apply><times/><cn>-0.01</cn><ci>{name}</ci></apply></math>'
        "</rateRule></listOfRules></model></sbml>"
    )


def unit(*parts):
    inner = "".join(
        f'<unit kind="{kind}" exponent="{exponent}" scale="{scale}" multiplier="{multiplier}"/>'
        for kind, exponent, scale, multiplier in parts
    )
    definition = f'<unitDefinition id="tick"><listOfUnits>{inner}</listOfUnits></unitDefinition>'
    return decay(units=f"<listOfUnitDefinitions>{definition}</listOfUnitDefinitions>", attributes='timeUnits="tick"')


def imported(folder, content, name="m.xml"):
    file = folder / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content, encoding="utf-8")
    return import_model(file)


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        ([("second", 1, 0, 60)], 60),
        ([("dimensionless", 1, 0, 60), ("second", 1, 0, 1)], 60),
        ([("hertz", -1, 0, 1)], 1),
        ([("hertz", -1, 0, 0.5)], 2),
        ([("becquerel", -1, 3, 1)], 1e-3),
        ([("second", 2, 0, 60), ("second", -1, 0, 1)], 3600),
        ([("metre", 1, 0, 1), ("metre", -1, 0, 1), ("second", 1, 3, 3.6)], 3600),
        ([("joule", 1, 0, 1), ("watt", -1, 0, 1)], 1),
        ([("coulomb", 1, 0, 1), ("ampere", -1, 0, 1)], 1),
        ([("litre", 1, 0, 1), ("litre", -1, 0, 1), ("second", 1, 0, 86400)], 86400),
    ],
)
def test_a_unit_of_time_is_known_by_its_meaning(tmp_path, parts, seconds):
    model = imported(tmp_path, unit(*parts))
    assert model.hours_per_unit == pytest.approx(seconds / 3600, rel=1e-12)
    run = rs.simulate_imported(model, 100 * model.hours_per_unit, outputs=["A"])
    # a hundred units: 10 e^-1; a step is held to 1e-8
    assert float(run["A"][0, -1]) == pytest.approx(10 * math.exp(-1), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    multiplier=st.floats(1e-3, 1e3),
    scale=st.integers(-9, 9),
    others=st.lists(st.sampled_from(["metre", "litre", "mole", "volt", "newton", "dimensionless"]), max_size=3),
)
def test_what_cancels_in_a_unit_of_time_does_not_matter(tmp_path_factory, multiplier, scale, others):
    pairs = [(kind, exponent, 0, 1) for kind in others for exponent in (2, -2)]
    model = imported(tmp_path_factory.mktemp("unit"), unit(("second", 1, scale, multiplier), *pairs))
    assert model.hours_per_unit * 3600 == pytest.approx(multiplier * 10.0**scale, rel=1e-9)


def test_what_is_no_time_is_said_and_counted_as_hours(tmp_path):
    model = imported(tmp_path, unit(("metre", 1, 0, 1)))
    assert model.hours_per_unit == 1 and "`tick` is declared, which is no unit of time" in model.time_note
    assert "not declared" in imported(tmp_path, decay()).time_note


def test_level_2_counts_in_seconds_where_it_declares_nothing(tmp_path):
    content = decay().replace(CORE, "http://www.sbml.org/sbml/level2/version4")
    content = content.replace('level="3" version="2"', 'level="2" version="4"')
    model = imported(tmp_path, content)
    assert model.hours_per_unit == pytest.approx(1 / 3600) and "Level 2" in model.time_note
    # written as Level 3 it says so itself
    again = imported(tmp_path, export_imported(model), "again.xml")
    assert (again.time_unit, again.hours_per_unit) == ("second", model.hours_per_unit)


@pytest.mark.parametrize("form", ["xml", "ant"])
def test_units_of_time_substance_and_volume_travel_through_export(tmp_path, form):
    text = """model m
      unit minute = 60 second; unit time_unit = minute; unit volume = 1e-3 litre; unit substance = 1e-9 mole;
      compartment C = 2; species S in C = 10; k = 0.1; J: S -> ; k*S*C;
    end"""
    model = imported(tmp_path, text, "m.ant")
    written = export_imported(model)
    again = imported(tmp_path, written if form == "xml" else antimony_text(written), f"again.{form}")
    assert (again.time_unit, again.hours_per_unit) == (model.time_unit, pytest.approx(1 / 60))
    inner = libsbml.readSBMLFromString(export_imported(again))
    units = {}
    for name in ("C", "S"):
        found = inner.getModel().getElementBySId(name).getDerivedUnitDefinition()
        units[name] = libsbml.UnitDefinition.printUnits(libsbml.UnitDefinition.convertToSI(found), True)
    # a millilitre and a nanomole in it, in the units of the SI, by hand
    assert units["C"] == "(0.01 metre)^3" and units["S"].startswith("(1e-09 mole)^1")
    values = [rs.simulate_imported(each, 1.0, outputs=["S"])["S"].values for each in (model, again)]
    assert values[0].tolist() == values[1].tolist()


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("ISO-8859-1", b""),
        ("windows-1252", b""),
        ("US-ASCII", b""),
        ("UTF-8", codecs.BOM_UTF8),
        ("UTF-16", b""),
        ("UTF-16LE", b""),
        ("UTF-16BE", b""),
        ("UTF-32", b""),
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_declares(tmp_path, encoding, mark):
    title = "m" if encoding == "US-ASCII" else "Müller"
    content = decay(head=f"<?xml version='1.0' encoding='{encoding}'?>\n", title=title)
    assert imported(tmp_path, mark + content.encode(encoding)).name == title


@pytest.mark.parametrize(
    ("declared", "content", "said"),
    [
        ("klingon", decay(head="<?xml version='1.0' encoding='klingon'?>").encode(), "`klingon`"),
        ("hex", decay(head="<?xml version='1.0' encoding='hex'?>").encode(), "`hex`"),
        ("UTF-8", decay(title="Müller").encode("latin-1"), "not written in utf-8"),
    ],
)
def test_an_encoding_that_does_not_hold_is_said(tmp_path, declared, content, said):
    with pytest.raises(ModelError) as caught:
        imported(tmp_path, content)
    assert said.lower() in str(caught.value).lower() and "Save it as UTF-8" in str(caught.value)


@pytest.mark.parametrize(
    "name", [*OWN_NAMES, "endpoint", "value", "lambda", "None", "nan", "pi", "exp", "self", "elapsed_time"]
)
def test_a_name_of_our_own_or_of_python_is_a_name_like_any_other(tmp_path, name):
    content = unit(("second", 1, 0, 3600)).replace('"A"', f'"{name}"').replace("<ci>A<", f"<ci>{name}<")
    run = rs.simulate_imported(imported(tmp_path, content), 100, overrides={name: [10.0, 20.0]})
    # 10 e^-1 and 20 e^-1; a step is held to 1e-8
    assert outputs_by_name(run)[name][:, -1].values == pytest.approx([10 * math.exp(-1), 20 * math.exp(-1)], rel=1e-6)
    assert run["time_h"].values[-1] == 100 and run["status"].values.tolist() == [0, 0]
    assert (f"`{name}` of the file is `{name}_`" in run.attrs["notes"]) == (name in OWN_NAMES)


@settings(max_examples=6, deadline=None)
# the model itself is called m
@given(name=st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True).filter(lambda name: name != "m"))
def test_no_name_clashes(tmp_path_factory, name):
    run = rs.simulate_imported(imported(tmp_path_factory.mktemp("name"), decay(name)), 100)
    assert float(outputs_by_name(run)[name][0, -1]) == pytest.approx(10 * math.exp(-1), rel=1e-6)


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ("esketamine 14 mg im + esketamine 28 mg im", "esketamine 42 mg im"),
        ("ketamine 20 mg iv over 40 min + ketamine 30 mg iv over 40 min", "ketamine 50 mg iv over 40 min"),
    ],
)
def test_doses_of_one_moment_are_added_in_the_file_that_is_written(several, one):
    model = load_model()
    written = [export_sbml(model, read_regimen(model, text)) for text in (several, one)]
    documents = [libsbml.readSBMLFromString(text) for text in written]
    documents[0].checkConsistency()
    assert documents[0].getNumErrors(libsbml.LIBSBML_SEV_ERROR) == 0
    changes = [
        {
            (event.getTrigger().getMath().getRightChild().getValue(), change.getVariable()): added(change.getMath())
            for event in document.getModel().getListOfEvents()
            for change in event.getListOfEventAssignments()
        }
        for document in documents
    ]
    # the sum of two doses in binary numbers
    assert changes[0] == pytest.approx(changes[1], rel=1e-12)


def added(tree):
    """The last number of `x + number` or `number`."""
    return tree.getRightChild().getValue() if tree.getNumChildren() else tree.getValue()
