"""Cohorts: a seed and entry criteria in, the people who enter a trial out, each the same person in any larger draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, ModelError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.known_names import PEOPLE
from resprout.language.notebook_view import fact_sheet
from resprout.language.records import Model
from resprout.people.covariates import Covariates, Numbers, covariate_constants, genotype_named
from resprout.people.entry import Entry, default_entry, read_entry, refuse_senseless, share_of_age
from resprout.people.screening import Enrolled, Recruitment, Visit, chosen_rows, screen
from resprout.people.studies import STUDY_SPAN, candidates_of, study_of

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_BLOCK = 256
SMALLEST_STUDY_BLOCK = 32
LARGEST_BLOCK = 20_000
FEWEST_SHARE = 0.0005  # of candidates of the wanted age that must enter, or the criteria are taken for a mistake
CHANCE = 3  # people fewer than that share would give, which chance explains
MOST_SHOWN = 16  # rows in a notebook
LEAST_AGE_SHARE = 0.002  # ages that are rarer are not searched longer


@dataclass(frozen=True, repr=False)
class Cohort:
    """People ready to be treated.

    constants    by constant: [patient], in its unit; every constant not named here has the model's value
    columns      by covariate, [patient]: patient (0, 1, ...), candidate (number in the population), age, sex,
                 height_cm, weight_kg, BMI, ancestry, genotype, CYP2B6, comedication, glial_uptake, stress,
                 placebo_propensity, recovery, and true scores at steady state
    seed         of the draw          screened   candidates looked at          population   mdd, bipolar or healthy
    """

    constants: dict[str, Numbers]
    columns: Covariates
    seed: int
    population: str
    screened: int

    def __len__(self) -> int:
        return len(self.columns["candidate"])

    def __repr__(self) -> str:
        """One line in place of every patient's constants."""
        return f"<Cohort: {len(self):,} people ({self.population}, seed {self.seed}) of {self.screened:,} candidates>"

    def _repr_html_(self) -> str:
        """What a notebook shows: how many, of whom, and mean and SD of the covariates that are numbers."""
        told: dict[str, object] = {"people": f"{len(self):,} of {self.screened:,} candidates, seed {self.seed}"}
        for name, values in self.columns.items():
            if values.dtype.kind == "f" and len(values):
                told[name] = f"{values.mean():.3g} (SD {values.std():.2g})"
        return fact_sheet(f"Cohort: {self.population}", dict(list(told.items())[:MOST_SHOWN]))

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
        constants = chosen_rows(self.constants, rows)
        return Cohort(constants, chosen_rows(self.columns, rows), self.seed, self.population, self.screened)

    def with_genotype(self, genotype: str, model: Model | None = None) -> Cohort:
        """The same people, had they all been born with this rs6265 genotype.

        genotype   Val/Val, Val/Met or Met/Met, in any case
        model      whose release by genotype holds; None for the shipped one
        """
        columns = self.columns | {"genotype": np.full(len(self), genotype_named(genotype))}
        born = covariate_constants(columns, given_or_shipped(model).nominal)
        return Cohort(self.constants | born, columns, self.seed, self.population, self.screened)


def recruit(
    n: int,
    *,
    seed: int = 1,
    entry: Entry | str | None = None,
    population: str = "mdd",
    genotype: str | None = None,
    model: Model | None = None,
    visit: Visit | None = None,
    uncertain: bool = False,
) -> Cohort:
    """Recruit people by entry criteria.

    n            how many, 1 to 10 million          seed    of the draw; patient k is the same in any larger draw
    entry        criteria, also as text such as "HDRS17>=18"; None asks the depressed for a true HDRS17 of 18 and the
                 healthy for nothing
    population   mdd, bipolar or healthy            genotype   rs6265 genotype given to everybody; None draws it
    model        None for the shipped one
    visit        how candidates are seen at screening; None reads the true score, and their history where `entry` asks for
                 treatment resistance
    uncertain    give each person a posterior draw of the parameters; otherwise all share the point estimate
    raises       InputError for senseless arguments and for criteria that hardly anybody meets
    """
    refuse_others(
        ("entry", entry, entry is None or isinstance(entry, str | Entry), "criteria such as `HDRS17>=18, age 18-65`"),
        ("genotype", genotype, genotype is None or isinstance(genotype, str), "a genotype such as `Val/Met`"),
    )
    model = given_or_shipped(model)
    _refuse_without_people(model)
    entry = read_entry(entry, model) if isinstance(entry, str) else entry
    refuse_senseless(n, seed, population, entry, model)
    genotype = None if genotype is None else genotype_named(genotype)
    entry = default_entry(population, model) if entry is None else entry
    wanted = Recruitment(entry, seed, population, genotype, visit or Visit(), uncertain)
    kept: list[Enrolled] = []
    fewest = _fewest_share(entry, model)
    found, first, block = 0, 0, int(np.clip(2 * n, SMALLEST_BLOCK, LARGEST_BLOCK))
    while found < n:
        kept.append(screen(model, wanted, np.arange(first, first + block)))
        found, first = found + len(kept[-1][1]["candidate"]), first + block
        _refuse_hardly_anybody(n - found, n, first, fewest)
    constants, columns = _together(kept, np.arange(n))
    return Cohort(constants, columns, seed, population, int(columns["candidate"][-1]) + 1)


def _refuse_without_people(model: Model) -> None:
    """Refuse a model folder that says nothing of people.

    raises   ModelError
    """
    lacking = [name for name in PEOPLE if name not in model.constants]
    if lacking:
        found = f"the model has no `{lacking[0]}`, nor {len(lacking) - 1} other parameters of people."
        remedy = "Copy people.tsv from the folder of the shipped model."
        raise ModelError(Fault(found, "people.tsv", "Nobody can be recruited without them.", remedy))


def recruit_studies(n: int, studies: NDArray[np.int64], wanted: Recruitment, model: Model) -> Cohort:
    """Recruit `n` people for each of several studies, whose people are alike in part.

    studies    numbers from 1; a study has the same people whatever others are recruited with it
    wanted     whom they look for
    returns    people study by study
    raises     InputError as `recruit`
    """
    refuse_senseless(n, wanted.seed, wanted.population, wanted.entry, model)
    kept = _screen_studies(n, studies, wanted, model)
    candidate = np.concatenate([part["candidate"] for _, part in kept])
    order = np.argsort(candidate, kind="stable")
    study = study_of(candidate[order])
    place = np.arange(order.size) - np.searchsorted(study, study)
    constants, columns = _together(kept, order[place < n])
    # each study looks at candidates in order until it is full
    last = (columns["candidate"] % STUDY_SPAN).reshape(-1, n)[:, -1]
    return Cohort(constants, columns, wanted.seed, wanted.population, int((last + 1).sum()))


def _screen_studies(n: int, studies: NDArray[np.int64], wanted: Recruitment, model: Model) -> list[Enrolled]:
    """Screen candidates of every study, block by block, until each has at least `n` people."""
    kept: list[Enrolled] = []
    missing = dict.fromkeys(np.asarray(studies, dtype=np.int64).tolist(), n)
    # few of many may go on after phases, and still be whom a trial is about
    fewest = _fewest_share(wanted.entry, model)
    fewest = fewest / 10 if wanted.visit.lead_in is not None else fewest
    first, block = 0, int(np.clip(2 * n, SMALLEST_STUDY_BLOCK, LARGEST_BLOCK))
    while missing:
        open_now = np.array(list(missing))
        for group in np.array_split(open_now, -(-open_now.size * block // LARGEST_BLOCK)):
            part = screen(model, wanted, candidates_of(group, first, block))
            kept.append(part)
            found, count = np.unique(study_of(part[1]["candidate"]), return_counts=True)
            for study, many in zip(found.tolist(), count.tolist(), strict=True):
                missing[study] -= many
        first, block = first + block, min(2 * block, LARGEST_BLOCK)  # few may enter: look at more at a time
        missing = {study: lacking for study, lacking in missing.items() if lacking > 0}
        lacking = max(missing.values(), default=0)
        _refuse_hardly_anybody(lacking, n, first, fewest, phases=wanted.visit.lead_in is not None)
    return kept


def _together(
    kept: Sequence[tuple[Mapping[str, Numbers], Covariates]], rows: NDArray[np.int64]
) -> tuple[dict[str, Numbers], Covariates]:
    """Constants and covariates of these rows of all blocks, one after the other; patients are numbered anew."""
    first_constants, first_columns = kept[0]
    constants = {name: np.concatenate([part[name] for part, _ in kept])[rows] for name in first_constants}
    columns = {name: np.concatenate([part[name] for _, part in kept])[rows] for name in first_columns}
    return constants, {"patient": np.arange(rows.size)} | columns


def _fewest_share(entry: Entry, model: Model) -> float:
    """Share of all candidates of whom fewer who enter are taken for a mistake in the criteria."""
    return FEWEST_SHARE * max(share_of_age(entry, model.nominal), LEAST_AGE_SHARE)


def _refuse_hardly_anybody(lacking: int, wanted: int, looked: int, fewest: float, *, phases: bool = False) -> None:
    """Refuse criteria that fewer than the share `fewest` of the candidates of a study meet."""
    found = wanted - lacking
    if lacking and looked >= 5000 and found < fewest * looked - CHANCE:
        also = " and go on after the phases before allocation" if phases else ""
        text = f"only {found} of {looked} candidates meet the entry criteria{also}."
        raise InputError(Fault(text, "", f"Expected at least {100 * fewest:.2g} %.", "Loosen the criteria."))
