"""What a file of one's own may hold, and how the rest is refused."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.errors import InputError, ModelError
from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients

CORE = "http://www.sbml.org/sbml/level3/version2/core"
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
ONE = f"{MATH}<cn>1</cn></math>"
HOME = '<listOfCompartments><compartment id="C" size="1" constant="true"/></listOfCompartments>'
STOCK = (
    '<listOfSpecies><species id="S" compartment="C" initialConcentration="1" hasOnlySubstanceUnits="false" '
    'boundaryCondition="false" constant="false"/></listOfSpecies>'
)
LIVE = '<listOfParameters><parameter id="x" value="1" constant="false"/></listOfParameters>'
CALLED = '<listOfRules><rateRule variable="x">{}{}</math></rateRule></listOfRules>'
EVENT = f'<event id="E" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">{MATH}<true/></math></trigger>'


def csymbol(name: str, *arguments: str) -> str:
    return (
        f'<apply><csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/{name}">{name}</csymbol>'
        f"{''.join(arguments)}</apply>"
    )


def reaction(count: str, law: str = f"<kineticLaw>{ONE}</kineticLaw>", more: str = "") -> str:
    taken = f'<listOfReactants><speciesReference species="S" {count}/></listOfReactants>'
    return f'<listOfReactions><reaction id="J" reversible="false" {more}>{taken}{law}</reaction></listOfReactions>'


REFUSED = {
    "constraint": LIVE + f"<listOfConstraints><constraint>{MATH}<true/></math></constraint></listOfConstraints>",
    "`delay`": LIVE + CALLED.format(MATH, csymbol("delay", "<ci>x</ci>", "<cn>1</cn>")),
    "without kinetic law": HOME + STOCK + reaction('stoichiometry="1" constant="true"', ""),
}


def written(tmp_path, body: str, *, core: str = CORE, version: int = 2, head: str = ""):
    file = tmp_path / "m.xml"
    file.write_text(
        f'<sbml xmlns="{core}" level="3" version="{version}" {head}>\n<model id="m">\n{body}\n</model></sbml>',
        encoding="utf-8",
    )
    return file


def refusal(file) -> str:
    with pytest.raises(ModelError) as caught:
        import_model(file)
    return str(caught.value)


@pytest.mark.parametrize("named", REFUSED)
def test_what_is_not_run_is_refused_by_name_and_line(tmp_path, named):
    message = refusal(written(tmp_path, REFUSED[named]))
    assert named in message and "not supported" in message
    assert "m.xml:" in message and "docs/limits.md" in message


def test_a_fast_reaction_is_refused(tmp_path):
    body = HOME.replace("size", 'spatialDimensions="3" size') + STOCK
    body += reaction('stoichiometry="1" constant="true"', more='fast="true"')
    core = "http://www.sbml.org/sbml/level3/version1/core"
    assert "a fast reaction" in refusal(written(tmp_path, body, core=core, version=1))


@pytest.mark.parametrize("name", ["qual", "fbc", "distrib", "multi", "arrays", "spatial"])
def test_a_package_that_changes_the_mathematics_is_refused_by_name(tmp_path, name):
    head = f'xmlns:{name}="http://www.sbml.org/sbml/level3/version1/{name}/version1" {name}:required="true"'
    core = "http://www.sbml.org/sbml/level3/version1/core"
    assert name in refusal(written(tmp_path, LIVE, core=core, version=1, head=head))


def test_all_that_is_not_run_is_told_at_once(tmp_path):
    constraint = REFUSED["constraint"].replace(LIVE, "")
    message = refusal(written(tmp_path, REFUSED["`delay`"] + constraint))
    assert all(named in message for named in ("`delay`", "a constraint"))


def test_a_unit_that_is_defined_nowhere_is_not_asked_for(tmp_path):
    file = written(tmp_path, LIVE)
    text = file.read_text(encoding="utf-8").replace('<model id="m">', '<model id="m" areaUnits="acre">')
    file.write_text(text, encoding="utf-8")
    assert list(import_model(file).constants) == ["x"]


def test_a_quantity_without_a_value_is_told(tmp_path):
    assert "`x` has no value to begin with" in refusal(written(tmp_path, LIVE.replace(' value="1"', "")))


def test_a_slip_in_antimony_is_told_with_its_line(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("x = 1\nx' = -k*\ny = 2\n", encoding="utf-8")
    assert "m.ant:" in refusal(file)


def test_broken_xml_is_told(tmp_path):
    file = tmp_path / "m.xml"
    file.write_text("<sbml><model>", encoding="utf-8")
    assert "m.xml" in refusal(file)


@pytest.mark.parametrize("name", ["m.ant", "m.xml", "m.txt", "m.sbml"])
@pytest.mark.parametrize("content", ["", "\0\1\2", "{}"])
def test_nonsense_is_refused_and_not_a_fault_of_the_program(tmp_path, name, content):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    refusal(file)


def test_a_file_of_another_kind_is_refused(tmp_path):
    file = tmp_path / "m.pdf"
    file.write_text("x", encoding="utf-8")
    assert "no suffix known here" in refusal(file)


def test_a_declared_unit_of_time_is_known(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("unit time_unit = 60 second\nx = 1; x' = -x;", encoding="utf-8")
    declared = "model m\n unit minute = 60 second; unit time_unit = minute; x = 1; x' = -x;\nend"
    file.write_text(declared, encoding="utf-8")
    own = import_model(file)
    assert (own.time_unit, own.hours_per_unit) == ("minute", pytest.approx(1 / 60))


def test_a_beginning_follows_what_is_set(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("k = 2; x = 3*k; x' = 0; y = x + 1; y' = 0;", encoding="utf-8")
    found = run_patients(import_model(file), {"k": [2.0, 5.0]}, Events.none(), [0, 1], ["x", "y"])
    # by hand: x = 3 k, y = x + 1
    assert found.value[:, -1].tolist() == [[6, 7], [15, 16]]


def test_a_state_can_be_begun_elsewhere(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("x = 1; x' = -0.5*x;", encoding="utf-8")
    found = run_patients(import_model(file), {"x": np.array([1.0, 2.0])}, Events.none(), [0, 2], ["x"])
    # x0 e^-1; a step is held to 1e-8
    assert found.value[:, 1, 0] == pytest.approx([np.exp(-1), 2 * np.exp(-1)], rel=1e-6)


def test_a_dose_can_be_added_to_a_state(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("x = 1; x' = -0.5*x;", encoding="utf-8")
    dose = Events(np.array([1.0]), ("x",), np.array([[3.0]]))
    found = run_patients(import_model(file), {}, dose, [2], ["x"])
    # (e^-0.5 + 3) e^-0.5
    assert found.value[0, 0, 0] == pytest.approx(np.exp(-1) + 3 * np.exp(-0.5), rel=1e-6)


def test_events_that_never_end_are_told_as_such(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("x = 0; a = 0; E: at (time > 1 && a < 1): a = 2; F: at (a > 1): a = 0;", encoding="utf-8")
    assert "without end" in run_patients(import_model(file), {}, Events.none(), [3], ["x"]).message(0)


def test_an_unknown_name_is_refused(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("growth = 1; growth' = -0.5*growth;", encoding="utf-8")
    with pytest.raises(InputError, match="Did you mean `growth`"):
        run_patients(import_model(file), {"grwth": 2.0}, Events.none(), [1], ["growth"])
