"""Drug in equals drug eliminated plus drug present, for any regimen; no amount is ever negative."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from resprout.dosing.dose_events import regimen_events
from resprout.dosing.regimen import parse_regimen
from resprout.language import Model, load_model, shipped_folder
from resprout.people import recruit
from resprout.solve import run_patients

LOSSES = """
S_ketamine_eliminated' = (1 - demethylated_share) * S_ketamine_elimination  // [umol] S-ketamine that has left
  + S_ketamine_gut_absorption * S_ketamine_gut * ((1 - gut_wall_norketamine_share) * (1 - gut_wall_escape)
  + (1 - demethylated_share) * gut_wall_escape * S_ketamine_extraction)
  + (1 - hydroxynorketamine_share) * S_norketamine_elimination
  + S_hydroxynorketamine_elimination
"""
PRESENT = [
    *("depot", "gut", "central", "peripheral", "deep"),
    *("norketamine_forming", "norketamine_central", "norketamine_peripheral"),
    *("hydroxynorketamine_central", "hydroxynorketamine_peripheral"),
]
OUTPUTS = [f"S_{name}" if "nor" in name else f"S_ketamine_{name}" for name in [*PRESENT, "eliminated"]]
ROUTES = {
    "iv over 40 min": 1.0,
    "iv over 5 min": 1.0,
    "iv bolus": 1.0,
    "oral": 1.0,
    "im": "muscle_bioavailability",
    "sc": "skin_bioavailability",
    "sublingual": 1.0,
}
HOURS = np.r_[0:6:0.5, 6:96:6.0]
PEOPLE = 6


@cache
def model_that_counts_losses() -> Model:
    folder = Path(mkdtemp()) / "model"
    shutil.copytree(shipped_folder(), folder)
    dose = folder / "1_dose.ant"
    dose.write_text(dose.read_text(encoding="utf-8") + LOSSES, encoding="utf-8")
    return load_model(folder)


@settings(max_examples=25, deadline=None)
@given(
    route=st.sampled_from(sorted(ROUTES)),
    dose=st.floats(0.05, 2.0),
    repeats=st.integers(1, 4),
    every_h=st.sampled_from([6, 12, 24]),
)
def test_what_went_in_is_there_or_has_left(route, dose, repeats, every_h):
    model, people = model_that_counts_losses(), recruit(PEOPLE, seed=3)
    regimen = parse_regimen(f"S-ketamine {dose:.3f} mg/kg {route}; every {every_h} h x {repeats}")
    constants = {**model.nominal, **people.constants}
    events = regimen_events(regimen, constants)
    value = run_patients(model, people.constants, events, HOURS, OUTPUTS).value
    given_umol = float(f"{dose:.3f}") * constants["body_weight"] / constants["S_ketamine_molar_mass"] * 1000
    reaches = ROUTES[route] if isinstance(ROUTES[route], float) else constants[str(ROUTES[route])]
    whole = np.broadcast_to(given_umol * repeats * reaches, (PEOPLE,))
    # linear sums are kept by the method itself, whatever its tolerance; only rounding is left
    np.testing.assert_allclose(value[:, -1].sum(axis=1), whole, rtol=1e-8)
    assert value.min() >= -1e-8 * whole.min()  # an emptied compartment may pass zero by the tolerance of a step
