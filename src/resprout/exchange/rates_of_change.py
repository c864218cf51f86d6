"""The function `rateOf` of SBML -> a computed quantity for each rate that is asked for: what the quantity's own equation says.

SBML Level 3 Version 2 Core, section 3.4.6.
"""

from __future__ import annotations

from collections.abc import Iterable

import libsbml

from resprout.errors import Fault, ModelError
from resprout.exchange.formula_trees import Tree, combined, named, number, parts_of


class Rates:
    """Rates of change by name.

    rate, assigned   formulas of the model by name; a rate that is asked for is assigned, and read by the equation of its state
    held             concentration -> (state that is its amount, compartment)
    taken            names that the model has
    told             name of each rate -> what it is, for people
    """

    def __init__(
        self,
        rate: dict[str, Tree],
        assigned: dict[str, Tree],
        held: dict[str, tuple[str, str]],
        taken: Iterable[str],
        file: str,
    ) -> None:
        """Begin with none."""
        self.rate, self.assigned, self.held = rate, assigned, held
        self.taken, self.file = set(taken), file
        self.names: dict[str, str] = {}
        self.told: dict[str, str] = {}

    def name_all(self, trees: Iterable[Tree]) -> None:
        """Replace every `rateOf` in formulas, and in those of the model, by the name of a quantity that is assigned.

        raises    ModelError for a rate that no equation of the model gives
        """
        for tree in [*trees, *self.rate.values(), *self.assigned.values()]:
            for part in parts_of(tree):
                if part.getType() == libsbml.AST_FUNCTION_RATE_OF:
                    name = self.name(part.getChild(0).getName())
                    part.removeChild(0)
                    part.setType(libsbml.AST_NAME)
                    part.setName(name)

    def name(self, of: str) -> str:
        """The name of the rate of a quantity."""
        if of not in self.names:
            name = f"{of}_rate"
            while name in self.taken:
                name += "_"
            self.taken.add(name)
            self.names[of], self.told[name] = name, f"rate of change of {of}"
            self.assigned[name] = self._formula(of)
            if of in self.rate:
                self.rate[of] = named(name)
        return self.names[of]

    def _formula(self, of: str) -> Tree:
        if of in self.rate:
            return self.rate[of]
        if of in self.held:
            # (amount / size)' = (amount' - concentration size') / size
            amount, home = self.held[of]
            by_size = combined(libsbml.AST_TIMES, named(of), named(self.name(home)))
            gained = combined(libsbml.AST_MINUS, named(self.name(amount)), by_size)
            return combined(libsbml.AST_DIVIDE, gained, named(home))
        if of in self.assigned:
            found = f"`rateOf` of `{of}`, which a rule or a reaction computes, is not supported."
            raise ModelError(Fault(found, self.file, "A quantity with a rate of its own was expected."))
        return number(0)
