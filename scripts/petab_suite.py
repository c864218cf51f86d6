"""Runs the public PEtab test suite and prints which cases pass: `make suites-petab SUITE=folder`, a checkout of PEtab-dev/petab_test_suite.

A case passes if log-likelihood, chi-square and simulations (and log prior, where it is given) lie within the tolerances of its
solution. With `--record` the table of docs/guides/petab.md is written anew. Nothing of the suite is kept.
"""

import argparse
import math
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from resprout.errors import ResproutError
from resprout.exchange.petab_evaluation import evaluate_petab
from resprout.exchange.petab_formulas import formula_of
from resprout.exchange.petab_reading import read_petab

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "petab.md"
MARKS = re.compile(r"(<!-- test suite -->\n).*(<!-- end of test suite -->)", re.DOTALL)
PASSES, REFUSED = "passes", "refused by name"
OUT_OF_SCOPE = ("pysb",)
MATH_TOLERANCE = 1e-12


def run_case(folder):
    """How one case ends: passes, refused by name, or what differs."""
    solution = yaml.safe_load((folder / f"_{folder.name}_solution.yaml").read_text(encoding="utf-8"))
    try:
        found = evaluate_petab(read_petab(folder / f"_{folder.name}.yaml"))
    except ResproutError as error:
        told = str(error).splitlines()[0]
        return f"{REFUSED}: {told}" if folder.parent.name in OUT_OF_SCOPE and "is not supported" in told else told
    tables = [pd.read_csv(folder / name, sep="\t") for name in solution["simulation_files"]]
    simulated = pd.concat(tables)["simulation"].to_numpy()
    off = {
        "llh": abs(found.log_likelihood - solution["llh"]),
        "chi2": abs(found.chi2 - solution["chi2"]),
        "simulations": np.abs(found.simulations["simulation"].to_numpy() - simulated).mean(),
    }
    if "log_prior" in solution:
        off["log_prior"] = abs(found.log_prior - math.fsum(solution["log_prior"].values()))
        # its tolerance is that of each parameter
        solution["tol_log_prior"] *= len(solution["log_prior"])
        posterior = found.log_likelihood + found.log_prior
        off["unnorm_log_posterior"] = abs(posterior - solution["unnorm_log_posterior"])
    wrong = [f"{name} differs by {value:.2g}" for name, value in off.items() if not value <= solution[f"tol_{name}"]]
    return ", ".join(wrong) or PASSES


def run_formula(case):
    """How one formula of the suite ends, in the notation of PEtab and evaluated by our functions of arrays."""
    from petab.v1.math import sympify_petab

    expected, given = sympify_petab(case["expression"]), case["expected"]
    if isinstance(given, str) and not _is_number(given):
        return PASSES if expected == sympify_petab(given) else f"reads {expected}"
    value, wanted = float(formula_of(sympify_petab(case["expression"]))({})), float(given)
    return PASSES if value == wanted or abs(value - wanted) <= MATH_TOLERANCE else f"gives {value}"


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def run_suite(root):
    """Results by group of cases: name -> {case: result}."""
    found = {}
    for group in ("v1.0.0/sbml", "v2.0.0/sbml", "v2.0.0/pysb"):
        cases = sorted(path for path in (root / group).iterdir() if path.is_dir())
        found[group] = {path.name: run_case(path) for path in cases}
    formulas = yaml.safe_load((root / "v2.0.0/math/math_tests.yaml").read_text(encoding="utf-8"))["cases"]
    found["v2.0.0/math"] = {case["expression"]: run_formula(case) for case in formulas}
    return found


def table(found):
    """The results as Markdown."""
    lines = ["| cases | number | pass | refused by name | differ |", "| --- | --: | --: | --: | --: |"]
    for group, results in found.items():
        ends = Counter(result.split(":")[0] for result in results.values())
        differ = len(results) - ends[PASSES] - ends[REFUSED]
        lines.append(f"| {group} | {len(results)} | {ends[PASSES]} | {ends[REFUSED]} | {differ} |")
    return "\n".join(lines) + "\n"


def main():
    """Run the suite; 1 if any case differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", type=Path, help="a checkout of the PEtab test suite")
    parser.add_argument("--record", action="store_true", help="write the table of the guide")
    given = parser.parse_args()
    root = given.suite / "petabtests" / "cases"
    if not root.is_dir():
        sys.exit(f"`{given.suite}` holds no `petabtests/cases`: expected a checkout of the PEtab test suite.")
    found = run_suite(root)
    for group, results in found.items():
        for case, result in results.items():
            print(f"{group} {case}: {result}")
    print(table(found))
    if given.record:
        PAGE.write_text(MARKS.sub(lambda match: match[1] + table(found) + match[2], PAGE.read_text(encoding="utf-8")))
    ends = [result for results in found.values() for result in results.values()]
    sys.exit(any(not result.startswith((PASSES, REFUSED)) for result in ends))


if __name__ == "__main__":
    main()
