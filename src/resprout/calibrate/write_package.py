"""From a fit to the package: values and grades written into the model's tables, posterior draws and summary into tables of their own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resprout.cache import write_whole
from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.fitted_parameters import read_quantities
from resprout.calibrate.posterior import Posterior
from resprout.language import load_model
from resprout.language.records import Model

DIGITS = 5
SUMMARY = [
    "name",
    "holds",
    "unit",
    "prior",
    "value",
    "lower",
    "upper",
    "contraction",
    "R_hat",
    "ESS",
    "nearest",
    "correlation",
]


def write_values(model: Model, values: Mapping[str, float]) -> list[Path]:
    """Write values into the tables that hold them, graded as fitted where a source stands behind them; the files written."""
    changed: dict[Path, list[str]] = {}
    for quantity in read_quantities(model):
        if quantity.name not in values:
            continue
        constant = model.constants[quantity.name]
        path, line = Path(model.folder) / constant.file, constant.line - 1
        rows = changed.setdefault(path, path.read_text(encoding="utf-8").splitlines())
        header = next(row for row in rows if not row.startswith("#")).split("\t")
        cells = rows[line].split("\t")
        cells[header.index("value")] = f"{values[quantity.name]:.{DIGITS}g}"
        if cells[header.index("source")]:
            cells[header.index("grade")] = "fitted"
        rows[line] = "\t".join(cells)
    for path, rows in changed.items():
        write_whole(path, ("\n".join(rows) + "\n").encode())
    return list(changed)


def write_draws(model: Model, draws: Sequence[Mapping[str, float]]) -> Path:
    """Write draws, which have the same names, into the model's table `draws`."""
    lines = ["# Posterior draws, from `resprout fit`; a trial takes one for each replicate.", "name\tvalues"]
    lines += [f"{name}\t" + " ".join(f"{draw[name]:.{DIGITS}g}" for draw in draws) for name in draws[0]]
    path = Path(model.folder) / "draws.tsv"
    write_whole(path, ("\n".join(lines) + "\n").encode())
    return path


def write_model(folder: Path, model: Model, values: Mapping[str, float], draws: Sequence[Mapping[str, float]]) -> Path:
    """Write a copy of a model with fitted values and draws, for every command that takes `--model`.

    folder    to be made; must not exist
    model     that was fitted
    values    by quantity
    draws     as `write_draws` takes them
    returns   the folder
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(model.folder, part)
    own = load_model(part)
    write_values(own, values)
    write_draws(own, draws)
    part.replace(folder)
    return folder


def summary(model: Model, posterior: Posterior) -> list[dict[str, Any]]:
    """Posterior summary: one row per quantity with SUMMARY; `nearest` is the quantity with the largest posterior correlation."""
    rows = []
    alike = np.atleast_2d(np.corrcoef(posterior.free.T))
    np.fill_diagonal(alike, 0.0)
    for number, quantity in enumerate(posterior.fit.quantities):
        low, high = quantity.value(np.quantile(posterior.free[:, number], [0.05, 0.95]))
        nearest = int(np.abs(alike[number]).argmax())
        values = (
            quantity.name,
            quantity.holds,
            quantity.unit(model),
            quantity.prior,
            float(quantity.value(posterior.fit.free[number])),
            float(low),
            float(high),
            float(posterior.contraction[number]),
            float(posterior.R_hat[number]),
            float(posterior.ESS[number]),
            posterior.fit.quantities[nearest].name,
            float(alike[number, nearest]),
        )
        rows.append(dict(zip(SUMMARY, values, strict=True)))
    return rows


def write_table(name: str, about: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as a table of the calibration's data folder."""
    head = list(rows[0])
    lines = [f"# {about}", "\t".join(head)]
    lines += ["\t".join(_cell(row[key]) for key in head) for row in rows]
    path = data_folder() / name
    write_whole(path, ("\n".join(lines) + "\n").encode())
    return path


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
