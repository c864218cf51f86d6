"""Published numbers of trials as observations of a meta-analysis: protocols in, mean improvement by arm and visit out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from resprout.dosing.regimen import Dose, Regimen
from resprout.language.rating_scales import Scale, mood_rated, with_cut_offs
from resprout.language.records import Model
from resprout.trial.blinded_treatment import blinded_treatment
from resprout.trial.design import Protocol, Published
from resprout.trial.protocol import read_protocol
from resprout.trial.published_numbers import COUNTED

LATER_SD = 0.30  # of improvement as a share of baseline, between the patients of an arm, where no trial prints one
BASELINE_SD = 0.15  # of a baseline score as a share of its mean, where no trial prints one
RESPONSE, PARTIAL = 0.5, 0.2  # improvement as a share of baseline
OF_CHANGE = ("sd_change", "difference_sd")  # standard deviations of changes; those of the first visit are of baselines
CONTINUITY = 0.5  # patient added to each cell of a share, so that none or all is a finite number


@dataclass(frozen=True)
class Treatment:
    """One drug of one arm: name, route, dose (mg, or mg/kg), and the hours at which it is given."""

    drug: str
    route: str
    dose: float
    times_h: tuple[float, ...]

    @property
    def oral(self) -> bool:
        """Whether it is given as tablets over days or weeks; anything else is a procedure with a rapid effect."""
        return self.route == "oral"


@dataclass(frozen=True)
class TrialSummary:
    """What a meta-analysis knows of a trial before it has looked at its results.

    sizes      by arm     people                 treatments   by arm     drugs
    start_h    h          first blinded treatment, from which the response to placebo counts
    entry      by scale   points                 minimum score at entry
    """

    name: str
    protocol: Protocol
    treatments: Mapping[str, tuple[Treatment, ...]]
    sizes: Mapping[str, int]
    start_h: float
    scales: Mapping[str, Scale]

    @property
    def control_type(self) -> str:
        """How its control arm is treated; `open_label` where there is none."""
        return self.protocol.control if self.protocol.control_arm else "open_label"

    def baseline_hour(self, endpoint: str) -> float:
        """Hour of the first visit of an endpoint."""
        return self.protocol.visits_of(endpoint)[0]


@dataclass(frozen=True)
class ImprovementRow:
    """A published number as mean improvement, a share of baseline, of an arm or of an arm less its control.

    improvement   1   positive is better            standard_error   1   from the number of patients
    control       name of the arm subtracted; empty for none
    """

    trial: str
    evidence: str
    arm: str
    control: str
    endpoint: str
    hour: float
    improvement: float
    standard_error: float


@dataclass(frozen=True)
class ScoreRow:
    """A published baseline mean, as a share of the scale's range, or a spread as a share of the baseline mean.

    kind   "baseline mean", "baseline sd" or "later sd"
    """

    trial: str
    kind: str
    entry: float
    value: float
    people: int


def trial_summaries(model: Model, trials: Iterable[str]) -> list[TrialSummary]:
    """Read the design of every trial as a meta-analysis sees it."""
    return [trial_summary(model, *read_protocol(name, model)) for name in trials]


def trial_summary(model: Model, protocol: Protocol, regimens: Mapping[str, Regimen]) -> TrialSummary:
    """One design as a meta-analysis sees it."""
    sizes = {
        arm.name: protocol.people if protocol.design == "crossover" else int(arm.size or 0) for arm in protocol.arms
    }
    given = {arm: tuple(_treatments(regimen.doses, protocol.control)) for arm, regimen in regimens.items()}
    start = min(blinded_treatment(protocol, dict(regimens), model).first_h.values(), default=0.0)
    return TrialSummary(protocol.name, protocol, given, sizes, start, with_cut_offs(model.scales, protocol.remission))


def improvement_rows(trials: Sequence[TrialSummary]) -> list[ImprovementRow]:
    """Every published number of depression after baseline that can be read as a mean improvement; others are left out."""
    found = []
    for trial in trials:
        for row in _counted_mood(trial):
            read = _improvement(trial, row)
            if read is not None:
                found.append(read)
    return found


def score_rows(trials: Sequence[TrialSummary]) -> list[ScoreRow]:
    """Every published baseline mean and every published spread of depression scores."""
    found = []
    for trial in trials:
        means = _baseline_means(trial)
        for row in _counted_mood(trial):
            scale, arm = trial.scales[row.endpoint], _arm(trial, row)
            people = row.people or trial.sizes[arm]
            at_baseline = _hour(trial, row) <= trial.baseline_hour(row.endpoint) + 1e-9
            mean = means.get((arm, row.endpoint), expected_baseline(trial, row.endpoint))
            if at_baseline and row.statistic in ("mean", "first_period_mean"):
                share = row.value / scale.highest
                found.append(ScoreRow(trial.name, "baseline mean", entry_share(trial, row.endpoint), share, people))
            elif row.statistic in ("sd", "first_period_sd", *OF_CHANGE):
                kind = "baseline sd" if at_baseline and row.statistic not in OF_CHANGE else "later sd"
                found.append(ScoreRow(trial.name, kind, 0.0, row.value / mean, people))
    return found


def entry_share(trial: TrialSummary, endpoint: str) -> float:
    """minimum score at entry as a share of its scale's range; that of another scale where the endpoint has none, 0.35 without any."""
    minimum = trial.protocol.entry.minimum
    totals = [each for each in minimum if each in trial.scales and trial.scales[each].is_total]
    name = endpoint if endpoint in minimum else next(iter(totals), None)
    return minimum[name] / trial.scales[name].highest if name else 0.35


def expected_baseline(trial: TrialSummary, endpoint: str) -> float:
    """A baseline mean where none is published: a tenth of the scale above the minimum score at entry; points."""
    return float((entry_share(trial, endpoint) + 0.1) * trial.scales[endpoint].highest)


def _treatments(doses: Iterable[Dose], control: str) -> list[Treatment]:
    """Drugs of an arm; an active placebo, such as midazolam, is a type of control and no treatment."""
    return [Treatment(dose.drug, dose.route, dose.amount_mg, dose.times_h) for dose in doses if dose.drug != control]


def _counted_mood(trial: TrialSummary) -> list[Published]:
    """Published numbers of rated depression that are verified at source."""
    return [
        row
        for row in trial.protocol.published
        if row.verification in COUNTED and not row.bound and mood_rated(trial.scales, row.endpoint)
    ]


def _arm(trial: TrialSummary, row: Published) -> str:
    return row.arm or trial.protocol.arms[0].name


def _hour(trial: TrialSummary, row: Published) -> float:
    visits = trial.protocol.visits_of(row.endpoint)
    return visits[-1] if row.time is None else min(visits, key=lambda each: abs(each - float(row.time or 0.0)))


def _baseline_means(trial: TrialSummary) -> dict[tuple[str, str], float]:
    return {
        (_arm(trial, row), row.endpoint): row.value
        for row in _counted_mood(trial)
        if row.statistic in ("mean", "first_period_mean")
        and _hour(trial, row) <= trial.baseline_hour(row.endpoint) + 1e-9
    }


def _improvement(trial: TrialSummary, row: Published) -> ImprovementRow | None:
    """One number as a mean improvement, by a normal law of improvement between patients with sd LATER_SD; None if it is none."""
    arm, hour = _arm(trial, row), _hour(trial, row)
    if hour <= trial.baseline_hour(row.endpoint) + 1e-9:
        return None
    baseline = _baseline_means(trial).get((arm, row.endpoint), expected_baseline(trial, row.endpoint))
    people = row.people or trial.sizes[arm]
    control = trial.protocol.control_arm or ""
    other = trial.sizes.get(control, people)
    read = _of_arm(trial, row, baseline, people)
    if read is not None:
        return ImprovementRow(trial.name, row.evidence, arm, "", row.endpoint, hour, *read)
    apart = _of_difference(row, baseline)
    if apart is None or not control:
        return None
    error = LATER_SD * math.sqrt(1 / people + 1 / other)
    return ImprovementRow(trial.name, row.evidence, arm, control, row.endpoint, hour, apart, error)


def _of_arm(trial: TrialSummary, row: Published, baseline: float, people: int) -> tuple[float, float] | None:
    """Improvement of an arm and its standard error."""
    error = LATER_SD / math.sqrt(people)
    match row.statistic:
        case "mean_change":
            return -row.value / baseline, error
        case "mean" | "first_period_mean":
            return 1 - row.value / baseline, error
        case "relative_change":
            return -row.value, error
        case "improvement_d":
            return row.value * LATER_SD, error
        case "response_rate":
            return _from_share(row.value, RESPONSE, people)
        case "partial_response":
            return _from_share(row.value, PARTIAL, people)
        case "remission_rate":
            cut_off = trial.scales[row.endpoint].remission
            return None if cut_off is None else _from_share(row.value, 1 - cut_off / baseline, people)
    return None


def _from_share(share: float, threshold: float, people: int) -> tuple[float, float]:
    """Mean improvement at which this share of patients lies above a threshold, and its standard error."""
    inside = (share * people + CONTINUITY) / (people + 2 * CONTINUITY)
    z = float(norm.ppf(inside))
    error = math.sqrt(inside * (1 - inside) / people) / float(norm.pdf(z))
    return threshold + LATER_SD * z, LATER_SD * error


def _of_difference(row: Published, baseline: float) -> float | None:
    """Improvement of an arm less that of its control."""
    at_forty = float(norm.pdf(norm.ppf(0.4)))  # shares of response lie around this in most trials
    return {
        "difference": -row.value / baseline,
        "cohen_d": row.value * LATER_SD,
        "response_difference": row.value * LATER_SD / at_forty,
        "odds_ratio": LATER_SD * math.log(max(row.value, 1e-3)) * math.sqrt(3) / np.pi,
    }.get(row.statistic)
