"""Cohorts: a seed and entry criteria in, the people who enter a trial out, each the same person in any larger draw."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, nearest, refuse_others
from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.people.covariates import (
    POPULATIONS,
    Covariates,
    CYP2B6_factor,
    covariate_constants,
    draw_covariates,
    genotype_named,
)
from resprout.people.draws import drawn_for
from resprout.people.guards import guard_constants
from resprout.people.population import fact
from resprout.people.spreads import draw_deviates, spread_constants
from resprout.people.studies import STUDY_SPAN, candidates_of, study_of
from resprout.solve import steady_state

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
Rater = Callable[[str, Numbers, NDArray[np.int64], int], Numbers]
History = Callable[[Mapping[str, Numbers], Covariates, int], NDArray[np.bool_]]

MOST_PEOPLE = 10_000_000
SMALLEST_BLOCK = 256
SMALLEST_STUDY_BLOCK = 32
LARGEST_BLOCK = 20_000
FEWEST_SHARE = 0.002  # of candidates that must enter, or the criteria are taken for a mistake
CLEARANCE_OF_CYP2B6 = "demethylation_clearance"
ENTRY_SCALES = ("HDRS6", "HDRS17", "HDRS21", "HDRS24", "HDRS25", "MADRS")
SCREENED_SCALES = ("HDRS17", "MADRS")


@dataclass(frozen=True)
class Entry:
    """Who may enter.

    minimum     points by scale at screening, for instance {"HDRS21": 18}      maximum   likewise, at most
    age         years, first and last allowed
    genotype    rs6265 genotypes allowed; empty for all
    resistant   whether an earlier antidepressant must have failed
    """

    minimum: Mapping[str, float] = field(default_factory=dict)
    age: tuple[float, float] = (0.0, 200.0)
    genotype: tuple[str, ...] = ()
    maximum: Mapping[str, float] = field(default_factory=dict)
    resistant: bool = False


@dataclass(frozen=True)
class Cohort:
    """People ready to be treated.

    constants    by constant: [patient], in its unit; every constant not named here has the model's value
    columns      by covariate, [patient]: patient (0, 1, ...), candidate (number in the population), age, sex,
                 height_cm, weight_kg, BMI, ancestry, genotype, CYP2B6, comedication, glial_uptake, stress,
                 placebo_propensity, recovery, and true scores at rest
    seed         of the draw          screened   candidates looked at          population   mdd, bipolar or healthy
    """

    constants: dict[str, Numbers]
    columns: Covariates
    seed: int
    population: str
    screened: int

    def __len__(self) -> int:
        return len(self.columns["candidate"])

    @cached_property
    def covariates(self) -> pd.DataFrame:
        """The columns as a data frame, a row a patient."""
        import pandas as pd

        return pd.DataFrame(self.columns)

    @property
    def candidate(self) -> NDArray[np.int64]:
        """The patients' numbers in the population, which key their random streams."""
        return self.columns["candidate"].astype(np.int64)

    def take(self, ids: Sequence[int] | NDArray[np.int64]) -> Cohort:
        """The patients with these positions, in this order, otherwise unchanged.

        ids      [patient]   positions from 0
        raises   InputError for positions that nobody has
        """
        rows = np.atleast_1d(np.asarray(ids))
        within = rows.dtype.kind in "iu" and bool(((rows >= 0) & (rows < len(self))).all())
        refuse_others(("ids", ids, within or not rows.size, f"whole numbers from 0 to {len(self) - 1}"))
        rows = rows.astype(np.int64)
        constants = _rows(self.constants, rows)
        return Cohort(constants, _rows(self.columns, rows), self.seed, self.population, self.screened)

    def with_genotype(self, genotype: str) -> Cohort:
        """The same people, had they all been born with this rs6265 genotype.

        genotype   Val/Val, Val/Met or Met/Met, in any case
        """
        columns = self.columns | {"genotype": np.full(len(self), genotype_named(genotype))}
        return Cohort(self.constants | covariate_constants(columns), columns, self.seed, self.population, self.screened)


def recruit(
    n: int,
    *,
    seed: int = 1,
    entry: Entry | str | None = None,
    population: str = "mdd",
    genotype: str | None = None,
    model: Model | None = None,
    rater: Rater | None = None,
    history: History | None = None,
    uncertain: bool = False,
) -> Cohort:
    """Recruit people by entry criteria.

    n            how many, 1 to 10 million          seed    of the draw; patient k is the same in any larger draw
    entry        criteria, also as text such as "HDRS17>=18"; None asks the depressed for a true HDRS17 of 18 and the
                 healthy for nothing
    population   mdd, bipolar or healthy            genotype   rs6265 genotype given to everybody; None draws it
    model        None for the shipped one
    rater        (scale, true score, candidate, seed) -> rating at screening; None reads the true score
    history      (constants, covariates, seed) -> whether an antidepressant has failed; needed for resistant people
    uncertain    give each person a draw of what the data leave open; otherwise all share the point estimate
    raises       InputError for senseless arguments and for criteria that hardly anybody meets
    """
    refuse_others(
        ("entry", entry, entry is None or isinstance(entry, str | Entry), "criteria such as `HDRS17>=18, age 18-65`"),
        ("genotype", genotype, genotype is None or isinstance(genotype, str), "a genotype such as `Val/Met`"),
    )
    entry = read_entry(entry) if isinstance(entry, str) else entry
    _check(n, seed, population, entry)
    genotype = None if genotype is None else genotype_named(genotype)
    model = given_or_shipped(model)
    if entry is None:
        entry = default_entry(population)
    kept: list[tuple[dict[str, Numbers], Covariates]] = []
    found, first, block = 0, 0, int(np.clip(2 * n, SMALLEST_BLOCK, LARGEST_BLOCK))
    while found < n:
        person = np.arange(first, first + block)
        kept.append(
            screen(
                model,
                seed,
                person,
                population=population,
                genotype=genotype,
                entry=entry,
                rater=rater,
                history=history,
                uncertain=uncertain,
            )
        )
        found, first = found + len(kept[-1][1]["candidate"]), first + block
        _refuse_hardly_anybody(n - found, n, first)
    constants, columns = _together(kept, np.arange(n))
    return Cohort(constants, columns, seed, population, int(columns["candidate"][-1]) + 1)


def recruit_studies(
    n: int,
    studies: NDArray[np.int64],
    *,
    seed: int,
    entry: Entry,
    population: str,
    model: Model,
    rater: Rater | None = None,
    history: History | None = None,
) -> Cohort:
    """Recruit `n` people for each of several studies, whose people are alike in part.

    studies    numbers from 1; a study has the same people whatever others are recruited with it; the rest as in `recruit`
    returns    people study by study
    raises     InputError as `recruit`
    """
    _check(n, seed, population, entry)
    kept: list[tuple[dict[str, Numbers], Covariates]] = []
    missing = dict.fromkeys(np.asarray(studies, dtype=np.int64).tolist(), n)
    first, block = 0, int(np.clip(2 * n, SMALLEST_STUDY_BLOCK, LARGEST_BLOCK))
    while missing:
        open_now = np.array(list(missing))
        for group in np.array_split(open_now, -(-open_now.size * block // LARGEST_BLOCK)):
            person = candidates_of(group, first, block)
            part = screen(
                model, seed, person, population=population, genotype=None, entry=entry, rater=rater, history=history
            )
            kept.append(part)
            found, count = np.unique(study_of(part[1]["candidate"]), return_counts=True)
            for study, many in zip(found.tolist(), count.tolist(), strict=True):
                missing[study] -= many
        first += block
        missing = {study: lacking for study, lacking in missing.items() if lacking > 0}
        _refuse_hardly_anybody(max(missing.values(), default=0), n, first)
    candidate = np.concatenate([part["candidate"] for _, part in kept])
    order = np.argsort(candidate, kind="stable")
    study = study_of(candidate[order])
    place = np.arange(order.size) - np.searchsorted(study, study)
    constants, columns = _together(kept, order[place < n])
    # each study looks at candidates in order until it is full
    last = (columns["candidate"] % STUDY_SPAN).reshape(-1, n)[:, -1]
    return Cohort(constants, columns, seed, population, int((last + 1).sum()))


def _together(
    kept: Sequence[tuple[Mapping[str, Numbers], Covariates]], rows: NDArray[np.int64]
) -> tuple[dict[str, Numbers], Covariates]:
    """Constants and covariates of these rows of all blocks, one after the other; patients are numbered anew."""
    first_constants, first_columns = kept[0]
    constants = {name: np.concatenate([part[name] for part, _ in kept])[rows] for name in first_constants}
    columns = {name: np.concatenate([part[name] for _, part in kept])[rows] for name in first_columns}
    return constants, {"patient": np.arange(rows.size)} | columns


def _refuse_hardly_anybody(lacking: int, wanted: int, looked: int) -> None:
    """Refuse criteria that fewer than FEWEST_SHARE of the candidates of a study meet."""
    found = wanted - lacking
    if lacking and looked >= 5000 and found < FEWEST_SHARE * looked:
        text = f"only {found} of {looked} candidates meet the entry criteria."
        raise InputError(Fault(text, "", f"Expected at least {FEWEST_SHARE:.1%}.", "Loosen the criteria."))


def screen(
    model: Model,
    seed: int,
    person: NDArray[np.int64],
    *,
    population: str,
    genotype: str | None,
    entry: Entry,
    rater: Rater | None = None,
    history: History | None = None,
    uncertain: bool = False,
) -> tuple[dict[str, Numbers], Covariates]:
    """Those of some candidates who may enter: their constants and covariates, in the candidates' order.

    person    [candidate]   numbers in the population; the rest as in `recruit`
    """
    constants, covariates = _candidates(model, seed, person, population, genotype, entry, uncertain)
    enters = _enters(covariates, entry, rater, seed)
    if entry.resistant and history is not None and enters.any():
        some = np.flatnonzero(enters)
        failed = history(_rows(constants, some), _rows(covariates, some), seed)
        enters[some] = failed
    return _rows(constants, enters), _rows(covariates, enters)


def _rows(columns: Mapping[str, NDArray], rows: NDArray) -> dict[str, NDArray]:
    """Some rows of every column."""
    return {name: value[rows] for name, value in columns.items()}


def default_entry(population: str) -> Entry:
    """What is asked of people where nothing is said: the depressed need a true HDRS17 of 18, the healthy nothing."""
    return Entry({} if population == "healthy" else {"HDRS17": fact("mdd_HDRS17_minimum")})


def read_entry(text: str) -> Entry:
    """Read entry criteria such as `HDRS21>=18, age 18-65, resistant`."""
    minimum: dict[str, float] = {}
    maximum: dict[str, float] = {}
    age, faults, resistant = (0.0, 200.0), [], False
    for part in text.split(","):
        least = re.fullmatch(r"\s*(\w+)\s*([<>])=\s*(\d{1,3}(?:\.\d+)?)\s*", part, re.ASCII)
        ages = re.fullmatch(r"\s*age\s+(\d{1,3})\s*-\s*(\d{1,3})\s*", part, re.ASCII)
        if least and least[1] in ENTRY_SCALES:
            (minimum if least[2] == ">" else maximum)[least[1]] = float(least[3])
        elif ages:
            age = float(ages[1]), float(ages[2])
        elif part.strip().lower() == "resistant":
            resistant = True
        else:
            remedy = nearest(least[1], ENTRY_SCALES) if least else ""
            expected = "Expected for instance `HDRS17>=18` or `HDRS17>=18, age 18-65`."
            faults.append(Fault(f"`{part.strip()}` is no entry criterion.", "", expected, remedy))
    if faults:
        raise InputError(*faults)
    return Entry(minimum, age, maximum=maximum, resistant=resistant)


def _candidates(
    model: Model,
    seed: int,
    person: NDArray[np.int64],
    population: str,
    genotype: str | None,
    entry: Entry,
    uncertain: bool,
) -> tuple[dict[str, Numbers], Covariates]:
    """Draw candidates and find their resting scores; those without a resting state are left out."""
    with drawn_for(model, seed, person, uncertain) as drawn:
        covariates = draw_covariates(seed, person, population, genotype)
        constants = drawn | spread_constants(model, draw_deviates(model, seed, person), drawn)
        if CLEARANCE_OF_CYP2B6 in model.constants:
            usual = constants.get(CLEARANCE_OF_CYP2B6, model.constants[CLEARANCE_OF_CYP2B6].value)
            constants[CLEARANCE_OF_CYP2B6] = usual * CYP2B6_factor(covariates)
        constants = guard_constants(constants, model.nominal) | covariate_constants(covariates)
    scales = list(dict.fromkeys([*SCREENED_SCALES, *entry.minimum, *entry.maximum]))
    score, status = steady_state(model, constants, scales)
    lives = (np.asarray(status) == 0) & np.isfinite(score).all(axis=1)
    covariates |= {name: score[:, column] for column, name in enumerate(scales)}
    return _rows(constants, lives), _rows(covariates, lives)


def _enters(covariates: Covariates, entry: Entry, rater: Rater | None, seed: int) -> NDArray[np.bool_]:
    """Tell which candidates meet every criterion."""
    enters = (covariates["age"] >= entry.age[0]) & (covariates["age"] <= entry.age[1])
    if entry.genotype:
        enters = enters & np.isin(covariates["genotype"], entry.genotype)
    candidate = covariates["candidate"].astype(np.int64)
    for scale in {**entry.minimum, **entry.maximum}:
        score = covariates[scale]
        rated = score if rater is None else rater(scale, score, candidate, seed)
        enters = enters & (rated >= entry.minimum.get(scale, -np.inf)) & (rated <= entry.maximum.get(scale, np.inf))
    return np.asarray(enters)


def _check(n: int, seed: int, population: str, entry: Entry | None) -> None:
    """Refuse senseless arguments, all at once."""
    faults = []
    if not isinstance(n, int | np.integer) or not 1 <= n <= MOST_PEOPLE:
        faults.append(Fault(f"{n!r} patients.", "", f"Expected a whole number from 1 to {MOST_PEOPLE:,}."))
    if not isinstance(seed, int | np.integer) or seed < 0:
        faults.append(Fault(f"the seed is {seed!r}.", "", "Expected a whole number from 0."))
    if population not in POPULATIONS:
        remedy = nearest(str(population), POPULATIONS)
        faults.append(Fault(f"`{population}` is no population.", "", f"Expected {' or '.join(POPULATIONS)}.", remedy))
    for scale in () if entry is None else {**entry.minimum, **entry.maximum}:
        if scale not in ENTRY_SCALES:
            faults.append(Fault(f"`{scale}` is no entry scale.", "", "", nearest(str(scale), ENTRY_SCALES)))
    if entry is not None and entry.resistant and population == "healthy":
        faults.append(Fault("healthy people with a failed antidepressant.", "", "Expected mdd or bipolar."))
    if entry is not None and entry.age[0] >= entry.age[1]:
        faults.append(Fault(f"ages from {entry.age[0]:g} to {entry.age[1]:g}.", "", "Expected the lower one first."))
    if faults:
        raise InputError(*faults)
