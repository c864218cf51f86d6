"""What the commands on observed people share: options, the beginning (files, model, population) and the end (files, JSON, notice, exit code)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.caveats import Shown, caveat_facts, caveats_for, print_caveats
from resprout.app.options import read_named_population
from resprout.app.output_files import TABLE_SUFFIXES, check_figure_target, check_target, refuse, save_figure, save_table
from resprout.app.provenance import provenance
from resprout.errors import Fault

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.patients.dataset import Dataset
    from resprout.patients.individual_posteriors import Posteriors
    from resprout.simulation import People

DataFiles = Annotated[
    list[Path],
    typer.Argument(metavar="FILES", help="Tables: .csv, .tsv, .parquet or .xpt; `example` is the shipped one."),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="YAML file that says what columns, units and codes mean.")
]
DrawsOption = Annotated[
    int, typer.Option("--draws", min=800, max=100_000, help="People drawn from the population for each person.")
]
EntryOption = Annotated[
    str, typer.Option("--entry", help="True HDRS17 of the population, such as `HDRS17>=14`.", show_default=False)
]
PopulationOption = Annotated[
    str | None,
    typer.Option(
        "--population", help="mdd, bipolar, healthy or the file of a named population; that of the mapping if left out."
    ),
]
NOTICE = "For research and teaching. Not medical advice: nothing here says what a person should take."


@dataclass(frozen=True)
class Prior:
    """The population as options say it: draws for each person, criteria as text, its name and the seed."""

    draws: int
    entry: str
    population: str | None
    seed: int


@dataclass(frozen=True)
class Request:
    """What a command was asked.

    command   its name                files     tables            mapping   YAML file, or None
    folder    of a user-defined model, or None
    prior     the population, where the command asks for one
    options   others that decide the result, by name
    """

    command: str
    files: list[Path]
    mapping: Path | None
    folder: Path | None
    prior: Prior | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """What a command works on.

    request   what was asked          model     of its population       data   the checked tables
    people    the population, if the command asks for one               named  name of its file, if it is a named one
    size      width of a figure for print, or None
    """

    request: Request
    model: Model
    data: Dataset
    people: People | None = None
    named: str | None = None
    size: str | None = None

    @property
    def provenance(self) -> dict[str, Any]:
        """What a result stands on, as data."""
        asked = self.request
        told: dict[str, Any] = {"tables": list(self.data.source), "setting": vars(self.data.setting)}
        told |= {"mapping": None if asked.mapping is None else asked.mapping.name, **asked.options}
        if self.people is not None:
            wanted = self.people
            told |= {"population": wanted.population, "entry": wanted.entry, "draws": wanted.count, "seed": wanted.seed}
            told |= {"named_population": self.named}
        return provenance(self.model, " ".join((asked.command, *self.data.source)), **told)


def opened(
    request: Request,
    *,
    tables: Mapping[str, Path | None],
    figure: Path | None = None,
    size: str | None = None,
    faults: Sequence[Fault] = (),
) -> Opened:
    """Check options and read tables; all faults of the options are told together.

    request   what was asked
    tables    by option: where a table will be written
    figure    where a figure will be                         size   its width for print, as typed, or None
    faults    of further options
    returns   model, people and population
    raises    InputError with every fault of the options, then of the tables
    """
    found = [
        *faults,
        *(fault for name, target in tables.items() for fault in check_target(name, target, TABLE_SUFFIXES)),
    ]
    found += check_figure_target("--out", figure, size)
    prior = request.prior
    chosen, named = (None, None) if prior is None else read_named_population(prior.population, found)
    refuse(found)
    model, data = read_observed(request.files, request.mapping, request.folder)
    model = model if named is None else named.applied(model)
    if prior is None:
        return Opened(request, model, data, size=size)
    from resprout.simulation import People

    population = chosen or data.setting.population
    people = People(prior.draws, seed=prior.seed, population=population, entry=prior.entry.strip() or None)
    return Opened(request, model, data, people, None if named is None else named.name, size)


def read_observed(files: list[Path], mapping: Path | None, folder: Path | None) -> tuple[Model, Dataset]:
    """The model and the checked table.

    files     tables          mapping   YAML file, or None          folder   of a user-defined model, or None
    returns   the model and the people
    """
    from resprout.app.terminal import status_spinner
    from resprout.language import load_model
    from resprout.patients.read_data import read_data

    model = load_model() if folder is None else load_model(folder)
    with status_spinner("Reading"):
        return model, read_data(files, mapping, model=model)


def only(read: Dataset, names: list[str]) -> Dataset:
    """The people of these names; all where none is named.

    read      everybody              names    as typed
    raises    InputError with every name that nobody has
    """
    from resprout.errors import nearest

    known = [who.name for who in read.people]
    refuse(
        [
            Fault(f"nobody is called `{name}`.", "--person", "", nearest(name, known))
            for name in names
            if name not in known
        ]
    )
    return replace(read, people=tuple(who for who in read.people if who.name in names)) if names else read


def posteriors_of(asked: Opened) -> Posteriors:
    """What the tables say of each person, with progress.

    asked     the model, the tables and the population
    returns   everybody's posterior
    """
    from resprout.app.terminal import progress_bar
    from resprout.patients.individual_posteriors import update

    with progress_bar(len(asked.data), "people") as progress:
        return update(asked.people, asked.data, model=asked.model, progress=progress)


def answer(  # many arguments: what was found, and in which forms it leaves
    asked: Opened,
    facts: Mapping[str, Any],
    show: Callable[[Any], None],
    written: Sequence[tuple[Path | None, Callable[[], Any]]],
    *,
    as_json: bool,
    nothing: bool = False,
    shown: Shown | None = None,
) -> None:
    """Write files, then print the answer with the notice that it is no advice.

    asked     what the command worked on
    facts     the answer by name, for JSON: data frames and plain data          show   prints it on a console
    written   where a table or figure goes (None: nowhere), and what makes it
    as_json   whether JSON is printed                 nothing   whether there is no result, which exit code 3 says
    shown     what the answer shows of the model, whose known limits are printed; None where it shows nothing of it
    """
    from resprout.app.terminal import print_json, print_wrapped, stdout_console

    targets = []
    for target, made in written:
        if target is not None and (content := made()) is not None:
            if hasattr(content, "to_plotly_json"):
                save_figure(content, target, asked.size)
            else:
                save_table(content, target, asked.provenance)
            targets.append(target)
    limits = [] if shown is None or nothing else caveats_for(shown)
    if as_json:
        ends = {"files": [str(target) for target in targets], "provenance": asked.provenance, "note": NOTICE}
        told = {name: each.to_dict("records") if hasattr(each, "to_dict") else each for name, each in facts.items()}
        print_json({**told, "caveats": caveat_facts(limits), **ends})
    else:
        console = stdout_console()
        show(console)
        print_caveats(console, limits)
        for target in targets:
            console.print(f"wrote {target}")
        print_wrapped(console, NOTICE)
    if nothing:
        raise typer.Exit(3)
