"""Models with submodels (SBML's package `comp`), in one file and in several, and those that would expand without end."""

from __future__ import annotations

import time

import numpy as np
import pytest

from resprout.errors import ModelError
from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients

HEAD = (
    '<?xml version="1.0"?><sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" '
    'xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" comp:required="true">'
)
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'
DECAY = (
    '<listOfParameters><parameter id="x" value="8" constant="false"/><parameter id="k" value="0.5" constant="true"/></listOfParameters>'
    '<listOfRules><rateRule variable="x">'
    + MATH.format("<apply><minus/><apply><times/><ci>k</ci><ci>x</ci></apply></apply>")
    + "</rateRule></listOfRules>"
)
DEFINED = f'<comp:listOfModelDefinitions><comp:modelDefinition id="decay">{DECAY}</comp:modelDefinition></comp:listOfModelDefinitions>'


def submodels(*pairs: tuple[str, str]) -> str:
    inner = "".join(f'<comp:submodel comp:id="{name}" comp:modelRef="{of}"/>' for name, of in pairs)
    return f"<comp:listOfSubmodels>{inner}</comp:listOfSubmodels>"


def written(folder, body: str, definitions: str, name: str = "m.xml"):
    file = folder / name
    file.write_text(f'{HEAD}<model id="whole">{body}</model>{definitions}</sbml>', encoding="utf-8")
    return file


def last(file, *names: str) -> list[float]:
    found = run_patients(import_model(file), {}, Events.none(), [0.0, 2.0], names)
    assert found.message(0) == "solved"
    return found.value[0, -1].tolist()


def test_submodels_run_under_their_own_names(tmp_path):
    file = written(tmp_path, submodels(("A", "decay"), ("B", "decay")), DEFINED)
    # 8 e^(-0.5 2); a step is held to 1e-8
    assert last(file, "A__x", "B__x") == pytest.approx([8 * np.exp(-1)] * 2, rel=1e-6)


def test_what_the_whole_replaces_is_its_own(tmp_path):
    replaced = (
        '<listOfParameters><parameter id="rate" value="1" constant="true"><comp:listOfReplacedElements>'
        '<comp:replacedElement comp:submodelRef="A" comp:idRef="k"/></comp:listOfReplacedElements></parameter></listOfParameters>'
    )
    file = written(tmp_path, replaced + submodels(("A", "decay"), ("B", "decay")), DEFINED)
    # with k = 1 in A and 0.5 in B; a step is held to 1e-8
    assert last(file, "A__x", "B__x") == pytest.approx([8 * np.exp(-2), 8 * np.exp(-1)], rel=1e-6)


def test_a_definition_may_lie_in_another_file_and_follows_it(tmp_path):
    (tmp_path / "inner.xml").write_text(f'{HEAD}<model id="decay">{DECAY}</model></sbml>', encoding="utf-8")
    outside = (
        '<comp:listOfExternalModelDefinitions><comp:externalModelDefinition comp:id="there" comp:source="inner.xml"/>'
        "</comp:listOfExternalModelDefinitions>"
    )
    file = written(tmp_path, submodels(("A", "there")), outside)
    assert last(file, "A__x") == pytest.approx([8 * np.exp(-1)], rel=1e-6)
    changed = (tmp_path / "inner.xml").read_text(encoding="utf-8").replace('value="8"', 'value="4"')
    (tmp_path / "inner.xml").write_text(changed, encoding="utf-8")
    assert last(file, "A__x") == pytest.approx([4 * np.exp(-1)], rel=1e-6)


def test_a_definition_in_a_file_that_is_not_there_is_told(tmp_path):
    outside = (
        '<comp:listOfExternalModelDefinitions><comp:externalModelDefinition comp:id="there" comp:source="gone.xml"/>'
        "</comp:listOfExternalModelDefinitions>"
    )
    with pytest.raises(ModelError, match=r"`gone\.xml` is not there"):
        import_model(written(tmp_path, submodels(("A", "there")), outside))


def test_submodels_in_submodels_without_end_are_refused_at_once(tmp_path):
    levels = [f'<comp:modelDefinition id="L0">{DECAY}</comp:modelDefinition>']
    for level in range(1, 9):
        inner = submodels(*((f"s{index}", f"L{level - 1}") for index in range(10)))
        levels.append(f'<comp:modelDefinition id="L{level}">{inner}</comp:modelDefinition>')
    definitions = f"<comp:listOfModelDefinitions>{''.join(levels)}</comp:listOfModelDefinitions>"
    begun = time.monotonic()
    with pytest.raises(ModelError, match=r"submodels and .* quantities when all are written out"):
        import_model(written(tmp_path, submodels(("A", "L8")), definitions))
    # ten to the eighth submodels would take hours
    assert time.monotonic() - begun < 60
