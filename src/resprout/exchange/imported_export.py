"""An imported model -> SBML Level 3 Version 2 or Antimony, as its file has it: with units, species, reactions and notes."""

from __future__ import annotations

import antimony
import libsbml

from resprout.errors import Fault, ModelError
from resprout.exchange.omex_archive import write_archive
from resprout.language.records import ImportedModel

ARCHIVE_STEPS = 200
LISTS = {"species": "listOfSpecies", "parameter": "listOfParameters", "compartment": "listOfCompartments"}
LISTS["reaction"] = "listOfReactions"


def export_imported(model: ImportedModel) -> str:
    """SBML Level 3 Version 2 of what was read, which is more than what is run: nothing is flattened, every unit is kept.

    model    what `rs.import_model` gave
    returns  SBML text
    """
    document = libsbml.readSBMLFromString(model.original)
    document.setLevelAndVersion(3, 2, False)
    return str(libsbml.writeSBMLToString(document))


def archive_imported(model: ImportedModel, sbml: str, until: float, doses: str = "") -> bytes:
    """A COMBINE archive of an imported model: what changes in it is reported and plotted.

    model    what `rs.import_model` gave        sbml    as it is written, with doses if there are any
    until    end of the run, in the model's own unit of time
    doses    in words
    """
    inner = libsbml.readSBMLFromString(sbml)
    targets = {}
    for name in model.equations:
        element = inner.getModel().getElementBySId(name)
        if element is not None and element.getElementName() in LISTS:
            kind = element.getElementName()
            targets[name] = f"/sbml:sbml/sbml:model/sbml:{LISTS[kind]}/sbml:{kind}[@id='{name}']"
    about = f"{model.name}, model {model.digest}{f', with {doses}' if doses else ''}, followed to time {until:g}."
    told = {"title": model.name, "about": about, "source": "", "outputs": list(targets), "targets": targets}
    return write_archive(sbml, hours=until, steps=ARCHIVE_STEPS, **told)  # type: ignore[arg-type]


def antimony_text(sbml: str) -> str:
    """The same model as Antimony text.

    raises   ModelError if Antimony has no words for something in it
    """
    antimony.clearPreviousLoads()
    if antimony.loadSBMLString(sbml) < 0:
        found = f"Antimony does not take the model: {antimony.getLastError().strip().rstrip('.')}."
        raise ModelError(Fault(found, "", "Expected a model that Antimony can write.", "Write it as sbml."))
    return str(antimony.getAntimonyString(antimony.getMainModuleName()))


def sbml_of_antimony(text: str) -> str:
    """SBML of a model that this package has written in Antimony.

    raises   ModelError with what Antimony finds
    """
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        found = f"Antimony does not take the model: {antimony.getLastError().strip().rstrip('.')}."
        raise ModelError(Fault(found))
    return str(antimony.getSBMLString(antimony.getMainModuleName()))
