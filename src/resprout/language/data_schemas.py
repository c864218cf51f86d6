"""Schemas of the calibration's tables: measurements, what a fit may move, and what was recorded of validation and fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from resprout.errors import Fault
from resprout.language.readouts import LEVELS
from resprout.language.rows import Cells, Names, Row
from resprout.language.schemas import (
    Above,
    Maybe,
    Name,
    Number,
    Recorded,
    SeedRow,
    Stage,
    Text,
    Truth,
    Verification,
    readout_phrases,
)

Source = Annotated[str, Field(min_length=1, description="a source"), Names("sources", "source in sources.bib", True)]
RowKind = Literal["number", "direction", "bound", "word", "significant visit"]
Comparison = Literal["", "drug arm", "control arm", "difference", "baseline"]
Dosing = Literal["", "single", "repeated"]
TruthOrNothing = Literal["", "true", "false"]


class MeasurementRow(Row):
    """A published number of the laboratory: measurements.tsv."""

    unique: ClassVar = ("id",)
    id: Name
    stage: Stage
    seed_row: SeedRow
    source: Source
    verification: Verification
    person: Annotated[str, Field(min_length=1, description="a person"), Names("persons", "person of persons.tsv")]
    given: str
    manipulation: str
    measure: Annotated[str, Field(min_length=1), readout_phrases(LEVELS, " / ", "p_mTOR max 0 4")]
    compare: Literal["", "change", "percent", "ratio", "difference", "share"]
    reference: str
    unit: Annotated[str, Field(min_length=1, description="a unit"), Names("units", "unit")]
    rule: Literal["within", "above", "below"]
    observed: Maybe
    lower: Maybe
    upper: Maybe
    sd: Above
    used_in_fit: Truth
    spread: Annotated[str, Field(min_length=1, description="a word on where sd, lower and upper come from")]
    note: str

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Comparison and reference, rule and bounds, use and note."""
        if bool(cells["reference"]) != (cells["compare"] in ("ratio", "difference", "share")):
            found = "a ratio, difference or share needs a reference, and nothing else does."
            yield Fault(found, field="reference")
        needed = {"within": ("lower", "upper"), "above": ("lower",), "below": ("upper",)}.get(cells["rule"], ())
        if not all(cells[name] for name in needed):
            yield Fault(f"no bound for the rule `{cells['rule']}`.", "", "", "Fill lower or upper.", "lower")
        if cells["rule"] == "within" and not cells["observed"]:
            yield Fault(
                "no observed number for the rule `within`.", "", "Expected one between the bounds.", "", "observed"
            )
        if _above(cells["lower"], cells["upper"]):
            yield Fault(f"lower `{cells['lower']}`.", "", f"Expected below {cells['upper']}.", field="lower")
        if _above(cells["lower"], cells["observed"]) or _above(cells["observed"], cells["upper"]):
            yield Fault(f"observed `{cells['observed']}`.", "", "Expected between lower and upper.", field="observed")
        if cells["used_in_fit"] == "false" and not cells["note"]:
            yield Fault("not used in the fit, and no note says why.", "", "Expected a note.", field="note")


def _above(first: str, second: str) -> bool:
    """Whether two cells are numbers and the first is the larger."""
    try:
        return float(first) > float(second)
    except ValueError:
        return False


class LeftOut(Row):
    """Published facts that were read and are not used: left_out.tsv."""

    unique: ClassVar = ("evidence",)
    evidence: Text
    reason: Text


class LeftOutStudy(Row):
    """Published trials, and parts of trials, that are not among the protocols: left_out_studies.tsv."""

    unique: ClassVar = ("evidence",)
    trial: Text
    evidence: Text
    missing_feature: Annotated[str, Field(min_length=1, description="a feature of protocols, or `none`")]
    reason: Text


class Miss(Row):
    """Why a row of the scoreboard is missed: misses.tsv."""

    unique: ClassVar = ("id",)
    id: Annotated[str, Field(min_length=1), Names("marks", "row of the scoreboard")]
    reason: Text


class ByConstruction(Row):
    """An intervention that the equations answer before anything is simulated: by_construction.tsv."""

    unique: ClassVar = ("id",)
    id: Annotated[str, Field(min_length=1), Names("interventions", "row of interventions.tsv")]
    reason: Text


class FittedRow(Row):
    """A number that a fit may move: fitted.tsv."""

    unique: ClassVar = ("name",)
    name: Annotated[str, Field(min_length=1), Names("constants", "constant of the model")]
    holds: Literal["constant", "people", "rating"]
    scale: Literal["log", "logit"]
    prior: Above
    prior_sd: Above

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """A logit takes shares."""
        if cells["scale"] == "logit" and _above(cells["prior"], "1"):
            yield Fault(f"prior `{cells['prior']}`.", "", "Expected a share below 1 on a logit scale.", field="prior")


class RivalConstant(Row):
    """A constant that one hypothesis leaves free when it is refitted: rival_constants.tsv."""

    unique: ClassVar = ("hypothesis", "name")
    hypothesis: Text
    name: Annotated[str, Field(min_length=1), Names("constants", "constant of the model")]
    scale: Literal["log", "logit"]
    prior: Above
    prior_sd: Above


class RefittedRival(Row):
    """How well a refitted hypothesis predicts trials that it has not seen: refitted_hypotheses.tsv."""

    unique: ClassVar = ("hypothesis",)
    hypothesis: Text
    free_constants: Annotated[int, Field(ge=0)]
    trials: Annotated[int, Field(ge=1)]
    rows: Annotated[int, Field(ge=1)]
    crps: Above
    standard_error: Number
    behind: Number
    behind_error: Number
    loss: Above


class FixedConstant(Row):
    """Constants that a sensitivity analysis leaves alone; `*` and `?` stand for any letters: fixed_constants.tsv."""

    unique: ClassVar = ("constant",)
    constant: Annotated[str, Field(min_length=1, description="a constant, or a pattern such as `*_floor`")]
    reason: Text


class UnfittedConstant(Row):
    """What a constant outside the fit does to a prediction: unfitted_constants.tsv."""

    unique: ClassVar = ("name", "prediction")
    name: Annotated[str, Field(min_length=1), Names("constants", "constant of the model")]
    grade: Text
    range: Text
    prediction: Text
    change: Annotated[float, Field(ge=0)]
    uncertainty: Above


class ScoredTrial(Row):
    """A trial on the scoreboard: trials.tsv."""

    unique: ClassVar = ("trial",)
    trial: Annotated[str, Field(min_length=1), Names("trials", "shipped trial")]
    seed_row: SeedRow
    replicates: Annotated[int, Field(ge=1)]
    quick: Truth


class RecordedMark(Row):
    """A row of the scoreboard as last written: scoreboard.tsv. What the columns hold: docs/scoreboard.md."""

    unique: ClassVar = ("id",)
    id: Text
    group: Literal["laboratory", "intervention", "trial"]
    kind: RowKind
    counted: Truth
    stage: Stage
    seed_row: SeedRow
    what: Text
    observed: str
    predicted: str
    lower: Recorded
    upper: Recorded
    unit: str
    z: Recorded
    # `pass` is no name that Python allows
    passed: Annotated[Truth, Field(alias="pass")]
    passed_null: Truth
    comparison: Comparison
    dosing: Dosing
    used_in_fit: Truth
    verification: Verification
    source: Text
    crps: Recorded
    crps_null: Recorded
    crps_inert: Recorded
    crps_mbma: Recorded
    crps_no_heterogeneity: Recorded
    log_score: Recorded
    log_score_null: Recorded
    log_score_inert: Recorded
    log_score_mbma: Recorded
    log_score_no_heterogeneity: Recorded
    skill: Recorded
    skill_inert: Recorded
    skill_mbma: Recorded
    covered_50: TruthOrNothing
    covered_80: TruthOrNothing
    covered_90: TruthOrNothing
    covered_95: TruthOrNothing
    covered_90_mbma: TruthOrNothing
    covered_90_no_heterogeneity: TruthOrNothing
    width: Recorded
    width_mbma: Recorded
    width_no_heterogeneity: Recorded
    crps_scale: Recorded
    reason: str


class PosteriorRow(Row):
    """Posterior of a fitted quantity: posterior.tsv."""

    unique: ClassVar = ("name",)
    name: Annotated[str, Field(min_length=1), Names("constants", "constant of the model")]
    holds: Literal["constant", "people", "rating"]
    unit: Annotated[str, Field(min_length=1), Names("units", "unit")]
    prior: Above
    value: Number
    lower: Number
    upper: Number
    contraction: Number
    R_hat: Above
    ESS: Above
    nearest: Annotated[str, Field(min_length=1), Names("constants", "constant of the model")]
    correlation: Annotated[float, Field(ge=-1, le=1)]
    second_seed: Recorded
    rank_p: Recorded


class CombinationRow(Row):
    """A combination of fitted quantities that is known better than each of them: combinations.tsv."""

    unique: ClassVar = ("combination",)
    combination: Text
    variance: Annotated[float, Field(ge=0, le=1)]


class LeftOutTrialRow(Row):
    """A published number beside the prediction of a fit that never saw its trial: left_out_trials.tsv."""

    trial: Annotated[str, Field(min_length=1), Names("trials", "shipped trial")]
    evidence: Text
    arm: str
    endpoint: Text
    time_h: Recorded
    statistic: Text
    published: Recorded
    bound: Literal["", "upper", "lower"]
    predicted: Recorded
    lower: Recorded
    upper: Recorded
    inside: Literal["", "true", "false"]
    verification: Literal["read", "secondary", "digitised", "recall"]
    note: str
    replicates: Annotated[int, Field(ge=1)]
    estimable: Annotated[int, Field(ge=0)]
    inside_plain: Literal["", "true", "false"]
    crps: Recorded
    crps_null: Recorded
    crps_mbma: Recorded
