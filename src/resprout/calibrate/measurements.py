"""Published measurements of the laboratory: rows of data/measurements.tsv in, each as an arm of an experiment and what is read from it."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.experiments import Arm, read_persons, split
from resprout.errors import Fault, ModelError, nearest
from resprout.language.drug_instances import with_drugs_named
from resprout.language.records import Model
from resprout.language.tables import read_table

READOUT = re.compile(
    r"(?P<output>\w+) (?P<kind>at|max|min|mean|area|time of max|time of min) (?P<start>[.\d]+)(?: (?P<stop>[.\d]+))?"
)
COMPARISONS = ("", "change", "percent", "ratio", "difference", "share")
RULES = ("within", "above", "below")
VERIFICATIONS = ("read", "secondary", "digitised")
SEED_ROWS = tuple(f"S{number}" for number in range(1, 10))


@dataclass(frozen=True)
class Readout:
    """One number of one trajectory: an output at an hour, or within a window (h) its largest, least or mean value, its
    area (unit times h), or the hour of its largest or least value."""

    output: str
    kind: str
    start_h: float
    stop_h: float


@dataclass(frozen=True)
class Measurement:
    """One published number, or the bound that a published direction sets, and how the model is asked for it.

    arm        who is studied and what is done           reference   the other arm of a ratio, difference or share
    readouts   one readout, or two of which the first is divided by the second
    compare    "" value; change from baseline; percent of baseline, baseline = 0; ratio or difference of arm and reference;
               share: the arm's change from baseline over the reference's
    observed   in `unit`, NaN where only a direction is published      sd   of the published number, or of a bound's edge
    lower, upper   what counts as agreement, infinite on the open side of a bound
    spread     where sd, lower and upper come from       used_in_fit   whether the calibration may look at it
    """

    id: str
    stage: int
    seed_row: str
    source: str
    verification: str
    arm: Arm
    reference: Arm | None
    readouts: tuple[Readout, ...]
    compare: str
    unit: str
    rule: str
    observed: float
    lower: float
    upper: float
    sd: float
    used_in_fit: bool
    spread: str
    note: str

    def passes(self, predicted: float) -> bool:
        """Whether a prediction agrees; one that is no number does not."""
        return self.lower <= predicted <= self.upper

    def z(self, predicted: float) -> float:
        """How many sd a prediction lies from the number, or beyond the bound; 0 on the right side of a bound."""
        if self.rule == "within":
            return (predicted - self.observed) / self.sd
        beyond = predicted - (self.lower if self.rule == "above" else self.upper)
        return min(beyond, 0.0) / self.sd if self.rule == "above" else max(beyond, 0.0) / self.sd

    @property
    def observed_text(self) -> str:
        """What was published, in a few words."""
        if not math.isnan(self.observed):
            return f"{self.observed:g}"
        return f"{'>' if self.rule == 'above' else '<'} {self.lower if self.rule == 'above' else self.upper:g}"


def standardised_residuals(rows: Sequence[Measurement], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many sd each prediction lies from its row: predicted [draw, row]; [draw, row]."""
    return np.array([[row.z(float(value)) for row, value in zip(rows, line, strict=True)] for line in predicted])


def data_folder() -> Path:
    """The folder of the calibration's tables that comes with the package."""
    return Path(str(resources.files("resprout") / "calibrate" / "data"))


def recorded_table(name: str) -> list[dict[str, str]]:
    """Rows of a table of the calibration's data folder, as text; none where nothing was recorded."""
    path = data_folder() / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"))


def read_measurements(model: Model, path: Path | None = None) -> tuple[Measurement, ...]:
    """Every measurement of the package's table, or of a table of the same form.

    raises   ModelError with every fault of the table
    """
    faults: list[Fault] = []
    table = path or data_folder() / "measurements.tsv"
    found = [
        _measurement(model, row, f"{table.name}:{line}", faults)
        for line, row in read_table(table, faults, "measurements")
    ]
    kept = [measurement for measurement in found if measurement is not None]
    names = [measurement.id for measurement in kept]
    faults += [Fault(f"`{name}` stands twice.", table.name) for name in sorted(set(names)) if names.count(name) > 1]
    if faults:
        raise ModelError(*faults)
    return tuple(kept)


def read_arm(text: str, person: str) -> Arm:
    """An arm of the form `what is done`, or `person: what is done`."""
    who, colon, done = text.partition(":")
    return Arm(who.strip(), done.strip()) if colon else Arm(person, text.strip())


def read_readouts(text: str, where: str, faults: list[Fault]) -> tuple[Readout, ...]:
    """Readouts such as `ketamine_venous max 0 4`, or two of them joined by ` / `."""
    found = []
    for item in split(text, " / "):
        match = READOUT.fullmatch(item)
        if match is None:
            faults.append(Fault(f"the measure `{item}` is not understood.", where, "Expected `p_mTOR max 0 4`."))
            continue
        start = float(match["start"])
        found.append(Readout(match["output"], match["kind"], start, float(match["stop"] or start)))
    if not 1 <= len(found) <= 2:
        faults.append(Fault(f"{len(found)} readouts.", where, "Expected one, or two joined by ` / `."))
    return tuple(found)


def _measurement(model: Model, row: Mapping[str, str], where: str, faults: list[Fault]) -> Measurement | None:
    """One row of the table; None if it has faults."""
    before = len(faults)
    _check_words(model, row, where, faults)
    numbers = {name: _number(row[name], where, name, faults) for name in ("observed", "lower", "upper", "sd")}
    readouts = read_readouts(row["measure"], where, faults)
    chain = with_drugs_named(model, [readout.output for readout in readouts])
    known = {*chain.equations, *chain.constants}
    faults += [
        Fault(f"`{readout.output}` is no output.", where, "", nearest(readout.output, known))
        for readout in readouts
        if readout.output not in known
    ]
    arm = Arm(row["person"]).with_also(row["given"]).with_also(row["manipulation"])
    reference = read_arm(row["reference"], row["person"]) if row["reference"] else None
    if (reference is not None) != (row["compare"] in ("ratio", "difference", "share")):
        faults.append(Fault("a ratio, difference or share needs a reference, and nothing else does.", where))
    lower, upper = numbers["lower"], numbers["upper"]
    wants = {"within": (lower, upper), "above": (lower,), "below": (upper,)}.get(row["rule"], ())
    if any(math.isnan(bound) for bound in wants):
        faults.append(Fault(f"no bound for the rule `{row['rule']}`.", where, "", "Fill lower or upper."))
    if math.isnan(numbers["sd"]) or numbers["sd"] <= 0:
        faults.append(Fault("no sd.", where, "Expected a number above 0, in the row's unit."))
    if len(faults) > before:
        return None
    return Measurement(
        row["id"],
        int(row["stage"]),
        row["seed_row"],
        row["source"],
        row["verification"],
        arm,
        reference,
        readouts,
        row["compare"],
        row["unit"],
        row["rule"],
        numbers["observed"],
        -math.inf if row["rule"] == "below" else lower,
        math.inf if row["rule"] == "above" else upper,
        numbers["sd"],
        row["used_in_fit"] == "true",
        row["spread"],
        row["note"],
    )


def _check_words(model: Model, row: Mapping[str, str], where: str, faults: list[Fault]) -> None:
    """Collect the faults of the cells that hold words."""
    allowed: dict[str, tuple[str, ...]] = {
        "stage": tuple("123456"),
        "seed_row": SEED_ROWS,
        "verification": VERIFICATIONS,
        "compare": COMPARISONS,
        "rule": RULES,
        "used_in_fit": ("true", "false"),
        "person": tuple(read_persons(model)),
    }
    for name, words in allowed.items():
        if row[name] not in words:
            expected = f"Expected one of {', '.join(word or 'nothing' for word in words)}."
            faults.append(Fault(f"{name} `{row[name]}`.", where, expected, nearest(row[name], words)))
    sources = {entry["key"] for entry in model.tables["sources"]}
    faults += [
        Fault(f"source `{key}` is not in sources.bib.", where, "", nearest(key, sources))
        for key in row["source"].split() or [""]
        if key not in sources
    ]
    if not row["spread"]:
        faults.append(Fault("no word on where the spread comes from.", where))
    if row["used_in_fit"] == "false" and not row["note"]:
        faults.append(Fault("not used in the fit, and no note says why.", where))


def _number(text: str, where: str, name: str, faults: list[Fault]) -> float:
    if not text:
        return math.nan
    try:
        return float(text)
    except ValueError:
        faults.append(Fault(f"{name} `{text}` is no number.", where))
        return math.nan
