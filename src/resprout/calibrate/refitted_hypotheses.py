"""Rival hypotheses refitted before they are compared: a model in; how well each predicts trials that it has not seen, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.fitted_parameters import Numbers, Quantity, read_quantities
from resprout.calibrate.hypotheses import SEED, Hypothesis, read_hypotheses
from resprout.calibrate.leave_trial_out import with_observation_error
from resprout.calibrate.posterior import sample
from resprout.calibrate.posterior_mode import Fit, Problem, Progress, fit_problem
from resprout.calibrate.proper_scores import score_samples
from resprout.calibrate.residuals import Block, Laboratory, Trials, fitted_rows, fitted_trials, replicate_count
from resprout.calibrate.shared_work import Share, by_own_processes
from resprout.language import load_model
from resprout.language.records import Model
from resprout.simulation.workers import process_pool
from resprout.trial.protocol import read_protocol
from resprout.trial.published_numbers import published_statistic
from resprout.trial.replicates import run_series

SHARED = (
    "mTORC1_half_point",
    "mTORC1_translation_share",
    "strength_time",
    "throughput_on_connectivity",
    "largest_fast_gain",
    "fast_gain_off_time",
    "connectivity_need",
    "symptoms_per_connectivity",
    "severity_time",
    "placebo_depth",
    "placebo_onset",
    "belief_saline",
    "belief_midazolam",
    "unblinding_VAS_high",
)
"""Quantities of fitted.tsv that every hypothesis may move, with the priors given there; the others stay as shipped."""
PEOPLE = 200  # virtual patients of a trial at a point of the fit
STAGES = (4, 5, 6)  # of the laboratory that the shared constants reach
STEPS, CHAIN = 8, 500  # of the search; of each chain
DRAWS, REPLICATES, LEAST = 200, 400, 8
FAR = 10.0  # sd of a row that cannot be computed
Key = tuple[str, int]


@dataclass(frozen=True)
class Refitted:
    """How well one refitted hypothesis predicts trials that it has not seen.

    free_constants   how many were fitted           loss   half the sum of squared robust residuals of the whole fit
    crps             mean over trials of the mean over their rows, in sd of a row; smaller is better
    behind           by how much its CRPS exceeds the smallest; standard errors are over trials
    """

    hypothesis: str
    free_constants: int
    trials: int
    rows: int
    crps: float
    standard_error: float
    behind: float
    behind_error: float
    loss: float


@dataclass(frozen=True)
class _Answered:
    """A block of data to which a hypothesis always has an answer: what it cannot compute is missed by far."""

    block: Block

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each row."""
        return self.block.names

    def residuals(self, points: Sequence[Mapping[str, float]], share: Share = by_own_processes) -> Numbers:
        """As in `Block`; none is missing or infinite."""
        return np.nan_to_num(self.block.residuals(points, share), nan=FAR, posinf=FAR, neginf=-FAR)


@dataclass(frozen=True)
class _Replicates:
    """What a process needs to know about one trial of one hypothesis: the model's folder, its constants, trial and seed."""

    folder: str
    point: Mapping[str, float]
    trial: str
    seed: int


def compare_refitted(
    model: Model, progress: Progress, *, trials: Sequence[str] | None = None, seed: int = 1
) -> list[Refitted]:
    """Refit every hypothesis to the same data with the same kind of prior, and predict every trial without its numbers.

    progress   told what is under way
    trials     None for those with a single dose that a fit looks at
    returns    the best first

    Free are the constants of SHARED and those of rival_constants.tsv; what a hypothesis sets otherwise stays set. The refit
    without a trial takes the Jacobian of the fit with it.
    """
    block = Trials.of(model, {}, people=PEOPLE, seed=seed, trials=trials or single_dose_trials(model))
    laboratory = _Answered(Laboratory.of(model, STAGES))
    loss, scores, free = {}, {}, {}
    for hypothesis in read_hypotheses(model):
        fit, held = refit(model, hypothesis, (laboratory, block), progress)
        loss[hypothesis.name], free[hypothesis.name] = fit.loss, len(fit.quantities)
        progress(f"{hypothesis.name}: predicting {len(block.trials)} trials")
        scores[hypothesis.name] = left_out_scores(model, fit, held, block, seed)
    return ranked(scores, free, loss)


def refit(
    model: Model, hypothesis: Hypothesis, blocks: Sequence[Block], progress: Progress
) -> tuple[Fit, dict[str, float]]:
    """Fit the free constants of a hypothesis to blocks of data; the fit, and the constants that it held."""
    quantities = free_quantities(model, hypothesis)
    free = {quantity.name for quantity in quantities}
    held = {name: value for name, value in hypothesis.overrides.items() if name not in free}
    start = np.array([start_of(model, hypothesis, quantity) for quantity in quantities])
    problem = Problem(model, quantities, tuple(blocks), start, hypothesis.name, held)
    return fit_problem(problem, most_steps=STEPS, progress=progress), held


def single_dose_trials(model: Model) -> list[str]:
    """Trials that a fit looks at and in which nobody gets more than one dose: the others take most of the time."""
    found = []
    for trial in fitted_trials():
        design, regimens = read_protocol(trial, model)
        most = max(sum(len(dose.times_h) for dose in regimen.doses) for regimen in regimens.values())
        if most <= 1 and fitted_rows(design):
            found.append(trial)
    return found


def free_quantities(model: Model, hypothesis: Hypothesis) -> tuple[Quantity, ...]:
    """The quantities that a hypothesis may move: those of all, less what it sets itself, and its own."""
    shared = [each for each in read_quantities(model) if each.name in SHARED and each.name not in hypothesis.overrides]
    own = [
        Quantity(row["name"], "constant", row["scale"], float(row["prior"]), float(row["prior_sd"]))
        for row in data_rows("rival_constants")
        if row["hypothesis"] == hypothesis.name
    ]
    return (*shared, *own)


def start_of(model: Model, hypothesis: Hypothesis, quantity: Quantity) -> float:
    """Where the search starts: what the hypothesis sets, or what the package ships; prior sd from the prior."""
    return float(quantity.free(hypothesis.overrides.get(quantity.name, model.constants[quantity.name].value)))


def left_out_scores(model: Model, fit: Fit, others: Mapping[str, float], block: Trials, seed: int) -> dict[Key, float]:
    """CRPS of every published number of every trial, in sd of its row, predicted by the fit without the trial.

    fit       of the laboratory and `block`        others   constants that the fit held
    returns   by trial and number of its row in the block

    A prediction is the mean of the trial at a blind draw, linear in the fit's Jacobian, with the spread of replicates at the
    mode and the fit's law of error.
    """
    work = [_Replicates(model.folder, {**others, **fit.values}, trial, seed) for trial in block.trials]
    with process_pool() as pool:
        spreads = dict(zip(block.trials, pool.map(_replicates, work), strict=True))
    first = len(fit.rows) - len(block.names)
    random = np.random.default_rng(seed)
    found: dict[Key, float] = {}
    for trial in block.trials:
        own = [number for number, name in enumerate(block.names) if name.startswith(f"{trial}.")]
        if not own:
            continue
        seen = [not name.startswith(f"{trial}.") for name in fit.rows]
        free = sample(fit, seed=seed, draws=CHAIN, rows=seen).free
        drawn = free[random.choice(len(free), DRAWS, replace=False)]
        rows = [first + number for number in own]
        away = fit.surface.at(drawn)[:, rows]
        for place, number in enumerate(own):
            replicates = spreads[trial][place]
            if block.bound[number] or replicates.size < LEAST:
                continue
            middle = block.observed[number] + block.sd[number] * away[:, place]
            around = random.choice(replicates - replicates.mean(), DRAWS)
            scored = score_samples(float(block.observed[number]), with_observation_error(middle + around, random))
            if scored is not None:
                found[trial, number] = scored.crps / float(block.sd[number])
    return found


def _replicates(work: _Replicates) -> list[Numbers]:
    """The fitted numbers of a trial in replicates at one point: [row] of [replicate]."""
    model = load_model(work.folder).with_parameters(work.point)
    design, regimens = read_protocol(work.trial, model)
    count = max(LEAST, replicate_count(design, REPLICATES))
    _, outcome = run_series(design, regimens, model, count, work.seed, point=True)
    found = [published_statistic(design, outcome, row) for row in fitted_rows(design)]
    return [values[np.isfinite(values)] for values in found]


def ranked(
    scores: Mapping[str, Mapping[Key, float]], free: Mapping[str, int], loss: Mapping[str, float]
) -> list[Refitted]:
    """Compare hypotheses by the mean over trials of the rows that all of them predict, the best first.

    scores    by hypothesis, and by trial and row: CRPS
    free      by hypothesis: how many constants were fitted      loss   by hypothesis: of the fit
    """
    common = sorted(set.intersection(*(set(own) for own in scores.values())))
    trials = sorted({trial for trial, _ in common})
    by_trial = {
        name: np.array([np.mean([own[key] for key in common if key[0] == trial]) for trial in trials])
        for name, own in scores.items()
    }
    best = by_trial[min(by_trial, key=lambda name: by_trial[name].mean())]
    root = np.sqrt(len(trials))

    def one(name: str) -> Refitted:
        own, gap = by_trial[name], by_trial[name] - best
        errors = [float(each.std(ddof=1) / root) if len(trials) > 1 else float("nan") for each in (own, gap)]
        means = float(own.mean()), errors[0], float(gap.mean()), errors[1]
        return Refitted(name, free[name], len(trials), len(common), *means, loss[name])

    return sorted(map(one, by_trial), key=lambda row: (row.crps, row.hypothesis != SEED))


def recorded_text(rows: Sequence[Refitted]) -> str:
    """The table in which the comparison is written down."""
    columns = [field.name for field in fields(Refitted)]
    lines = [[f"{value:.4g}" if isinstance(value, float) else str(value) for value in astuple(row)] for row in rows]
    head = "# Hypotheses refitted and scored on trials left out, by `make rivals`. Columns are explained in docs/hypotheses.md."
    return "\n".join([head, "\t".join(columns), *("\t".join(line) for line in lines)]) + "\n"
