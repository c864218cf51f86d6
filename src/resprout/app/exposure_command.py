"""`resprout data nca`: noncompartmental analysis of the levels of observed people."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from resprout.app.observed_opening import DataFiles, MappingFile, Request, answer, opened
from resprout.app.options import AsJson, ModelFolder, TableFile, read_choice
from resprout.errors import Fault

UNITS = {
    "Cmax": "ng/mL",
    "tmax": "h",
    "AUC_last": "ng h/mL",
    "AUC_infinity": "ng h/mL",
    "extrapolated_share": "1",
    "half_life": "h",
    "MRT": "h",
    "clearance": "L/h",
    "volume_z": "L",
    "volume_ss": "L",
}
"""Measures after the first dose that are printed, with their units; the table has more."""
LAST_UNITS = {
    "interval_h": "h",
    "Cmax": "ng/mL",
    "tmax": "h",
    "Cmin": "ng/mL",
    "AUC_interval": "ng h/mL",
    "Cavg": "ng/mL",
    "fluctuation": "1",
    "clearance": "L/h",
    "accumulation": "1",
    "accumulation_expected": "1",
}
"""Measures over the interval after the last dose."""
AFTER = ("first", "last")
HOURS = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")


def nca(
    files: DataFiles,
    mapping: MappingFile = None,
    after: Annotated[
        str, typer.Option("--after", help="first dose, or last: the interval of the last dose that levels follow.")
    ] = "first",
    interval: Annotated[
        list[str] | None, typer.Option("--interval", help="Area between hours after the first dose, such as 0-4.")
    ] = None,
    model: ModelFolder = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Noncompartmental analysis: exposure, half-life, clearance, volume and accumulation of each person.

    Example: `resprout data nca my_clinic.csv --interval 0-4 --table exposure.csv`
    """
    faults: list[Fault] = []
    dose = read_choice("--after", after, AFTER, faults) or "first"
    hours = read_intervals(interval or [], dose, faults)
    options = {"after": dose, "intervals_h": [list(each) for each in hours] or None}
    asked = opened(Request("data nca", files, mapping, model, None, options), tables={"--table": table}, faults=faults)
    from resprout.patients.level_analysis import area_name, exposure_table, interval_table

    found = interval_table(asked.data) if dose == "last" else exposure_table(asked.data, hours)
    units = LAST_UNITS if dose == "last" else UNITS | {area_name(*each): "ng h/mL" for each in hours}
    answer(
        asked,
        {"exposure": found},
        lambda console: show_exposure(console, found, units, dose),
        [(table, lambda: found)],
        as_json=as_json,
        nothing=not len(found),
    )


def read_intervals(texts: list[str], after: str, faults: list[Fault]) -> list[tuple[float, float]]:
    """Hours between which an area is asked for.

    texts    as typed               after   first or last
    faults   what is wrong is added here
    returns  beginning and end (h) of each
    """
    found = []
    for text in texts:
        read = HOURS.fullmatch(text.strip())
        if read is None or not float(read[1]) < float(read[2]) <= 1e4:
            expected = "Expected two hours after the first dose, the earlier one first."
            faults.append(Fault(f"`{text}` is no interval.", "--interval", expected, "Try `--interval 0-4`."))
        else:
            found.append((float(read[1]), float(read[2])))
    if texts and after == "last":
        faults.append(
            Fault("areas between hours are those after the first dose.", "--interval", "", "Leave out `--after last`.")
        )
    return list(dict.fromkeys(found))


def show_exposure(console: Any, found: Any, units: dict[str, str], after: str) -> None:
    """Print median and range of each measure over people, by endpoint."""
    from resprout.app.terminal import number, table

    if not len(found):
        console.print("No level follows a dose." if after == "first" else "No level follows a second dose.")
        return
    words = "after the first dose" if after == "first" else "over the interval after the last dose that levels follow"
    for endpoint, own in found.groupby("endpoint", sort=False):
        rows = []
        for name, unit in units.items():
            told = own[name].dropna()
            if len(told):
                rows.append([name, unit, len(told), *(number(each) for each in told.quantile([0.5, 0.05, 0.95]))])
        columns = ["measure", "unit", "occasions", "median", "5 %", "95 %"]
        console.print(table(columns, rows, title=f"{endpoint} {words}", right=columns[2:]))
