"""Models in and out: SBML, Antimony, COMBINE archives, PEtab; needs the extra `exchange`."""

from resprout.errors import need_package

for _package in ("libsbml", "antimony"):
    need_package(_package, "exchange")
