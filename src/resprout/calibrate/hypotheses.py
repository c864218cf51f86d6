"""Rival hypotheses, each a small table of changed constants, scored on the same facts: model/variants and facts.tsv in, who explains what out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from resprout.calibrate.interventions import InterventionResult, run_rows
from resprout.errors import Fault, ModelError
from resprout.language.records import Model
from resprout.language.references import check_variant

SEED = "seed"


@dataclass(frozen=True)
class Hypothesis:
    """One account of how ketamine works: what it claims, and the constants it changes (rows of its table)."""

    name: str
    claim: str
    rows: tuple[Mapping[str, str], ...] = field(hash=False)

    @property
    def overrides(self) -> dict[str, float]:
        """Changed constants by name."""
        return {row["constant"]: float(row["value"]) for row in self.rows}


@dataclass(frozen=True)
class Score:
    """What one hypothesis explains: a result for each fact, and one for each published intervention."""

    hypothesis: Hypothesis
    facts: tuple[InterventionResult, ...]
    interventions: tuple[InterventionResult, ...]

    @property
    def explained(self) -> int:
        """How many facts come out."""
        return sum(result.agrees for result in self.facts)


def read_hypotheses(model: Model) -> list[Hypothesis]:
    """Every hypothesis of the model's folder `variants`, the seed's first.

    raises   ModelError with every fault of the tables
    """
    faults: list[Fault] = []
    sources = {entry["key"] for entry in model.tables["sources"]}
    found = []
    for path in sorted((Path(model.folder) / "variants").glob("*.tsv")):
        rows = check_variant(path, model.constants, sources, faults)
        claim = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        found.append(Hypothesis(path.stem, claim, tuple(placed.cells for placed in rows)))
    if faults:
        raise ModelError(*faults)
    return sorted(found, key=lambda hypothesis: (hypothesis.name != SEED, hypothesis.name))


def score_hypotheses(model: Model) -> list[Score]:
    """Run every fact and every intervention under every hypothesis."""
    facts, interventions = model.tables["facts"], model.tables["interventions"]
    scores = []
    for hypothesis in read_hypotheses(model):
        results = run_rows(model, (*facts, *interventions), hypothesis.overrides)
        scores.append(Score(hypothesis, tuple(results[: len(facts)]), tuple(results[len(facts) :])))
    return scores
