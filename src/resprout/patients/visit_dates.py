"""Dates of visits -> hours on one clock for each person, over all files; rows whose order dates cannot tell are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from resprout.errors import Fault
from resprout.patients.event_rows import LATEST_H, EventRow


def hours_from_dates(rows: Sequence[EventRow], faults: list[Fault], left: dict[str, list[int]]) -> list[EventRow]:
    """The rows of several people with their time in hours, from midnight before the earliest date of the person on.

    rows     of all files              faults   rows whose time cannot be told are added here
    left     rows without a time of day are noted here
    returns  the same rows; those that state hours as they are
    """
    dated = [row for row in rows if row.moment is not None]
    if not dated:
        return list(rows)
    first: dict[str, datetime] = {}
    clocks: dict[tuple[str, date], int] = {}
    for row in dated:
        moment = row.moment or datetime.max
        first[row.patient] = min(first.get(row.patient, moment), moment)
        if row.has_clock:
            clocks.setdefault((row.patient, moment.date()), row.line)
    found = []
    for row in rows:
        if row.moment is None:
            if row.patient in first:
                remedy = "State dates in all rows of a person, or hours in all."
                said = "the row states hours, and others of the patient dates."
                faults.append(row.fault(said, "Expected one clock.", remedy, at="time"))
            found.append(row)
            continue
        if not row.has_clock:
            _check_clock(row, clocks, faults, left)
        midnight = first[row.patient].replace(hour=0, minute=0, second=0)
        hours = (row.moment - midnight).total_seconds() / 3600
        if hours > LATEST_H:
            said = f"the date {row.moment:%Y-%m-%d} is more than five years after the first of the patient."
            faults.append(row.fault(said, "", "Check the year.", at="date" if "date" in row.names else "time"))
        found.append(replace(row, time_h=hours))
    return found


def _check_clock(
    row: EventRow, clocks: dict[tuple[str, date], int], faults: list[Fault], left: dict[str, list[int]]
) -> None:
    """Refuse a date without a time of day where another row of that day has one, since their order is unknown; note others."""
    moment = row.moment or datetime.max
    with_clock = clocks.get((row.patient, moment.date()))
    if with_clock is not None:
        said = f"{moment:%Y-%m-%d} stands without a time of day, and row {with_clock} of that day has one."
        remedy = "State the time of day, also an approximate one."
        at = "clock" if "clock" in row.names else "date"
        faults.append(row.fault(said, "Expected rows of one day in a known order.", remedy, at=at))
    elif "clock" in row.names:
        left.setdefault("a date without a time of day is midnight", []).append(row.line)
