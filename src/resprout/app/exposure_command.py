"""`resprout data nca`: noncompartmental analysis of the levels of observed people."""

from __future__ import annotations

from typing import Any

from resprout.app.observed_opening import DataFiles, MappingFile, Request, answer, opened
from resprout.app.options import AsJson, ModelFolder, TableFile

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
"""Measures that are printed, with their units; the table has more."""


def nca(
    files: DataFiles,
    mapping: MappingFile = None,
    model: ModelFolder = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Noncompartmental analysis: exposure, half-life, clearance and volume of each person after the first dose.

    Example: `resprout data nca my_clinic.csv --table exposure.csv`
    """
    asked = opened(Request("data nca", files, mapping, model), tables={"--table": table})
    from resprout.patients.level_analysis import exposure_table

    found = exposure_table(asked.data)

    written = [(table, lambda: found)]
    answer(
        asked,
        {"exposure": found},
        lambda console: show_exposure(console, found),
        written,
        as_json=as_json,
        nothing=not len(found),
    )


def show_exposure(console: Any, found: Any) -> None:
    """Print median and range of each measure over people, by endpoint."""
    from resprout.app.terminal import number, table

    if not len(found):
        console.print("No level follows a dose.")
        return
    for endpoint, own in found.groupby("endpoint", sort=False):
        rows = []
        for name, unit in UNITS.items():
            told = own[name].dropna()
            if len(told):
                rows.append([name, unit, len(told), *(number(each) for each in told.quantile([0.5, 0.05, 0.95]))])
        columns = ["measure", "unit", "occasions", "median", "5 %", "95 %"]
        console.print(table(columns, rows, title=f"{endpoint} after the first dose", right=columns[2:]))
