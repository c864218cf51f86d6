"""Models in and out: SBML, Antimony, COMBINE archives, PEtab."""
