"""COMBINE archives and SED-ML: what tellurium and COPASI write runs here and gives their numbers; what does not is refused by name."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import resprout as rs
from resprout.errors import ModelError, ResproutError
from resprout.exchange.imported_export import archive_imported, export_imported

ARCHIVES = Path(__file__).parent / "archives"
SBML = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="decay">
<listOfCompartments><compartment id="C" size="2" spatialDimensions="3" constant="true"/></listOfCompartments>
<listOfSpecies><species id="S" compartment="C" initialConcentration="8" hasOnlySubstanceUnits="false" boundaryCondition="false"
 constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true"/></listOfParameters>
<listOfReactions><reaction id="loss" reversible="false"><listOfReactants><speciesReference species="S" stoichiometry="1"
 constant="true"/></listOfReactants><kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>C</ci>
 <ci>k</ci><ci>S</ci></apply></math></kineticLaw></reaction></listOfReactions></model></sbml>"""
# S = 8 e^(-k t): half of it is left after ln 2 / k
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
PATH = "/sbml:sbml/sbml:model/sbml:"
SPECIES, K = f"{PATH}listOfSpecies/sbml:species[@id='S']", f"{PATH}listOfParameters/sbml:parameter[@id='k']"
TIMING = (
    '<uniformTimeCourse id="timing" initialTime="0" outputStartTime="2" outputEndTime="4" numberOfPoints="2">'
    '<algorithm kisaoID="KISAO:0000019"/></uniformTimeCourse>'
)
TASK = '<task id="run" modelReference="model" simulationReference="timing"/>'
MODEL = '<model id="model" language="urn:sedml:language:sbml" source="model.xml"/>'


def variable(name, target, task="run", more=""):
    place = 'symbol="urn:sedml:symbol:time"' if target == "time" else f'target="{target}"'
    return f'<variable id="{name}" {place} taskReference="{task}" {more}/>'


def generator(name, variables, formula, parameters=""):
    listed = f"<listOfVariables>{variables}</listOfVariables><listOfParameters>{parameters}</listOfParameters>"
    return f'<dataGenerator id="{name}">{listed}{MATH}{formula}</math></dataGenerator>'


def document(generators, tasks=TASK, models=MODEL, simulations=TIMING, version=3, outputs=None):
    names = [part.split('"')[0] for part in generators.split('<dataGenerator id="')[1:]]
    sets = "".join(f'<dataSet id="set_{name}" label="{name}" dataReference="{name}"/>' for name in names)
    outputs = outputs or f'<report id="report"><listOfDataSets>{sets}</listOfDataSets></report>'
    return (
        f'<sedML xmlns="http://sed-ml.org/sed-ml/level1/version{version}" level="1" version="{version}">'
        f"<listOfSimulations>{simulations}</listOfSimulations><listOfModels>{models}</listOfModels>"
        f"<listOfTasks>{tasks}</listOfTasks><listOfDataGenerators>{generators}</listOfDataGenerators>"
        f"<listOfOutputs>{outputs}</listOfOutputs></sedML>"
    )


def placed(folder, text, sbml=SBML):
    (folder / "model.xml").write_text(sbml, encoding="utf-8")
    (folder / "run.sedml").write_text(text, encoding="utf-8")
    return folder / "run.sedml"


def packed(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def manifest(*places, form="sed-ml.level-1.version-3"):
    listed = "".join(
        f'<content location="{place}" format="http://identifiers.org/combine.specifications/{form}" master="true"/>'
        for place in places
    )
    return f'<omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">{listed}</omexManifest>'


PLAIN = document(generator("S", variable("s", SPECIES), "<ci>s</ci>"))


def table(name):
    with (ARCHIVES / name).open(encoding="utf-8") as opened:
        rows = list(csv.reader(opened))
    return rows[0], np.array(rows[1:], dtype=float)


def test_an_archive_of_tellurium_gives_its_numbers():
    # made by tellurium 2.2.13 from Antimony and phraSED-ML; the tables are what it writes when it runs the archive
    found = rs.run_sedml(ARCHIVES / "tellurium.omex")
    assert list(found) == ["plot_0", "plot_1", "report_2", "plot_3", "report_4"]
    for name in ("report_2", "report_4"):
        labels, theirs = table(f"tellurium_{name}.csv")
        assert [str(label) for label in found[name].data_vars] == labels
        for column, label in enumerate(labels):
            ours = found[name][label].values.ravel()
            # its relative tolerance is 1e-6, which adds up over the times
            assert np.abs(ours - theirs[:, column]).max() < 2e-5 * np.abs(theirs[:, column]).max(), label
    assert found["plot_3"]["Km"].values.tolist() == [1, 3, 9]


COPASI = """
import sys, json, basico
dm = basico.load_model("model.xml")
basico.set_task_settings("Time-Course", {"scheduled": True, "problem": {"Duration": 6, "StepNumber": 12, "StepSize": 0.5},
    "method": {"Relative Tolerance": 1e-10, "Absolute Tolerance": 1e-14}})
basico.add_report("table", table=["Time", "[S]", "(loss).Flux"])
basico.assign_report("table", "Time-Course", filename="table.txt")
dm.exportCombineArchive("copasi.omex", False, True, False, True, True)
basico.run_time_course()
whole = basico.run_time_course_with_output(["Time", "[S]", "(loss).Flux"])
dm.openCombineArchive("ours.omex")
ours = basico.run_time_course()
print(json.dumps({"theirs": whole.values.tolist(), "ours": [ours.index.tolist(), ours["S"].tolist()]}))
"""


def test_an_archive_of_copasi_gives_its_numbers_and_it_runs_ours(tmp_path):
    if importlib.util.find_spec("basico") is None:
        pytest.skip("COPASI is not installed")
    (tmp_path / "model.xml").write_text(SBML, encoding="utf-8")
    model = rs.import_model(tmp_path / "model.xml")
    (tmp_path / "ours.omex").write_bytes(archive_imported(model, export_imported(model), 6))
    # in a process of its own, since it brings another libSBML
    said = subprocess.run(
        [sys.executable, "-c", COPASI], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    told = json.loads(said.stdout.splitlines()[-1])
    report = next(run for run in rs.run_sedml(tmp_path / "copasi.omex").values() if "(loss).Flux" in run)
    ours = np.stack([report[label].values[0] for label in ("Time", "[S]", "(loss).Flux")], axis=1)
    # tolerances of 1e-8 here and 1e-10 there
    assert np.abs(ours - np.array(told["theirs"])).max() < 1e-6 * 8
    time, values = np.array(told["ours"])
    assert time[-1] == 6 and np.allclose(values, 8 * np.exp(-0.5 * time), rtol=1e-4, atol=1e-6)


def test_generators_compute_over_times_in_which_points_are_steps(tmp_path):
    amount = variable("a", SPECIES, more='term="KISAO:0000836"')
    flux = variable("v", f"{PATH}model//descendant::*[@id='loss']")
    over = '<apply><csymbol encoding="text" definitionURL="http://sed-ml.org/#max">max</csymbol><ci>s</ci></apply>'
    text = document(
        generator("t", variable("x", "time"), "<ci>x</ci>")
        + generator("S", variable("s", SPECIES), "<ci>s</ci>")
        + generator("amount", amount, "<ci>a</ci>")
        + generator("flux", flux, "<ci>v</ci>")
        + generator("share", variable("s", SPECIES), f"<apply><divide/><ci>s</ci>{over}</apply>")
        + generator("largest", variable("s", SPECIES), over)
        + generator(
            "times",
            variable("s", SPECIES),
            "<apply><times/><ci>f</ci><ci>s</ci></apply>",
            '<parameter id="f" value="3"/>',
        )
    )
    found = rs.run_sedml(placed(tmp_path, text))["report"]
    s = 8 * np.exp([-1, -1.5, -2])
    expected = {"t": [2, 3, 4], "S": s, "amount": 2 * s, "flux": s, "share": s / s[0], "largest": s[:1], "times": 3 * s}
    for name, values in expected.items():
        # a step is held to 1e-8
        assert found[name].values[0] == pytest.approx(values, rel=1e-6), name


def test_models_are_changed_and_changed_again(tmp_path):
    changed = (
        '<model id="first" source="model.xml"><listOfChanges>'
        f'<changeAttribute target="{K}/@value" newValue="0.25"/></listOfChanges></model>'
        '<model id="model" source="#first"><listOfChanges>'
        f'<changeAttribute target="{SPECIES}/@initialConcentration" newValue="4"/></listOfChanges></model>'
    )
    found = rs.run_sedml(
        placed(tmp_path, document(generator("S", variable("s", SPECIES), "<ci>s</ci>"), models=changed))
    )
    assert found["report"]["S"].values[0] == pytest.approx(4 * np.exp([-0.5, -0.75, -1]), rel=1e-6)


def test_repeated_tasks_set_values_of_two_ranges(tmp_path):
    def repeated(name, inner, target, values, formula="<ci>r</ci>"):
        listed = "".join(f"<value>{value}</value>" for value in values)
        return (
            f'<repeatedTask id="{name}" range="r" resetModel="true"><listOfRanges><vectorRange id="r">{listed}</vectorRange>'
            f'</listOfRanges><listOfChanges><setValue modelReference="model" target="{target}" range="r">{MATH}{formula}</math>'
            f'</setValue></listOfChanges><listOfSubTasks><subTask order="1" task="{inner}"/></listOfSubTasks></repeatedTask>'
        )

    double = "<apply><times/><cn>2</cn><ci>r</ci></apply>"
    tasks = TASK + repeated("inner", "run", K, (0.1, 0.2)) + repeated("outer", "inner", SPECIES, (1, 2, 3), double)
    text = document(generator("S", variable("s", SPECIES, "outer"), "<ci>s</ci>"), tasks=tasks)
    report = rs.run_sedml(placed(tmp_path, text))["report"]
    begun, rate = np.repeat([2, 4, 6], 2), np.tile([0.1, 0.2], 3)
    assert report["S"].values == pytest.approx(begun[:, None] * np.exp(-rate[:, None] * [2, 3, 4]), rel=1e-6)
    assert report["k"].values.tolist() == rate.tolist()


def test_everything_that_is_not_supported_is_named_at_once(tmp_path):
    computed = (
        '<model id="model" source="model.xml"><listOfChanges><computeChange target="{K}">'
        f"{MATH}<cn>1</cn></math></computeChange></listOfChanges></model>"
    )
    simulations = '<steadyState id="timing"><algorithm kisaoID="KISAO:0000241" name="Gillespie"/></steadyState>'
    kept = (
        '<repeatedTask id="scan" range="r" resetModel="false"><listOfRanges>'
        '<functionalRange id="q"/><uniformRange id="r" start="0" end="1" numberOfPoints="3" type="linear"/></listOfRanges>'
        '<listOfSubTasks><subTask task="run"/></listOfSubTasks></repeatedTask>'
    )
    outputs = '<plot2D id="plot"><listOfCurves><curve id="c" xDataReference="S" yDataReference="nobody"/></listOfCurves></plot2D>'
    text = document(
        generator("S", variable("s", SPECIES, "gone"), "<ci>s</ci>"),
        tasks=TASK + kept,
        models=computed,
        simulations=simulations,
        outputs=outputs,
    )
    with pytest.raises(ModelError) as caught:
        rs.run_sedml(placed(tmp_path, text))
    for said in (
        "changed by `computeChange`",
        "KISAO:0000241` (Gillespie)",
        "is a `steadyState`",
        "`resetModel` is false",
        "is a `functionalRange`",
        "data generator `nobody`",
        "task `gone`",
    ):
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"{PATH}listOfSpecies/sbml:species[@id='T']", "leads to no element"),
        (f"{PATH}listOfSpecies/sbml:species[1]", "is not understood"),
        ("count(//species)", "is not understood"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(tmp_path, path, said):
    with pytest.raises(ModelError, match=said):
        rs.run_sedml(placed(tmp_path, document(generator("S", variable("s", path), "<ci>s</ci>"))))


def bomb(path):
    return packed(path, {"manifest.xml": manifest("./run.sedml"), "run.sedml": " " * 101_000_000})


FAULTY = {
    "cannot be read": lambda path: path.write_text("no zip", encoding="utf-8"),
    "no `manifest.xml`": lambda path: packed(path, {"model.xml": SBML}),
    "holds no SED-ML file": lambda path: packed(path, {"manifest.xml": manifest("model.xml", form="sbml")}),
    "named in the manifest and not": lambda path: packed(path, {"manifest.xml": manifest("./run.sedml")}),
    "larger than 100 MB when it is unpacked": bomb,
    "the file is named and not in the archive": lambda path: packed(
        path, {"manifest.xml": manifest("run.sedml"), "run.sedml": PLAIN}
    ),
    "outside the archive": lambda path: packed(
        path,
        {
            "manifest.xml": manifest("run.sedml"),
            "../model.xml": SBML,
            "run.sedml": PLAIN.replace("model.xml", "../model.xml"),
        },
    ),
    "nothing is fetched": lambda path: packed(
        path,
        {
            "manifest.xml": manifest("a/b.sedml"),
            "a/b.sedml": PLAIN.replace("model.xml", "https://example.org/model.xml"),
        },
    ),
    "defines a document type": lambda path: packed(
        path,
        {"manifest.xml": manifest("r.sedml"), "r.sedml": '<!DOCTYPE a [<!ENTITY b "c">]>' + PLAIN, "model.xml": SBML},
    ),
}


@pytest.mark.parametrize("said", FAULTY)
def test_a_faulty_archive_is_refused_in_a_sentence(tmp_path, said):
    FAULTY[said](tmp_path / "a.omex")
    with pytest.raises(ResproutError, match=said):
        rs.run_sedml(tmp_path / "a.omex")
    assert [path.name for path in tmp_path.iterdir()] == ["a.omex"]


def test_places_of_an_archive_are_found_from_where_a_document_is(tmp_path):
    files = {"manifest.xml": manifest("./a/run.sedml"), "a/run.sedml": PLAIN.replace("model.xml", "../b/model.xml")}
    found = rs.run_sedml(packed(tmp_path / "a.omex", {**files, "b/model.xml": SBML}))
    assert found["report"]["S"].values[0] == pytest.approx(8 * np.exp([-1, -1.5, -2]), rel=1e-6)


def test_what_is_exported_is_sound_and_runs_here_as_the_model_does(tmp_path):
    (tmp_path / "model.xml").write_text(SBML, encoding="utf-8")
    model = rs.import_model(tmp_path / "model.xml")
    (tmp_path / "m.omex").write_bytes(archive_imported(model, export_imported(model), 4))
    report = rs.run_sedml(tmp_path / "m.omex")["report"]
    assert report["S"].values[0] == pytest.approx(8 * np.exp(-0.5 * report["time"].values[0]), rel=1e-6)
    assert report["time"].values[0][-1] == 4 and "loss" in report
    if importlib.util.find_spec("libsedml") is None:
        pytest.skip("libSEDML is not installed")
    with zipfile.ZipFile(tmp_path / "m.omex") as archive:
        archive.extract("simulation.sedml", tmp_path)
    code = "import libsedml; d = libsedml.readSedMLFromFile('simulation.sedml'); print(d.getNumErrors(libsedml.LIBSEDML_SEV_ERROR))"
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert said.stdout.strip() == "0"
