"""What determines a run, as one record that can be sent to a worker, written beside the result and compared with it later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from resprout.errors import Fault, InputError, ModelError
from resprout.language import load_model
from resprout.language.bounds import STREAMED_PEOPLE
from resprout.language.rating_scales import Scale
from resprout.language.records import Model
from resprout.people.named_population import read_population
from resprout.people.screening import Recruitment
from resprout.simulation.scenario import Scenario
from resprout.simulation.settings import Numerics, People


@dataclass(frozen=True)
class ModelSource:
    """Where a worker loads the model from.

    folder       of the model; None for the shipped one     digest   of the model     drugs   files of further drugs
    population   file of a named population, or None
    """

    folder: str | None
    digest: str
    drugs: tuple[str, ...] = ()
    population: str | None = None

    def load(self) -> Model:
        """The model.

        raises   ModelError if the files here are not those of the request
        """
        model = load_model(self.folder, self.drugs)
        if self.population is not None:
            model = read_population(self.population).applied(model)
        if model.digest != self.digest:
            found = f"the model here has the digest {model.digest}, that of the run {self.digest}."
            raise ModelError(Fault(found, "", "Expected the same files on every machine, unchanged during a run."))
        return model


@dataclass(frozen=True)
class Request:
    """A checked request: the same request gives the same bits, however it is split."""

    source: ModelSource
    scenario: Scenario
    people: People
    numerics: Numerics
    block: ClassVar[int | None] = None
    chunk: ClassVar[int | None] = None

    @property
    def key(self) -> str:
        """A digest of everything that determines the numbers."""
        told = asdict(replace(self, source=ModelSource(None, self.source.digest)))
        del told["numerics"]["threads"], told["source"]["population"]  # the digest is that of its model
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def patients(self) -> int:
        """How many patients."""
        return self.people.count

    @property
    def hours(self) -> tuple[float, ...]:
        """Observation times, h."""
        return self.scenario.hours

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what is observed."""
        return self.scenario.outputs

    @property
    def scales(self) -> Mapping[str, Scale]:
        """Rating scales of the model by name."""
        return self.source.load().scales

    @property
    def recruitment(self) -> Recruitment:
        """Whom it looks for."""
        return self.people.recruitment

    def told(self) -> dict[str, Any]:
        """The request as plain values, for a file or a screen."""
        return asdict(self)


def make_request(
    model: Model,
    scenario: Scenario,
    people: People,
    numerics: Numerics,
    source: tuple[Path | None, Sequence[Path]],
    population: Path | None = None,
) -> Request:
    """Check whom a request recruits and how it is solved; the scenario has been checked.

    source       folder of the model, None for the shipped one, and files of further drugs
    population   file of the named population that the model is of, or None
    raises       InputError with every fault found
    """
    faults = numerics.faults()
    faults += STREAMED_PEOPLE.faults("the number of patients", people.count, "--patients", "patients")
    checked = people
    try:
        checked = replace(replace(people, count=1).checked(model), count=people.count)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(*faults)
    folder, drugs = source
    place = ModelSource(
        str(folder) if folder is not None else None,
        model.digest,
        tuple(str(file.resolve()) for file in drugs),
        None if population is None else str(population.resolve()),
    )
    return Request(place, scenario, checked, numerics)
