"""SBML text -> a COMBINE archive: the model, a SED-ML file that runs it, and what it is, in one zip that other programs open."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as tree

SEDML = "http://sed-ml.org/sed-ml/level1/version3"
SBML = "http://www.sbml.org/sbml/level3/version2/core"
MANIFEST = "http://identifiers.org/combine.specifications/omex-manifest"
FORMATS = {
    ".": "http://identifiers.org/combine.specifications/omex",
    "./manifest.xml": MANIFEST,
    "./model.xml": "http://identifiers.org/combine.specifications/sbml.level-3.version-2",
    "./simulation.sedml": "http://identifiers.org/combine.specifications/sed-ml.level-1.version-3",
    "./metadata.rdf": "http://identifiers.org/combine.specifications/omex-metadata",
}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/terms/"
VCARD = "http://www.w3.org/2006/vcard/ns#"
CVODE = "KISAO:0000019"
MADE = (1980, 1, 1, 0, 0, 0)
"""The date in the zip: fixed, so that the same model gives the same bytes."""


def write_archive(  # many arguments: what is in the archive, by keyword
    sbml: str,
    *,
    title: str,
    about: str,
    source: str,
    outputs: Sequence[str],
    hours: float,
    steps: int,
    targets: Mapping[str, str] | None = None,
) -> bytes:
    """A COMBINE archive of one model and its simulation.

    sbml      the model, Level 3 Version 2
    source    identifier of the paper it follows, as identifiers.org has it; empty for none
    outputs   names to report and plot        hours, steps   how long, in the model's unit of time, in how many equal steps
    targets   name of an output -> its XPath; those that are not in it are parameters
    returns   the bytes of the zip
    """
    parts = {
        "manifest.xml": _manifest(),
        "model.xml": sbml,
        "simulation.sedml": _simulation(title, outputs, targets or {}, hours, steps),
        "metadata.rdf": _metadata(title, about, source),
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, MADE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return whole.getvalue()


def _text(root: tree.Element) -> str:
    tree.indent(root)
    return tree.tostring(root, encoding="unicode", xml_declaration=True)


def _manifest() -> str:
    root = tree.Element("omexManifest", xmlns=MANIFEST)
    for location, form in FORMATS.items():
        entry = tree.SubElement(root, "content", location=location, format=form)
        if location == "./simulation.sedml":
            entry.set("master", "true")
    return _text(root)


def _simulation(title: str, outputs: Sequence[str], targets: Mapping[str, str], hours: float, steps: int) -> str:
    root = tree.Element("sedML", {"xmlns": SEDML, "xmlns:sbml": SBML, "level": "1", "version": "3"})
    simulations = tree.SubElement(root, "listOfSimulations")
    time_course = tree.SubElement(
        simulations,
        "uniformTimeCourse",
        id="time_course",
        initialTime="0",
        outputStartTime="0",
        outputEndTime=repr(float(hours)),
        numberOfPoints=str(steps),
    )
    tree.SubElement(time_course, "algorithm", kisaoID=CVODE)
    models = tree.SubElement(root, "listOfModels")
    tree.SubElement(models, "model", id="model", name=title, language="urn:sedml:language:sbml", source="model.xml")
    tasks = tree.SubElement(root, "listOfTasks")
    tree.SubElement(tasks, "task", id="run", modelReference="model", simulationReference="time_course")
    generators, shown = tree.SubElement(root, "listOfDataGenerators"), tree.SubElement(root, "listOfOutputs")
    plot = tree.SubElement(shown, "plot2D", id="plot", name=title)
    curves = tree.SubElement(plot, "listOfCurves")
    report = tree.SubElement(shown, "report", id="report", name=title)
    columns = tree.SubElement(report, "listOfDataSets")
    _generator(generators, "time", {"symbol": "urn:sedml:symbol:time"})
    tree.SubElement(columns, "dataSet", id="column_time", label="time", dataReference="data_time")
    for name in outputs:
        place = targets.get(name, f"/sbml:sbml/sbml:model/sbml:listOfParameters/sbml:parameter[@id='{name}']")
        _generator(generators, name, {"target": place})
        tree.SubElement(columns, "dataSet", id=f"column_{name}", label=name, dataReference=f"data_{name}")
        ends = {"xDataReference": "data_time", "yDataReference": f"data_{name}"}
        tree.SubElement(curves, "curve", {"id": f"curve_{name}", "logX": "false", "logY": "false", **ends})
    return _text(root)


def _generator(parent: tree.Element, name: str, where: dict[str, str]) -> None:
    generator = tree.SubElement(parent, "dataGenerator", id=f"data_{name}", name=name)
    variables = tree.SubElement(generator, "listOfVariables")
    tree.SubElement(variables, "variable", {"id": f"variable_{name}", "taskReference": "run", **where})
    mathematics = tree.SubElement(generator, "math", xmlns="http://www.w3.org/1998/Math/MathML")
    tree.SubElement(mathematics, "ci").text = f"variable_{name}"


def _metadata(title: str, about: str, source: str) -> str:
    for prefix, space in (("rdf", RDF), ("dcterms", DC), ("vcard", VCARD)):
        tree.register_namespace(prefix, space)
    root = tree.Element(f"{{{RDF}}}RDF")
    thing = tree.SubElement(root, f"{{{RDF}}}Description", {f"{{{RDF}}}about": "."})
    tree.SubElement(thing, f"{{{DC}}}title").text = title
    tree.SubElement(thing, f"{{{DC}}}description").text = about
    creator = tree.SubElement(thing, f"{{{DC}}}creator")
    person = tree.SubElement(creator, f"{{{RDF}}}Description")
    tree.SubElement(person, f"{{{VCARD}}}fn").text = "The resprout developers"
    if source:
        tree.SubElement(thing, f"{{{DC}}}source", {f"{{{RDF}}}resource": f"https://identifiers.org/{source}"})
    return _text(root)
