"""Published interventions, each run as an experiment in the model: rows of interventions.tsv in, prediction beside observation out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resprout.calibrate.experiments import (
    OR,
    Arm,
    Person,
    Trajectories,
    read_persons,
    run_arms,
    split,
)
from resprout.errors import Fault, ModelError, nearest
from resprout.language.readouts import Readout, read_readouts
from resprout.language.records import Model

LEFT, TOGETHER, SHARE, CHANGE = "left", "together", "share", "change"
KIND = {
    "abolish": LEFT,
    "attenuate": LEFT,
    "reduce": LEFT,
    "preserve": LEFT,
    "work": LEFT,
    "enhance": TOGETHER,
    "mimic": SHARE,
    "none": SHARE,
    "worsen": SHARE,
    "unchanged": CHANGE,
    "up": CHANGE,
    "down": CHANGE,
}
RULES = {
    "abolish": "less than 25 % of the drug's effect is left",
    "attenuate": "25 to 75 % of it is left",
    "reduce": "less than 75 % of it is left; how much was not seen",
    "preserve": "more than 75 % of it is left",
    "work": "at least 25 % of it is left: the drug acts in this model of illness",
    "enhance": "drug and intervention together have more than 110 % of the effect of the drug alone",
    "mimic": "at least 25 % of the effect of a standard dose of ketamine",
    "none": "less than 25 % of that effect, either way",
    "worsen": "at least 25 % of that effect, the other way",
    "unchanged": "within 2 % of baseline",
    "up": "more than 2 % above baseline",
    "down": "more than 2 % below baseline",
}
SEEN = "read"  # how a row is verified that was read in its source
SMALL_CHANGE = 0.02  # of baseline: less is no change
BANDS = {
    "abolish": (-math.inf, 0.25),
    "attenuate": (0.25, 0.75),
    "reduce": (-math.inf, 0.75),
    "preserve": (0.75, math.inf),
    "work": (0.25, math.inf),
    "enhance": (1.10, math.inf),
    "mimic": (0.25, math.inf),
    "none": (-0.25, 0.25),
    "worsen": (-math.inf, -0.25),
    "unchanged": (-SMALL_CHANGE, SMALL_CHANGE),
    "up": (SMALL_CHANGE, math.inf),
    "down": (-math.inf, -SMALL_CHANGE),
}
WITH_EDGES = ("attenuate", "work", "mimic", "worsen", "unchanged")  # words whose edges still count
LEAST_EFFECT = 2e-3  # of baseline: a drug with less has no effect of which a share could be left


@dataclass(frozen=True)
class Reading:
    """One number of one experiment: what was measured, and the share or relative change found."""

    measure: str
    kind: str
    value: float

    def says(self, expected: str) -> bool:
        """Whether the number fits an expectation."""
        low, high = BANDS[expected]
        return low <= self.value <= high if expected in WITH_EDGES else low < self.value < high

    @property
    def word(self) -> str:
        """The finding in the words of the rules."""
        words = {
            LEFT: ("preserve", "attenuate", "abolish"),
            TOGETHER: ("enhance",),
            SHARE: ("mimic", "worsen", "none"),
            CHANGE: ("up", "down", "unchanged"),
        }
        found = [word for word in words[self.kind] if self.says(word)]
        return found[0] if found else "no effect to compare with" if math.isnan(self.value) else "not enhanced"


@dataclass(frozen=True)
class InterventionResult:
    """One published intervention beside the model: what was seen, what the model gives, and whether they agree."""

    row: Mapping[str, str]
    readings: tuple[Reading, ...]

    @property
    def agrees(self) -> bool:
        """Whether every reading fits; an intervention that the model cannot hold is wrong."""
        return bool(self.readings) and all(reading.says(self.row["expected"]) for reading in self.readings)

    @property
    def worst(self) -> Reading | None:
        """The reading that fits least: the first that does not fit, else the first."""
        unfit = [reading for reading in self.readings if not reading.says(self.row["expected"])]
        return next(iter([*unfit, *self.readings]), None)

    @property
    def predicted(self) -> str:
        """What the model says, in a word."""
        return self.worst.word if self.worst else "not represented"

    @property
    def reason(self) -> str:
        """Why a row is wrong: the number that does not fit, and the note of the table."""
        if self.agrees:
            return ""
        note = self.row.get("note", "")
        if self.worst is None:
            return f"{note[:1].upper()}{note[1:]}."
        meaning = {
            LEFT: "of the effect left",
            TOGETHER: "of the drug's own effect",
            SHARE: "of ketamine's effect",
            CHANGE: "against baseline",
        }[self.worst.kind]
        found = "no effect" if math.isnan(self.worst.value) else f"{self.worst.value:.0%} {meaning}"
        said = f"{self.worst.measure}: {found}, where {RULES[self.row['expected']]} was expected."
        return f"{said} {note[:1].upper()}{note[1:]}{'.' if note else ''}".strip()


@dataclass(frozen=True)
class Experiment:
    """One variant of a row, ready to run: the arms that it needs and what is read from them."""

    kind: str
    baseline: Arm
    given: Arm
    manipulated: Arm
    both: Arm
    standard: Arm
    measures: tuple[Readout, ...]

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every arm it needs."""
        return (self.baseline, self.given, self.manipulated, self.both, self.standard)

    def readings(self, trajectories: Trajectories) -> list[Reading]:
        """What the arms say, one number a measure."""
        return [Reading(measure.text, self.kind, self._value(trajectories, measure)) for measure in self.measures]

    def _value(self, trajectories: Trajectories, measure: Readout) -> float:
        """The share or relative change; NaN where there is no effect of which to take a share."""
        if self.kind == CHANGE:
            return trajectories.change(self.given, self.baseline, measure) / trajectories.at(
                self.baseline, measure.output, measure.start_h
            )
        if self.kind == SHARE:
            part, whole = trajectories.change(self.given, self.baseline, measure), self._standard(trajectories, measure)
        else:
            beside = self.manipulated if self.kind == LEFT else self.baseline
            part = trajectories.change(self.both, beside, measure)
            whole = trajectories.change(self.given, self.baseline, measure)
        baseline = abs(trajectories.at(self.baseline, measure.output, measure.start_h))
        return part / whole if abs(whole) > LEAST_EFFECT * baseline else math.nan

    def _standard(self, trajectories: Trajectories, measure: Readout) -> float:
        return trajectories.change(self.standard, self.baseline, measure.of_standard())


def run_interventions(model: Model, overrides: Mapping[str, float] | None = None) -> list[InterventionResult]:
    """Run every row of the model's interventions.tsv.

    overrides   constants changed throughout, as a rival hypothesis does
    returns     a result for each row, in the table's order
    raises      ModelError with every row that cannot be read
    """
    return run_rows(model, model.tables["interventions"], overrides)


def run_rows(
    model: Model, rows: Sequence[Mapping[str, str]], overrides: Mapping[str, float] | None = None
) -> list[InterventionResult]:
    """Run rows of a table of experiments, all arms in one batch; as `run_interventions`."""
    persons = read_persons(model)
    check_rows(rows, persons, model)
    planned = [experiments_of(row, persons) for row in rows]
    arms = [arm for row in planned for experiment in row for arm in experiment.arms]
    measures = [measure for row in planned for experiment in row for measure in experiment.measures]
    trajectories = run_arms(model, arms, hours_of(measures), outputs_of(model), overrides)
    return [
        InterventionResult(
            row, tuple(reading for experiment in planned_row for reading in experiment.readings(trajectories))
        )
        for row, planned_row in zip(rows, planned, strict=True)
    ]


def experiments_of(row: Mapping[str, str], persons: Mapping[str, Person]) -> list[Experiment]:
    """The experiments of one row: one for each alternative of what is given and of how it is met; none if not represented."""
    if not row["person"]:
        return []
    baseline, standard = Arm(row["person"]), Arm(row["person"], persons[row["person"]].standard)
    found = []
    for given in split(row["given"], OR):
        for manipulation in split(row["manipulation"], OR) or [""]:
            drug, alone = Arm(row["person"], given), Arm(row["person"], manipulation)
            both = drug.with_also(manipulation)
            measures = read_readouts(row["measure"], where=row["id"])
            found.append(Experiment(KIND[row["expected"]], baseline, drug, alone, both, standard, measures))
    return found


def outputs_of(model: Model) -> list[str]:
    """Every output that any table of experiments reads: one list, so that one kernel serves all of them."""
    rows = (*model.tables["interventions"], *model.tables["facts"])
    return sorted({measure.output for row in rows for measure in read_readouts(row["measure"], where=row["id"])})


def hours_of(measures: Sequence[Readout]) -> list[float]:
    """Hours at which a set of measures has to be known."""
    return sorted({hour for m in measures for hour in (m.start_h, m.stop_h, m.against or 0.0)})


def check_rows(rows: Sequence[Mapping[str, str]], persons: Mapping[str, Person], model: Model) -> None:
    """Refuse a table with words that mean nothing here.

    raises   ModelError with every fault
    """
    sources = {entry["key"] for entry in model.tables["sources"]}
    faults = []
    for row in rows:
        where = f"row {row['id']}"
        if row["expected"] not in KIND:
            faults.append(Fault(f"`{row['expected']}` is expected.", where, f"Expected one of {', '.join(KIND)}."))
        if row["person"] and row["person"] not in persons:
            faults.append(Fault(f"`{row['person']}` is nobody here.", where, "", nearest(row["person"], persons)))
        if not row["person"] and not row.get("note"):
            faults.append(Fault("not run, and no note says why.", where))
        faults += [
            Fault(f"source `{key}` is not in sources.bib.", where, "", nearest(key, sources))
            for key in row["source"].split()
            if key not in sources
        ]
    if faults:
        raise ModelError(*faults)
