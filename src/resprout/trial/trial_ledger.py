"""The event ledger of a trial with rules: what happened to each patient in; a table of it, how often each rule applied, and decisions to take again out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.trial.decision_ledger import ORDER, TRIAL_LEDGER_COLUMNS, Block, csv_number
from resprout.trial.design import Protocol
from resprout.trial.trial_outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
Event = tuple[float, str, str, float, str]
RULE_COLUMNS = ("arm", "number", "rule", "probability", "times", "first_day")
MOST_PEOPLE = 10**6  # of a trial, so that study and patient make one number


def no_events(people: int) -> NDArray[np.object_]:
    """An empty record of everybody.

    people    how many
    returns   [patient] of ()
    """
    found = np.empty(people, dtype=object)
    found[:] = [()] * people
    return found


def events_of(blocks: Iterable[Block], left_h: Numbers) -> NDArray[np.object_]:
    """What happened to each patient.

    blocks   events of several patients each
    left_h   [patient]  h  when they left; doses after that are not given
    returns  [patient] of events in order
    """
    kept: list[list[Event]] = [[] for _ in left_h]
    for block in blocks:
        for row, value in zip(block.rows.tolist(), block.value.tolist(), strict=True):
            if block.hour < left_h[row]:
                kept[row].append((block.hour, block.event, block.name, value, block.detail))
    found = no_events(len(kept))
    found[:] = [tuple(sorted(each, key=_order)) for each in kept]
    return found


def _order(event: Event) -> tuple[float, int]:
    """By hour; at one hour as in ORDER."""
    return event[0], ORDER.index(event[1])


def ledger_of(protocol: Protocol, outcome: Outcome) -> pd.DataFrame:
    """Everything that happened in a trial, patient by patient and in order of time.

    protocol  design of the trial, with rules
    outcome   of all replicates
    returns   TRIAL_LEDGER_COLUMNS; hours count from the start of the arm, and patients are numbered within their replicate
    """
    import pandas as pd

    rows, first = list[tuple[Any, ...]](), 1
    for arm in protocol.arms:
        for replicate, people in enumerate(outcome.events[arm.name]):
            for number, events in enumerate(people):
                rated = _ratings(protocol, outcome, arm.name, replicate, number)
                for hour, *rest in sorted((*rated, *events), key=_order):
                    rows.append((str(first + number), arm.name, replicate + 1, hour, *rest))
        first += arm.size or 0
    table = pd.DataFrame(rows, columns=list(TRIAL_LEDGER_COLUMNS))
    return table.astype({"replicate": np.int64, "time_h": float, "value": float})


def _ratings(protocol: Protocol, outcome: Outcome, arm: str, replicate: int, number: int) -> Iterator[Event]:
    """Ratings of one patient."""
    for endpoint in protocol.endpoints:
        values = outcome.ratings[arm, endpoint.name][replicate, number]
        for hour, value in zip(endpoint.visits, values.tolist(), strict=True):
            if np.isfinite(value):
                yield float(hour), "rating", endpoint.name, value, ""


def rule_table(protocol: Protocol, outcome: Outcome) -> pd.DataFrame:
    """How often each rule applied.

    protocol  design of the trial
    outcome   of all replicates
    returns   RULE_COLUMNS: share of patients to whom a rule applied, mean number of times, median day on which it first did
    """
    import pandas as pd

    rows = []
    for arm in protocol.arms:
        decided = (
            [[each for each in one if each[1] == "decision"] for one in outcome.events[arm.name].ravel()]
            if arm.rules
            else []
        )
        for number, text in enumerate(arm.rules, start=1):
            own = [[hour for hour, _, _, rule, _ in one if rule == number] for one in decided]
            first = [min(each) / 24 for each in own if each]
            share, times = len(first) / max(len(own), 1), sum(map(len, own)) / max(len(own), 1)
            rows.append((arm.name, number, text, share, times, float(np.median(first)) if first else np.nan))
    return pd.DataFrame(rows, columns=list(RULE_COLUMNS))


@dataclass(frozen=True)
class RecordedDecisions:
    """Decisions of a ledger: arm [row], number of study and patient in one [row], hour as a CSV file has it [row] and number of the rule
    from 0 [row]; `studies` are those that are asked for."""

    arm: NDArray[Any]
    person: Rows
    time: NDArray[Any]
    rule: Rows
    studies: Rows

    @classmethod
    def of(cls, ledger: pd.DataFrame) -> RecordedDecisions:
        """The decisions of a ledger.

        ledger    TRIAL_LEDGER_COLUMNS
        """
        own = ledger[ledger["event"] == "decision"]
        study, patient = (own[name].astype(np.int64).to_numpy() for name in ("replicate", "patient"))
        person = np.asarray(study * MOST_PEOPLE + patient, np.int64)
        time = np.array([csv_number(each) for each in own["time_h"]], dtype=object)
        rule = np.asarray(own["value"].to_numpy() - 1, np.int64)
        return cls(own["arm"].to_numpy(dtype=object), person, time, rule, np.empty(0, np.int64))

    def of_people(self, arm: str, people: Rows, size: int) -> Callable[[float, Sequence[int]], Rows]:
        """What finds the decisions of some patients of an arm.

        arm       name          people   [patient]  positions among those of all studies          size   patients of one study
        returns   (hour since the start of the arm, numbers of rules) -> [patient] the rule that applied, -1 for none
        """
        wanted = self.studies[people // size] * MOST_PEOPLE + people % size + 1
        order = np.argsort(wanted)

        def at(hour: float, numbers: Sequence[int]) -> Rows:
            found = np.full(len(wanted), -1)
            now = (self.arm == arm) & (self.time == csv_number(hour)) & np.isin(self.rule, list(numbers))
            now &= np.isin(self.person, wanted)
            place = order[np.searchsorted(wanted, self.person[now], sorter=order)]
            found[place] = self.rule[now]
            return found

        return at
