"""Small PEtab problems as files, written for these tests."""

from __future__ import annotations

import antimony
import yaml

DECAY = "model decay\n  S = s0; s0 = 4; k = 0.5; S' = -k*S;\nend"
TURNOVER = "model turnover\n  S = 1; make = 3; k = 0.5; S' = make - k*S;\nend"

PARAMETERS_1 = "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate"
PARAMETERS_2 = "parameterId\tlowerBound\tupperBound\tnominalValue\testimate"
OBSERVABLES = "observableId\tobservableFormula\tnoiseFormula"
MEASUREMENTS_1 = "observableId\tsimulationConditionId\ttime\tmeasurement"
MEASUREMENTS_2 = "observableId\texperimentId\ttime\tmeasurement"


def sbml_of(text: str) -> str:
    """A model in Antimony as SBML."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(antimony.getMainModuleName())


def write_problem(folder, version: int, model: str, *, without=(), config=None, **tables):
    """A problem of some version; its path.

    model     Antimony
    tables    name of a table -> its rows, cells separated by tabs
    without   files that are named and not written
    config    further fields of the YAML file
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.xml").write_text(sbml_of(model), encoding="utf-8")
    for name, rows in tables.items():
        if name not in without:
            (folder / f"{name}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    files = {f"{name.rstrip('s')}_files": [f"{name}.tsv"] for name in tables if name != "parameters"}
    if version == 1:
        problem = {**files, "sbml_files": ["model.xml"]}
        told = {"format_version": 1, "parameter_file": "parameters.tsv", "problems": [problem]}
    else:
        model_files = {"model": {"language": "sbml", "location": "model.xml"}}
        told = {"format_version": "2.0.0", "parameter_files": ["parameters.tsv"], "model_files": model_files, **files}
    path = folder / "problem.yaml"
    path.write_text(yaml.safe_dump({**told, **(config or {})}), encoding="utf-8")
    return path
