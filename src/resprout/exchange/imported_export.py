"""An imported model -> SBML Level 3 Version 2 or Antimony, as its file has it: with units, species, reactions and notes."""

from __future__ import annotations

import antimony
import libsbml

from resprout.errors import Fault, ModelError
from resprout.language.records import ImportedModel


def export_imported(model: ImportedModel) -> str:
    """SBML Level 3 Version 2 of what was read, which is more than what is run: nothing is flattened, every unit is kept.

    model    what `rs.import_model` gave
    returns  SBML text
    """
    document = libsbml.readSBMLFromString(model.original)
    document.setLevelAndVersion(3, 2, False)
    return str(libsbml.writeSBMLToString(document))


def antimony_text(sbml: str) -> str:
    """The same model as Antimony text.

    raises   ModelError if Antimony has no words for something in it
    """
    antimony.clearPreviousLoads()
    if antimony.loadSBMLString(sbml) < 0:
        found = f"Antimony does not take the model: {antimony.getLastError().strip().rstrip('.')}."
        raise ModelError(Fault(found, "", "Expected a model that Antimony can write.", "Write it as sbml."))
    return str(antimony.getAntimonyString(antimony.getMainModuleName()))
