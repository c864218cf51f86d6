"""What a reader takes along: a state in; the command line, the Python code and the table that give the same out."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from resprout.app.serve.form_state import State, regimen_text
from resprout.app.serve.path_simulation import Pairs, Trajectory, blocks_of, hypothesis_of
from resprout.errors import InputError
from resprout.language.csv_cells import write_csv
from resprout.language.drug_instances import with_drugs_named
from resprout.language.records import Model
from resprout.simulation.scenario import read_scenario
from resprout.trial import Trial

PROTOCOL_FILE = "my_trial.yaml"


def command_line(state: State, model: Model, regimen: str = "", days: float | None = None) -> str:
    """The command that follows this patient and prints the numbers of the page.

    regimen, days   None and empty for those of the form
    """
    number, regimen = state.number, regimen or regimen_text(state)
    words = ["resprout", "patient", regimen, "--days", f"{number['days'] if days is None else days:g}"]
    words += ["--glial-uptake", f"{number['glial'] / 100:g}", "--stress", f"{number['stress']:g}"]
    words += ["--weight", f"{number['weight']:g}", "--genotype", state.text["genotype"]]
    words += ["--cyp2b6", state.text["enzyme"]]
    for name, value in settings_of(regimen, hypothesis_of(state, model), model):
        words += ["--set", f"{name}={value:g}"]
    for name, share in blocks_of(state, model).items():
        words += ["--block", f"{name.removesuffix('_block')}={share:g}"]
    return shlex.join(words)


def python_code(state: State, model: Model) -> str:
    """Python that gives the curves of the page."""
    number, blocks, overrides = (
        state.number,
        blocks_of(state, model),
        dict(settings_of(regimen_text(state), hypothesis_of(state, model), model)),
    )
    return "\n".join(
        [
            "import resprout as rs",
            "from resprout.app.patient_command import followed",
            "",
            "run = followed(",
            f"    rs.load_model(), {regimen_text(state)!r}, days={number['days']:g},",
            f"    glial_uptake={number['glial'] / 100:g}, stress={number['stress']:g}, weight_kg={number['weight']:g},",
            f"    genotype={state.text['genotype']!r}, CYP2B6={state.text['enzyme']!r},",
            f"    blocks={blocks!r}, overrides={overrides!r},",
            ")",
            'print(run["HDRS17"].isel(patient=0).to_series())',
        ]
    )


@lru_cache(maxsize=64)
def settings_of(regimen: str, changed: Pairs, model: Model) -> Pairs:
    """Constants that a hypothesis changes and that are read under a regimen; the others are those of drugs that are not given."""
    kept = []
    for name, value in changed:
        try:
            read_scenario(model, regimen, 1.0, overrides={name: value})
        except InputError:
            continue
        kept.append((name, value))
    return tuple(kept)


def trajectory_csv(trajectory: Trajectory, model: Model) -> str:
    """The curves of the page as a long table: output, unit, time_h, value."""
    text = io.StringIO()
    known = with_drugs_named(model, list(trajectory.value))
    rows = (
        (trajectory.regimen, name, known.unit(name), f"{hour:.6g}", f"{level:.8g}")
        for name, value in trajectory.value.items()
        for hour, level in zip(trajectory.time_h, value, strict=True)
    )
    write_csv(text, ["regimen", "output", "unit", "time_h", "value"], rows)
    return text.getvalue()


def trial_command(trial: Trial, *, shipped: bool) -> str:
    """The command that repeats a trial of the page.

    shipped   whether its protocol is in the package; otherwise the file that the page hands out is named
    """
    name = trial.protocol.name if shipped else PROTOCOL_FILE
    words = ["resprout", "trial", name, "--replicates", str(trial.replicates), "--seed", str(trial.seed), "--point"]
    first = "" if shipped else f"# {PROTOCOL_FILE} is what the button Protocol (YAML) saves, or your own file\n"
    return first + shlex.join(words)


def rows_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows under their names as CSV."""
    text = io.StringIO()
    write_csv(text, list(columns), rows)
    return text.getvalue()
