"""Options that several commands share, and options into values: NAME=VALUE pairs, lists and choices, with all their faults at once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import DAYS, REPLICATES, SEED

if TYPE_CHECKING:
    from resprout.language.records import Model
    from resprout.people.named_population import NamedPopulation

GENOTYPES = ("val/val", "val/met", "met/met")
POPULATIONS = ("mdd", "bipolar", "healthy")
PRECISIONS = ("float32", "float64")
MOST_IDS = 20_000

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelFolder = Annotated[Path | None, typer.Option("--model", help="Folder of a user-defined model.")]
TableFile = Annotated[Path | None, typer.Option("--table", help="Write the table: .csv or .parquet.")]
FigureFile = Annotated[Path | None, typer.Option("--out", help="Write the figure: .html, .svg, .pdf or .png.")]
PictureSize = Annotated[
    str | None,
    typer.Option("--size", help="Width of a figure for print: single (85 mm) or double (170 mm, the default)."),
]
Seed = Annotated[int, typer.Option(min=0, max=SEED.highest, help="Seed of patients and raters.")]
Replicates = Annotated[
    int,
    typer.Option(min=1, max=REPLICATES.highest, help="Number of virtual trials, each with patients of its own."),
]
Point = Annotated[
    bool,
    typer.Option("--point", help="Use the point estimate in every replicate; otherwise each takes a posterior draw."),
]
DRAWS = 40
Draws = Annotated[
    int,
    typer.Option("--draws", min=0, help="Posterior draws at which all is repeated; 0 for the point estimate alone."),
]
NamedPeople = Annotated[
    str | None, typer.Option("--population", help="The file of a named population, whose people take part.")
]
NamedConstants = Annotated[
    str | None, typer.Option("--population", help="The file of a named population, whose constants hold.")
]
Trials = Annotated[list[str] | None, typer.Argument(help="Names of trials; all that ship if left out.")]


def read_pairs(option: str, pairs: list[str], example: str, faults: list[Fault]) -> dict[str, float]:
    """Read NAME=VALUE pairs; what is wrong with them is added to `faults`.

    option    name of the option, for the message      pairs   as typed      example   a right pair
    returns   values by name; whether a name exists and takes the value is for the model to say
    """
    values: dict[str, float] = {}
    expected, remedy = "Expected NAME=VALUE with a finite number.", f"Try `{option} {example}`."
    for pair in pairs:
        name, mark, text = (part.strip() for part in pair.partition("="))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not name or not mark:
            faults.append(Fault(f"`{pair}` is no pair.", option, expected, remedy))
        elif not math.isfinite(value):
            faults.append(Fault(f"`{text}` is no finite number for `{name}`.", option, expected, remedy))
        elif name in values:
            faults.append(
                Fault(f"`{name}` is given twice.", option, "Expected each name once.", "Leave one of them out.")
            )
        else:
            values[name] = value
    return values


def did_you(name: str, choices: tuple[str, ...]) -> str:
    """The choice nearest to a name, if one is near; nothing where the choices are listed anyway."""
    near = nearest(name, choices)
    return near if near.startswith("Did") else ""


def read_outputs(text: str | None, faults: list[Fault]) -> list[str] | None:
    """Read a list of outputs joined by commas; None if none was asked for."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        faults.append(
            Fault(
                "The list is empty.",
                "--outputs",
                "Expected names joined by commas.",
                "`resprout describe` lists them.",
            )
        )
    return list(dict.fromkeys(names))


def read_ids(text: str | None, faults: list[Fault]) -> list[int] | None:
    """Read positions of patients such as 0,17,400-420; None if none was asked for."""
    if text is None:
        return None
    ids: list[int] = []
    for part in text.split(","):
        first, mark, last = (word.strip() for word in part.partition("-"))
        if not first.isdecimal() or (mark and not last.isdecimal()) or len(first) > 9 or len(last) > 9:
            expected = "Expected numbers from 0, such as 0,17,400-420."
            faults.append(Fault(f"`{part.strip()}` is no patient.", "--patient-ids", expected))
            return None
        if int(last or first) < int(first):
            found = f"`{part.strip()}` goes backwards, and names nobody."
            faults.append(Fault(found, "--patient-ids", "Expected the lower number first.", f"Try `{last}-{first}`."))
            return None
        ids += range(int(first), min(int(last or first), int(first) + MOST_IDS) + 1)
        if len(ids) > MOST_IDS:
            faults.append(Fault(f"more than {MOST_IDS:,} patients are named.", "--patient-ids"))
            return None
    return list(dict.fromkeys(ids))


def read_choice(option: str, text: str | None, choices: tuple[str, ...], faults: list[Fault]) -> str | None:
    """Read one of a few words, whatever its case."""
    if text is None or text.lower() in choices:
        return None if text is None else text.lower()
    expected = f"Expected one of {', '.join(choices)}."
    faults.append(Fault(f"`{text}` is not known.", option, expected, did_you(text, choices)))
    return None


def read_named_population(text: str | None, faults: list[Fault]) -> tuple[str | None, NamedPopulation | None]:
    """Read the name of a shipped population, or the file of a named one.

    text      as typed, or None           faults   what is wrong is added here
    returns   the shipped population that people are of, and the named one; None where neither is asked for
    """
    from resprout.people.named_population import SUFFIXES, read_population

    if text is None or text.lower() in POPULATIONS:
        return (None if text is None else text.lower()), None
    if Path(text).suffix.lower() not in SUFFIXES and not Path(f"{text}.yaml").is_file():
        return read_choice("--population", text, POPULATIONS, faults), None
    try:
        found = read_population(text)
    except InputError as error:
        faults += error.faults
        return None, None
    return found.of, found


def population_file(text: str) -> Path:
    """The file of a named population that is given by its path, or by its name without the suffix."""
    from resprout.people.named_population import SUFFIXES

    file = Path(text)
    return file if file.suffix.lower() in SUFFIXES else file.with_name(f"{file.name}.yaml")


def only_named(
    text: str | None, faults: list[Fault], told: str = "the protocol says which shipped one people are of"
) -> NamedPopulation | None:
    """Read the file of a named population where something else says which shipped one people are of.

    text      as typed, or None           faults   what is wrong is added here
    told      what says it
    """
    shipped, named = read_named_population(text, faults)
    if shipped is not None and named is None:
        expected = f"Expected the file of a named population; {told}."
        faults.append(Fault(f"`{text}` is a shipped population.", "--population", expected))
    return named


def with_population(model: Model, named: NamedPopulation | None) -> tuple[Model, dict[str, str]]:
    """The model of a named population, and what provenance says of it.

    model     loaded        named   the population; None for the model as it is
    raises    InputError with everything in which it does not fit the model
    """
    if named is None:
        return model, {}
    return named.applied(model), {"named_population": named.name}


def read_days(days: float, faults: list[Fault]) -> float:
    """A length of time that is finite, above zero and at most 400 days."""
    if not DAYS.allows(days):
        faults.append(
            Fault(
                f"{days:g} days cannot be simulated.",
                "--days",
                f"Expected a number {DAYS.in_words}.",
                "Try `--days 14`.",
            )
        )
    return days
