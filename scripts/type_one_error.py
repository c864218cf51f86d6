"""Measures how often each analysis gives p < .05 where nothing is compared with nothing: run by `make type-one-error`.

Two arms of saline, rated by the model's own raters, at the point estimate. Writes the table of docs/guides/analyses.md.
"""

import argparse
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from resprout.language import load_model
from resprout.trial.analysis import estimates
from resprout.trial.design import Protocol
from resprout.trial.design_checks import check_design
from resprout.trial.replicates import run_series
from resprout.trial.reported_statistics import statistic

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "analyses.md"
MARKS = re.compile(r"(<!-- type one error -->\n).*(<!-- end of type one error -->)", re.DOTALL)
SIZES = (4, 6, 12, 50)
VISITS = ("0 min", "1 d", "3 d", "7 d", "14 d", "21 d", "28 d", "42 d")
MISSING = {"complete": {}, "missing": {"missed_visits": 0.1, "completely_at_random": 0.02}}
ALPHA = 0.05
NAMES = {
    "mmrm": "MMRM, {visits} visits",
    "ancova": "ANCOVA",
    "welch": "Welch's test",
    "responder": "Fisher's exact test of response",
    "relapse": "log-rank test of relapse",
    "rm_anova": "ANOVA, treatment x time (crossover)",
    "genotype": "ANOVA, genotype x time",
}


def design(size, visits, rule, kind, analysis):
    """Saline against saline, each called a treatment, so that some respond."""
    group = "size" if kind == "parallel" else "first"
    # of a crossover, n is the number of people of both orders
    people = size if kind == "parallel" else size // 2
    arms = [{"name": name, "regimen": "saline", group: people, "control": name == "two"} for name in ("one", "two")]
    fields = {"name": "null", "title": "null", "design": kind, "control": "open_label", "arms": arms}
    fields |= {"endpoints": [{"name": "MADRS", "visits": list(VISITS[: visits + 1])}], "analysis": list(analysis)}
    # a response of a tenth, as few respond to saline
    fields |= {"dropout": rule, "relapse": {"start": "1 d", "response": 0.1, "kept": 0.1}}
    return Protocol.model_validate(fields | ({"washout": "60 d"} if kind == "crossover" else {}))


def measured(size, visits, rule, kind, analysis, replicates):
    """p [replicate] of each analysis, at the last visit; NaN where there is none."""
    model = load_model()
    protocol = design(size, visits, rule, kind, analysis)
    regimens, faults = check_design(protocol, model, str)
    assert not faults, faults
    _, outcome = run_series(protocol, regimens, model, replicates, 1, point=True)
    # the genotype of the model does something; one drawn anew does nothing
    shuffled = np.random.default_rng(1).permuted
    drawn = {arm: shuffled(alleles, axis=1) for arm, alleles in outcome.genotype.items()}
    outcome = replace(outcome, genotype=drawn)
    found = {each.analysis: each.p for each in estimates(protocol, outcome) if each.test and each.arm != "two"}
    if kind == "parallel":
        found["welch"] = statistic(protocol, outcome, "difference_p", "one", "MADRS", None)
    return {NAMES[name].format(visits=visits): p for name, p in found.items()}


def cell(p):
    """The share of p < .05 with its Monte Carlo error (two standard errors), and the share of trials that have p."""
    known = p[np.isfinite(p)]
    if known.size < 100:
        return f"none ({known.size / p.size:.0%})"
    rate = (known < ALPHA).mean()
    error = 2 * np.sqrt(rate * (1 - rate) / known.size)
    return f"{100 * rate:.1f} ± {100 * error:.1f}" + ("" if known.size == p.size else f" ({known.size / p.size:.0%})")


def table(replicates):
    """Rows of rates by analysis and number of patients."""
    cells = {}
    for ratings, rule in MISSING.items():
        for size in SIZES:
            found = measured(size, 3, rule, "parallel", ("mmrm", "ancova", "responder"), replicates)
            found |= measured(size, 7, rule, "parallel", ("mmrm", "relapse", "genotype"), replicates)
            found |= measured(size, 3, rule, "crossover", ("rm_anova",), replicates)
            for name, p in found.items():
                cells.setdefault((name, ratings), []).append(cell(p))
                print(f"{name}, {ratings}, n = {size}: {cell(p)}", flush=True)
    head = ["analysis", "ratings", *(f"n = {size}" for size in SIZES)]
    order = [NAMES[name].format(visits=visits) for name in NAMES for visits in ((3, 7) if name == "mmrm" else (0,))]
    rows = [[name, ratings, *cells[name, ratings]] for name in order for ratings in MISSING]
    lines = [head, ["---", "---", *["--:"] * len(SIZES)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main():
    """Measure and write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--replicates", type=int, default=4000)
    replicates = asked.parse_args().replicates
    text = f"{replicates:,} trials each.\n\n{table(replicates)}\n\n"
    page = PAGE.read_text(encoding="utf-8")
    assert MARKS.search(page), f"no marks in {PAGE.name}"
    PAGE.write_text(MARKS.sub(lambda found: found[1] + text + found[2], page), encoding="utf-8")


if __name__ == "__main__":
    main()
