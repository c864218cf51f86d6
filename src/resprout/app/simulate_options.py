"""Options of `resprout simulate`: how each is declared, and the record that holds what was given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Regimen = Annotated[str, typer.Argument(help='For example "ketamine 0.5 mg/kg iv over 40 min", or saline.')]
Patients = Annotated[
    str | None,
    typer.Option(
        metavar="N|FILE",
        help="How many virtual patients; 1000 if left out. Of a model file also a table with a row of parameters a patient.",
    ),
]
Days = Annotated[float | None, typer.Option(help="Days of follow-up; 14 if left out.")]
Hours = Annotated[float | None, typer.Option(help="Hours of follow-up.")]
Until = Annotated[float | None, typer.Option(help="How long, in a model file's own unit of time.")]
Outputs = Annotated[str | None, typer.Option(help="Outputs to keep, joined by commas; the usual ones if left out.")]
DrawSeed = Annotated[int, typer.Option(min=0, help="Seed; patient k is the same in any larger sample with this seed.")]
Population = Annotated[str, typer.Option(help="mdd, bipolar, healthy or the file of a named population.")]
Genotype = Annotated[
    str | None, typer.Option(help="BDNF rs6265 genotype of every patient: val/val, val/met or met/met.")
]
Entry = Annotated[str | None, typer.Option(help='Entry criteria; "HDRS17>=18" if left out for mdd.')]
Block = Annotated[list[str] | None, typer.Option(help="Block a step, NAME=SHARE from 0 to 1; repeatable.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Set a constant, NAME=VALUE; repeatable.")]
ModelPath = Annotated[Path | None, typer.Option("--model", help="User-defined model: folder, SBML or Antimony file.")]
Drug = Annotated[list[Path] | None, typer.Option("--drug", help="A file with a further drug; repeatable.")]
Dose = Annotated[
    list[str] | None,
    typer.Option(help='Of a model file: a dose, such as "drug: 100 mg bolus; every 24 h x 7"; repeatable.'),
]
Vary = Annotated[
    str | None,
    typer.Option(help='How patients of a model file differ: "k=lognormal(cv=0.3), V=normal(10, 2), corr(k, V)=0.4".'),
]
PatientIds = Annotated[str | None, typer.Option(help="Only these patients of the draw, such as 0,17,400-420.")]
Tolerance = Annotated[float | None, typer.Option(help="Relative tolerance of a step, 1e-12 to 1e-2.")]
Precision = Annotated[str, typer.Option(help="Of what is written: float32 or float64.")]
AllowFailures = Annotated[float, typer.Option(min=0, max=1, help="Share of patients that may fail.")]
PointEstimate = Annotated[
    bool,
    typer.Option("--point", help="Use the point estimate for all patients; otherwise each takes a posterior draw."),
]
Errors = Annotated[bool, typer.Option("--errors", help="Estimate each patient's numerical error.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Cores to use; all if left out.")]
Cluster = Annotated[str | None, typer.Option(help="Dask workers: local:4 or tcp://HOST:PORT.")]
Restart = Annotated[bool, typer.Option("--restart", help="Discard what an interrupted run has left.")]
Out = Annotated[Path | None, typer.Option(help="Write the whole run: .zarr (any size) or .nc.")]
Table = Annotated[Path | None, typer.Option(help="Write the long table: .csv or .parquet.")]
Report = Annotated[Path | None, typer.Option(help="Write a report that opens offline: .html.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


@dataclass(frozen=True)
class Given:
    """What was given on the command line, an option a field."""

    regimen: str
    patients: int | Path | None
    days: float | None
    hours: float | None
    until: float | None
    outputs: str | None
    seed: int
    population: str
    genotype: str | None
    entry: str | None
    block: list[str] | None
    set_: list[str] | None
    model: Path | None
    drug: list[Path] | None
    dose: list[str] | None
    vary: str | None
    patient_ids: str | None
    tolerance: float | None
    precision: str
    allow_failures: float
    point: bool
    errors: bool
    threads: int | None
    cluster: str | None
    restart: bool
    out: Path | None
    table: Path | None
    report: Path | None
    as_json: bool

    def of_the_chain(self) -> dict[str, bool]:
        """Options that mean nothing for an imported model, and whether each was given."""
        others = {"regimen": self.regimen, "--population": self.population != "mdd"}
        others |= {"--genotype": self.genotype, "--entry": self.entry, "--block": self.block, "--drug": self.drug}
        others |= {"--point": self.point}
        return {name: bool(was_given) for name, was_given in others.items()}
