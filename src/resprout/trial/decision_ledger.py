"""The event ledger of plans and trials: everything that happens to each draw or patient as a table; the table again into decisions, and a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Dose, drug_words
from resprout.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

LEDGER_COLUMNS = ("patient", "plan", "draw", "time_h", "event", "name", "value", "detail")
TRIAL_LEDGER_COLUMNS = ("patient", "arm", "replicate", "time_h", "event", "name", "value", "detail")
ORDER = (
    "rating",
    "reading",
    "decision",
    "dose",
)  # of events at one hour: a rating is made before a dose of the same hour
DIGITS = 8  # of numbers in a CSV file
SUFFIXES = (".parquet", ".csv")
ROUNDED = "numbers as in a CSV file"


@dataclass(frozen=True)
class Block:
    """One event that happens to several draws.

    hour     h   on the clock of the occasion
    event    of ORDER          name     scale, action or drug
    rows     [row]   draws     value    [row]   points; number of the rule from 1; amount of the dose
    detail   text of the rule, or unit and route of the dose
    """

    hour: float
    event: str
    name: str
    rows: NDArray[np.int64]
    value: NDArray[np.float64]
    detail: str = ""


def dose_block(dose: Dose, hour: float, rows: NDArray[np.int64]) -> Block:
    """One dose that is given to several draws or patients.

    dose     drug, amount and route
    hour     scalar  h  of the ledger
    rows     [row]   1  draws or patients
    returns  its block
    """
    unit = "mg/kg" if dose.per_kg else "%" if dose.route == "inhaled" else "mg"
    words = f"{unit} {dose.route}" + (f" over {dose.duration_h * 60:g} min" if dose.duration_h else "")
    return Block(hour, "dose", drug_words(dose.drug), rows, np.full(rows.size, dose.amount_mg), words)


@dataclass(frozen=True)
class Decisions:
    """Decisions of one person under one plan, to be taken again: [row] draw, hour on the table's clock as text, number of the rule from 0."""

    draw: NDArray[np.int64]
    time: NDArray[Any]
    rule: NDArray[np.int64]

    def at(self, time_h: float, numbers: Iterable[int], draws: int) -> NDArray[np.int64]:
        """The rule that was applied to each draw at an hour.

        time_h    h   on the table's clock        numbers   of the rules that are asked for      draws   how many there are
        returns   [draw]   -1 where none was
        """
        found = np.full(draws, -1)
        now = (
            (self.time == csv_number(time_h))
            & np.isin(self.rule, list(numbers))
            & (self.draw < draws)
            & (self.draw >= 0)
        )
        found[self.draw[now]] = self.rule[now]
        return found


def csv_number(number: float) -> str:
    """A number as a CSV file has it.

    number   of a ledger
    returns  text
    """
    return f"{number:.{DIGITS}g}"


def ledger_rows(patient: str, plan: str, origin_h: float, blocks: Iterable[Block]) -> pd.DataFrame:
    """The ledger of one person under one plan, draw by draw and in order of time.

    patient   name
    plan      name
    origin_h  h   of the occasion, on the table's clock
    blocks    events
    returns   LEDGER_COLUMNS
    """
    import pandas as pd

    given = [each for each in blocks if each.rows.size]
    sizes = [each.rows.size for each in given]

    def repeated(values: list[Any]) -> Any:
        return np.repeat(np.array(values, dtype=object if values and isinstance(values[0], str) else None), sizes)

    table = pd.DataFrame(
        {
            "draw": np.concatenate([each.rows for each in given]),
            "time_h": repeated([origin_h + each.hour for each in given]),
            "event": repeated([each.event for each in given]),
            "name": repeated([each.name for each in given]),
            "value": np.concatenate([each.value for each in given]),
            "detail": repeated([each.detail for each in given]),
            "order": repeated([ORDER.index(each.event) for each in given]),
        }
    )
    ordered = table.sort_values(["draw", "time_h", "order"], kind="stable", ignore_index=True)
    return ordered.assign(patient=patient, plan=plan)[list(LEDGER_COLUMNS)]


def read_ledger(path: Path, columns: tuple[str, ...] = LEDGER_COLUMNS) -> pd.DataFrame:
    """Read a ledger.

    path     Parquet or CSV file that a forecast or a trial has written
    columns  LEDGER_COLUMNS, or TRIAL_LEDGER_COLUMNS
    returns  these columns
    raises   InputError where it is none
    """
    import pandas as pd

    command = "data forecast" if columns == LEDGER_COLUMNS else "trial"
    expected = f"Expected a ledger that `resprout {command} --ledger` has written, .parquet or .csv."
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        raise InputError(Fault(f"there is no ledger `{path}`.", "--replay", expected))
    try:
        if path.suffix.lower() == ".parquet":
            found = pd.read_parquet(path)
        else:
            text = {"patient": str, columns[1]: str, "detail": str}
            found = pd.read_csv(path, dtype=text, keep_default_na=False)
            found.attrs[ROUNDED] = True
        if tuple(found.columns) != columns:
            raise ValueError(f"its columns are {', '.join(map(str, found.columns))}")
        return found.astype({columns[2]: np.int64, "time_h": float, "value": float})
    except (ValueError, OSError) as error:
        raise InputError(Fault(f"`{path}` cannot be read as a ledger: {error}.", "--replay", expected)) from None


def decisions_of(ledger: pd.DataFrame, patient: str, plan: str) -> Decisions:
    """The decisions of one person under one plan.

    ledger   LEDGER_COLUMNS
    patient  name
    plan     name
    returns  decisions; none where the ledger has none
    """
    own = ledger[(ledger["patient"] == patient) & (ledger["plan"] == plan) & (ledger["event"] == "decision")]
    time = np.array([csv_number(each) for each in own["time_h"]], dtype=object)
    return Decisions(own["draw"].to_numpy(), time, own["value"].to_numpy(dtype=np.int64) - 1)


def refuse_other_events(recorded: pd.DataFrame, replayed: pd.DataFrame) -> None:
    """Compare a ledger with that of its replay, event by event.

    recorded  LEDGER_COLUMNS or TRIAL_LEDGER_COLUMNS    numbers are the same to the last bit, and where it was read from a CSV
              file to its digits
    replayed  the same columns
    raises    InputError with the first event that differs
    """
    exact = not recorded.attrs.get(ROUNDED, False)
    for number, (one, other) in enumerate(zip(_events(recorded, exact), _events(replayed, exact), strict=False)):
        if one != other:
            columns = tuple(recorded.columns)
            raise _other_event(number, _words(one, columns), _words(other, columns))
    if len(recorded) != len(replayed):
        raise _other_event(min(len(recorded), len(replayed)), f"{len(recorded):,} events", f"{len(replayed):,} events")


def _events(ledger: pd.DataFrame, exact: bool) -> Iterator[tuple[Any, ...]]:
    """Events as they are compared."""
    numbers = [ledger[name] if exact else ledger[name].map(csv_number) for name in ("time_h", "value")]
    return ledger.assign(time_h=numbers[0], value=numbers[1]).itertuples(index=False, name=None)


def _words(event: tuple[Any, ...], columns: Sequence[str]) -> str:
    """An event in words."""
    patient, plan, draw, time_h, kind, name, value, _ = event
    where = f"patient {patient}, {columns[1]} `{plan}`, {columns[2]} {draw}, hour {float(time_h):g}"
    return f"{where}: {kind} {name} {float(value):g}"


def _other_event(number: int, recorded: str, replayed: str) -> InputError:
    found = f"event {number + 1} differs: recorded {recorded}; replayed {replayed}."
    expected = "Expected the input, seed and model that the ledger was made with."
    return InputError(Fault(found, "--replay", expected, "Give the same options, or write a new ledger."))
