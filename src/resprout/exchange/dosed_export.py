"""An imported model with doses -> SBML in which events give them: additions to species, and rates of infusion that begin and end."""

from __future__ import annotations

from collections.abc import Sequence

import libsbml

from resprout.dosing.species_doses import UNITS, SpeciesDose
from resprout.errors import Fault, ModelError
from resprout.exchange.imported_export import export_imported
from resprout.language.records import DoseTarget, ImportedModel
from resprout.simulation.dosed_model import dosed


def export_dosed(model: ImportedModel, doses: Sequence[SpeciesDose], where: str = "") -> str:
    """SBML Level 3 Version 2 of what was read, with doses as events.

    model    what `rs.import_model` gave        doses   as `read_doses` gives them
    where    option, for messages
    raises   InputError for doses that do not fit the model; ModelError if libSBML finds the result unsound
    """
    dosed(model, doses, where)
    document = libsbml.readSBMLFromString(export_imported(model))
    writer = _Writer(document.getModel(), model)
    for dose in doses:
        writer.write(dose)
    text = str(libsbml.writeSBMLToString(document))
    again = libsbml.readSBMLFromString(text)
    again.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
    again.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    again.checkConsistency()
    if again.getNumErrors(libsbml.LIBSBML_SEV_ERROR) or again.getNumErrors(libsbml.LIBSBML_SEV_FATAL):
        found = f"the model with its doses is no sound SBML: {' '.join(again.getError(0).getMessage().split())}"
        raise ModelError(Fault(found, where, "Expected doses into species that events may change."))
    return text


class _Writer:
    """Writes doses into a model of SBML.

    inner    the model that is changed        model   the same as it is run
    """

    def __init__(self, inner: libsbml.Model, model: ImportedModel) -> None:
        """Begin without any."""
        self.inner, self.model = inner, model
        self.rates: dict[str, str] = {}
        self.count = 0

    def write(self, dose: SpeciesDose) -> None:
        """Give one dose as often as it is repeated."""
        target, hours = self.model.dose_targets[dose.target], self.model.hours_per_unit
        factor = UNITS[dose.unit][1] / target.scale if dose.unit and target.kind else 1.0
        amount = f"{dose.fraction} * {dose.amount}" if factor == 1 else f"{dose.fraction} * {dose.amount} * {factor!r}"
        lag = f" + {dose.lag_h}" if isinstance(dose.lag_h, str) else ""
        for hour in dose.times_h:
            start = (hour + (0.0 if isinstance(dose.lag_h, str) else dose.lag_h)) / hours
            if not dose.duration_h:
                self._event(f"{start!r}{lag}", dose.target, f"{dose.target} + {self._by_size(amount, dose.target)}")
                continue
            length, rate = dose.duration_h / hours, self._rate(dose.target, target)
            self._event(f"{start!r}{lag}", rate, f"{rate} + {amount} / {length!r}")
            self._event(f"{start + length!r}{lag}", rate, f"{rate} - {amount} / {length!r}")

    def _by_size(self, amount: str, name: str) -> str:
        """An amount in the unit of a species' own symbol."""
        species = self.inner.getSpecies(name)
        if species is None or species.getHasOnlySubstanceUnits():
            return amount
        home = self.inner.getCompartment(species.getCompartment())
        flat = home.isSetSpatialDimensions() and home.getSpatialDimensions() == 0
        return amount if flat else f"{amount} / {home.getId()}"

    def _event(self, time: str, name: str, formula: str) -> None:
        self.count += 1
        event = self.inner.createEvent()
        event.setId(self._unused(f"dose_{self.count}"))
        # at the value that a quantity has when the dose is given
        event.setUseValuesFromTriggerTime(False)
        trigger = event.createTrigger()
        trigger.setInitialValue(False)
        trigger.setPersistent(True)
        trigger.setMath(libsbml.parseL3Formula(f"time >= {time}"))
        change = event.createEventAssignment()
        change.setVariable(name)
        change.setMath(libsbml.parseL3Formula(formula))

    def _rate(self, name: str, target: DoseTarget) -> str:
        """The parameter that is the rate of infusion into a quantity, in amount per time; it and what reads it are made once."""
        if name in self.rates:
            return self.rates[name]
        rate = self.rates[name] = self._unused(f"{target.state}_infusion")
        parameter = self.inner.createParameter()
        parameter.setId(rate)
        parameter.setConstant(False)
        parameter.setValue(0.0)
        rule = self.inner.getRateRule(name)
        if rule is not None:
            written = libsbml.formulaToL3String(rule.getMath())
            rule.setMath(libsbml.parseL3Formula(f"({written}) + {self._by_size(rate, name)}"))
            return rate
        species = self.inner.getSpecies(name)
        if species is None or species.getBoundaryCondition():
            rule = self.inner.createRateRule()
            rule.setVariable(name)
            rule.setMath(libsbml.parseL3Formula(self._by_size(rate, name)))
            return rate
        reaction = self.inner.createReaction()
        reaction.setId(self._unused(f"{rate}_of_doses"))
        reaction.setReversible(False)
        made = reaction.createProduct()
        made.setSpecies(name)
        made.setStoichiometry(1.0)
        made.setConstant(True)
        conversion = species.getConversionFactor() or self.inner.getConversionFactor()
        law = f"{rate} / {conversion}" if conversion else rate
        reaction.createKineticLaw().setMath(libsbml.parseL3Formula(law))
        return rate

    def _unused(self, name: str) -> str:
        while self.inner.getElementBySId(name) is not None:
            name += "_"
        return name
