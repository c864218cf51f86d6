"""What a reader takes along: a state in; the command line, the Python code and the table that give the same out."""

from __future__ import annotations

import io
import shlex

from resprout.app.serve.form_state import State, regimen_text
from resprout.app.serve.path_simulation import Trajectory, blocks_of, hypothesis_of
from resprout.language.csv_cells import write_csv
from resprout.language.drug_instances import with_drugs_named
from resprout.language.records import Model
from resprout.people.covariates import RELEASE_FACTORS

PEOPLE = 100


def command_line(state: State, model: Model) -> str:
    """The command that gives this regimen to people who share this patient's illness, weight and genotype."""
    number = state.number
    words = ["resprout", "simulate", regimen_text(state), "--patients", str(PEOPLE), "--days", f"{number['days']:g}"]
    for name, value in (
        ("glial_uptake", number["glial"] / 100),
        ("stress", number["stress"]),
        ("body_weight", number["weight"]),
        ("BDNF_release_factor", model.nominal[RELEASE_FACTORS[state.text["genotype"]]]),
    ):
        words += ["--set", f"{name}={value:g}"]
    for name, value in hypothesis_of(state, model):
        words += ["--set", f"{name}={value:g}"]
    for name, share in blocks_of(state, model).items():
        words += ["--block", f"{name.removesuffix('_block')}={share:g}"]
    return shlex.join(words)


def python_code(state: State, model: Model) -> str:
    """Python that gives the curves of the page."""
    number, blocks, overrides = state.number, blocks_of(state, model), dict(hypothesis_of(state, model))
    changed = f" overrides={overrides!r}," if overrides else ""
    return "\n".join(
        [
            "import resprout as rs",
            "from resprout.people.typical import typical_patient",
            "",
            "patient = typical_patient(",
            f"    glial_uptake={number['glial'] / 100:g}, stress={number['stress']:g}, weight_kg={number['weight']:g},",
            f"    genotype={state.text['genotype']!r}, CYP2B6={state.text['enzyme']!r},",
            ")",
            "run = rs.simulate(",
            f"    rs.load_model(), patient, {regimen_text(state)!r},",
            f"    days={number['days']:g}, blocks={blocks!r},{changed}",
            ")",
            'print(run["HDRS17"].isel(patient=0).to_series())',
        ]
    )


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
