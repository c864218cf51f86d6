"""Observed people as records: doses, levels, ratings and covariates of each, and what was read and not read of their table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resprout.dosing.dose_records import Dose, Regimen

if TYPE_CHECKING:
    import pandas as pd

LEVEL, RATING = "level", "rating"
MOST_SHOWN = 10  # rows of a table in a notebook
READ_COLUMNS = ("what", "rows", "people", "lowest", "highest", "unit")
NOT_READ_COLUMNS = ("what", "rows", "first_row", "reason")


@dataclass(frozen=True)
class Observation:
    """One level or rating.

    endpoint    output or rating scale of the model      kind    level or rating
    time_h      h   since the start of the occasion
    value       in the endpoint's unit; of a level below its limit of quantification, that limit
    below       whether the level is only known to be below `value`
    after_dose  whether it follows a dose at the same hour; otherwise it precedes it
    row         line of the file, from 1 for the header
    lloq        limit of quantification of a level in its unit; NaN where it is not stated
    """

    endpoint: str
    kind: str
    time_h: float
    value: float
    below: bool = False
    after_dose: bool = False
    row: int = 0
    lloq: float = math.nan


@dataclass(frozen=True)
class Occasion:
    """A stretch of time that begins without drug: everything up to the next reset.

    origin         h   time of its start on the table's own clock
    doses          by drug, route and time; hours since its start
    observations   in order of time
    placebo_h      h   when saline or placebo was given
    comedication   h and name: what was taken from when on, the first at 0; empty where it is that of the person's covariates throughout
    """

    origin: float
    doses: tuple[Dose, ...]
    observations: tuple[Observation, ...]
    placebo_h: tuple[float, ...] = ()
    comedication: tuple[tuple[float, str], ...] = ()

    @property
    def regimen(self) -> Regimen:
        """All doses as one regimen."""
        return Regimen("as recorded", self.doses)

    @property
    def last_h(self) -> float:
        """Hour of the last dose or observation."""
        given = [time + dose.duration_h for dose in self.doses for time in dose.times_h]
        return max([*given, *(each.time_h for each in self.observations)], default=0.0)


@dataclass(frozen=True)
class Person:
    """One observed person.

    name         as the table has it
    occasions    in order; more than one where the table has resets
    covariates   by name; what is not named here is unknown
    """

    name: str
    occasions: tuple[Occasion, ...]
    covariates: Mapping[str, Any] = field(default_factory=dict)

    @property
    def observations(self) -> Iterator[tuple[int, Observation]]:
        """Every observation with the number of its occasion, from 0."""
        for number, occasion in enumerate(self.occasions):
            for each in occasion.observations:
                yield number, each


@dataclass(frozen=True)
class Setting:
    """How people were treated, as far as it changes what they expect and how they recover.

    control      of `rs.run_trial`'s protocols; open_label where nothing was blinded
    sites        number of sites
    population   mdd, bipolar or healthy
    entry        lowest true HDRS17 at the start; None for that of recruited people
    level_cv     coefficient of variation of a measured level around the true one
    """

    control: str = "open_label"
    sites: int = 1
    population: str = "mdd"
    entry: float | None = None
    level_cv: float = 0.15


@dataclass(frozen=True, repr=False)
class Dataset:
    """A checked table of observed people.

    people     in the table's order        setting   how they were treated
    read       what was read: what, rows, people, lowest, highest, unit
    not_read   what was not read: what, rows, first_row, reason
    source     names of the files
    """

    people: tuple[Person, ...]
    setting: Setting
    read: tuple[tuple[Any, ...], ...]
    not_read: tuple[tuple[Any, ...], ...]
    source: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.people)

    def __repr__(self) -> str:
        """One line in place of every person."""
        return f"<Dataset of {len(self)} people: {', '.join(self.source)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: what was read, and what was not and why; of both the first rows."""
        first = [
            table.head(MOST_SHOWN).to_html(index=False, na_rep="–") for table in (self.read_table, self.not_read_table)
        ]
        more = max(len(self.read) - MOST_SHOWN, 0) + max(len(self.not_read) - MOST_SHOWN, 0)
        return "".join(first) + (f"<p>and {more} more rows: read_table, not_read_table</p>" if more else "")

    @property
    def table(self) -> pd.DataFrame:
        """Every observation: patient, occasion, time_h on the table's own clock, endpoint, value, below."""
        import pandas as pd

        rows = [
            (who.name, number + 1, who.occasions[number].origin + each.time_h, each.endpoint, each.value, each.below)
            for who in self.people
            for number, each in who.observations
        ]
        return pd.DataFrame(rows, columns=["patient", "occasion", "time_h", "endpoint", "value", "below"])

    @property
    def read_table(self) -> pd.DataFrame:
        """What was read, a row a kind of record."""
        import pandas as pd

        return pd.DataFrame(self.read, columns=list(READ_COLUMNS))

    @property
    def not_read_table(self) -> pd.DataFrame:
        """What was not read, and why."""
        import pandas as pd

        return pd.DataFrame(self.not_read, columns=list(NOT_READ_COLUMNS))
