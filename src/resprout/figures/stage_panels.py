"""Which outputs stand in which panel of the path in time, and how their lines come to share an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from resprout.figures.spoken_units import format_unit


@dataclass(frozen=True)
class Panel:
    """One panel: a stage, what its axis shows, how its lines are scaled, and its lines as output name -> label.

    way   "value"   in the output's own unit
          "share"   a share of 1, shown in %
          "peak"    % of the highest mean, for quantities of different units
          "start"   times the patient's own baseline
          "change"  change from baseline, % of the largest change of the mean: when, not how much
    """

    stage: str
    title: str
    axis: str
    way: str
    lines: dict[str, str]


PANELS = (
    Panel(
        "dose",
        "1 Dose",
        "% of peak",
        "peak",
        {
            "ketamine_venous": "ketamine, venous plasma",
            "norketamine_venous": "norketamine, venous plasma",
            "hydroxynorketamine_plasma": "hydroxynorketamine, plasma",
            "ketamine_brain": "ketamine, free in brain",
        },
    ),
    Panel(
        "receptor",
        "2 Receptor",
        "NMDA receptors blocked, %",
        "share",
        {
            "PV_NMDA_block": "on PV interneurons",
            "SST_NMDA_block": "on SST interneurons",
            "pyramidal_synaptic_NMDA_block": "pyramidal, synaptic",
            "pyramidal_extrasynaptic_NMDA_block": "pyramidal, extrasynaptic",
        },
    ),
    Panel(
        "circuit",
        "3 Circuit",
        "times baseline",
        "start",
        {
            "pyramidal_rate": "pyramidal firing",
            "PV_rate": "PV firing",
            "SST_rate": "SST firing",
            "glutamate_release": "glutamate release",
            "AMPA_throughput": "AMPA throughput",
        },
    ),
    Panel(
        "signal",
        "4 Signal",
        "change, % of largest",
        "change",
        {
            "BDNF_release": "BDNF release",
            "TrkB": "TrkB",
            "p_mTOR": "p-mTOR",
            "p_eEF2": "p-eEF2",
            "synaptic_protein": "synaptic protein",
        },
    ),
    Panel(
        "spine",
        "5 Spine",
        "health = 1",
        "value",
        {"spine_density": "spine density", "connectivity": "connectivity"},
    ),
    Panel(
        "score",
        "6 Score",
        "points",
        "value",
        {"HDRS17": "HDRS-17", "CADSS": "CADSS (dissociation)"},
    ),
)
PATH_OUTPUTS = tuple(name for panel in PANELS for name in panel.lines)


@dataclass(frozen=True)
class Band:
    """One line of a panel with its band over patients, in the units of the panel.

    mean, lower, upper  [time]  mean, 5th and 95th percentile of patients; no band if there is one patient
    size                text    how large the line really is where the panel shows shares of it
    """

    time_h: np.ndarray
    mean: np.ndarray
    lower: np.ndarray | None
    upper: np.ndarray | None
    size: str


def patients_by_time(run: xr.Dataset, name: str) -> np.ndarray:
    """Values [patient, time] of an output, failed patients left out, whatever order the run keeps its axes in."""
    values = run[name]
    if "patient" not in values.dims:
        return values.transpose("time_h").to_numpy()[None, :].astype(float)
    rows = values.transpose("patient", "time_h").to_numpy().astype(float)
    return np.asarray(rows[np.isfinite(rows).all(axis=1)])


def ketamine_given(run: xr.Dataset) -> str:
    """What the run gives of ketamine and its enantiomers, by which labels are named; empty if unknown or none."""
    return str(run.attrs.get("ketamine_given", ""))


def band_of(run: xr.Dataset, name: str, way: str) -> Band:
    """Scale an output as its panel asks and take the mean and the 5-95 % band over patients."""
    values = patients_by_time(run, name)
    scaled, size = scale(values, way, format_unit(run[name].attrs.get("units", "")))
    mean = scaled.mean(axis=0)
    time_h = run["time_h"].to_numpy().astype(float)
    if len(scaled) < 2:
        return Band(time_h, mean, None, None, size)
    lower, upper = np.percentile(scaled, [5, 95], axis=0)
    return Band(time_h, mean, lower, upper, size)


def scale(values: np.ndarray, way: str, unit: str) -> tuple[np.ndarray, str]:
    """Bring values [patient, time] to the scale of a panel, and say the true size that the scale hides."""
    mean = values.mean(axis=0)
    if way == "peak":
        peak = np.nanmax(mean)
        return 100 * values / peak if peak > 0 else values * 0, f"peak {peak:.3g} {unit}".strip()
    if way == "start":
        start = np.where(values[:, :1] == 0, 1, values[:, :1])
        return values / start, f"baseline {mean[0]:.3g} {unit}".strip()
    if way == "change":
        change = values - values[:, :1]
        moved = change.mean(axis=0)
        farthest = int(np.argmax(np.abs(moved)))
        largest = abs(moved[farthest])
        still = largest < 1e-3 * max(abs(mean[0]), 1e-3)
        size = "unchanged" if still else f"{mean[0]:.2g} to {mean[farthest]:.2g} {unit}".strip()
        return change * 0 if still else 100 * change / largest, size
    return (100 * values, "") if way == "share" else (values, "")


def turning_time(run: xr.Dataset, name: str, least_share: float = 0.02) -> float | None:
    """Hour at which the mean of an output is farthest from its start; None if it never moves by `least_share`."""
    mean = patients_by_time(run, name).mean(axis=0)
    moved = np.abs(mean - mean[0])
    if moved.max() <= least_share * max(abs(mean[0]), 1e-6):
        return None
    return float(run["time_h"].to_numpy()[int(moved.argmax())])
