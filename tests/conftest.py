"""Shared pieces of the tests: a tiny model folder with a known exact answer."""

from __future__ import annotations

from pathlib import Path

# before any test imports libRoadRunner: whichever comes first decides what a kind of formula is to the other
import libsbml  # noqa: F401
import pytest
from hypothesis import settings

# the first example of a test may compile a kernel, which takes seconds
settings.register_profile("resprout", deadline=None)
settings.load_profile("resprout")

UNITS = "unit umol = 1e-6 mole\nunit hour = 3600 second\nunit per_hour = 1 / (3600 second)\nunit umol_per_h = 1e-6 mole / (3600 second)\n"
FUNCTIONS = "// A share of one site.\nfunction saturating(x)\n  x / (1 + x)\nend\n"
STAGES = {
    "1_dose": "drug' = infusion - loss_rate * drug  // [umol] drug in the body\n",
    "2_receptor": "taken := saturating(drug / half_amount)  // [dimensionless] share of receptors taken\n",
    "3_circuit": "fast' = fast_rate * (taken - fast)  // [dimensionless] a stiff follower\n",
    "4_signal": "growth' = loss_rate * (fast - growth)  // [dimensionless] a slow follower\ngrowth = 0.5\n",
    "5_spine": "level := 1 + gain * (0.1 + growth)^steepness  // [dimensionless] what grows\n",
    "6_score": "mood' = loss_rate * (level - mood)  // [dimensionless] what is rated\nmood = 1\n",
}
HEADER = [
    "name",
    "value",
    "unit",
    "bounds",
    "stage",
    "role",
    "spread",
    "shared",
    "source",
    "grade",
    "evidence",
    "meaning",
]
PARAMETERS = [
    "infusion 0 umol_per_h nonnegative 1 input . . . assumed . input-of-drug",
    "loss_rate 0.5 per_hour positive 1 constant cv_0.2 . book measured E1 loss",
    "half_amount 10 umol positive 2 constant . . book measured E2 half-point",
    "fast_rate 1000 per_hour positive 3 constant . . . assumed . speed",
    "gain 2 dimensionless any 5 constant . . . assumed . gain",
    "steepness 1.5 dimensionless positive 5 constant . . . assumed . steepness",
]


@pytest.fixture
def toy_folder(tmp_path: Path) -> Path:
    """A six-stage model small enough to solve on paper: first-order loss, saturation, a stiff and two slow followers."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "units.ant").write_text(UNITS, encoding="utf-8")
    (folder / "functions.ant").write_text(FUNCTIONS, encoding="utf-8")
    for name, text in STAGES.items():
        (folder / f"{name}.ant").write_text(f"// {name}\n{text}", encoding="utf-8")
    rows = [
        "\t".join("" if cell == "." else cell.replace("_0.2", " 0.2") for cell in row.split()) for row in PARAMETERS
    ]
    (folder / "parameters.tsv").write_text("\n".join(["\t".join(HEADER), *rows]) + "\n", encoding="utf-8")
    (folder / "drugs.tsv").write_text(
        "drug\tproperty\tvalue\tunit\tsource\tgrade\tevidence\tmeaning\n", encoding="utf-8"
    )
    (folder / "targets.tsv").write_text(
        "drug\ttarget\tproperty\tvalue\tunit\tsource\tgrade\tevidence\tmeaning\n", encoding="utf-8"
    )
    (folder / "correlations.tsv").write_text("first\tsecond\tcorrelation\tsource\tevidence\n", encoding="utf-8")
    (folder / "sources.bib").write_text(
        "@book{book,\n  author = {A. Writer},\n  year = {2001},\n  title = {A {Book}}\n}\n", encoding="utf-8"
    )
    return folder
