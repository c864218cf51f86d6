"""Writes the shipped example of observed people, simulated by the model: 40 people, four levels and five ratings each."""

import csv
from pathlib import Path

import numpy as np

import resprout as rs
from resprout.dosing.regimen import parse_regimen
from resprout.patients.dataset import Setting
from resprout.patients.expected_ratings import History, expected_values, solve_history
from resprout.patients.simulated_observations import observed_values

EXAMPLE = Path(rs.__file__).parent / "patients" / "example.csv"
SEED = 2019
LEVELS_H = (2 / 3, 1.5, 3.0, 6.0)
VISITS_H = (0.0, 24.0, 72.0, 168.0, 336.0)
ARMS = {
    "once": "ketamine 0.5 mg/kg iv over 40 min",
    "twice a week": "ketamine 0.5 mg/kg iv over 40 min; every 84 h x 4",
}
LLOQ = 2.0
MISSED = {(7, 3), (15, 4), (28, 2), (33, 4)}  # person and visit
COLUMNS = [
    *("patient", "time_h", "evid", "drug", "route", "dose_mg", "duration_min", "addl", "ii_h"),
    *("endpoint", "value", "unit", "lloq", "age", "sex", "weight_kg", "genotype", "CYP2B6"),
]


def observed(model, people, regimen):
    """Ratings and levels of some people under a regimen."""
    visits = {"MADRS": VISITS_H, "ketamine_venous": LEVELS_H}
    history = History(parse_regimen(regimen), (), visits, Setting())
    solved = solve_history(model, people, history)
    return observed_values(model, people, history, expected_values(model, people, history, solved))


def rows_of(number, person, cells, repeats):
    """The rows of one person: visits before doses at the same hour."""
    fixed = {name: cells[name] for name in ("age", "sex", "weight_kg", "genotype", "CYP2B6")} | {"patient": number}
    dose = {"time_h": 0, "evid": 1, "drug": "ketamine", "route": "iv", "duration_min": 40}
    dose |= {"dose_mg": round(0.5 * cells["weight_kg"], 1), **({"addl": 3, "ii_h": 84} if repeats else {})}
    found = [(0.0, 1, dose)]
    for visit, hour in enumerate(VISITS_H):
        missed = (number, visit) in MISSED
        row = {"time_h": f"{hour:g}", "evid": 0, "endpoint": "MADRS"}
        found.append((hour, 0, row | ({} if missed else {"value": f"{person['MADRS'][visit]:.0f}"})))
    for sample, hour in enumerate(LEVELS_H):
        level = person["ketamine_venous"][sample]
        told = f"{level:.3g}" if level >= LLOQ else f"<{LLOQ:g}"
        row = {"time_h": f"{hour:.3g}", "evid": 0, "endpoint": "ketamine", "value": told, "unit": "ng/mL", "lloq": LLOQ}
        found.append((float(f"{hour:.3g}"), 0, row))
    return [fixed | row for _, _, row in sorted(found, key=lambda each: each[:2])]


def main():
    """Simulate and write."""
    model = rs.load_model()
    people = rs.recruit(40, seed=SEED, model=model, entry="MADRS>=24, age 18-70")
    table = []
    for arm, (name, regimen) in enumerate(ARMS.items()):
        group = people.take(np.arange(20) + 20 * arm)
        seen = observed(model, group, regimen)
        for place in range(len(group)):
            cells = {key: column[place] for key, column in group.columns.items()}
            cells["weight_kg"] = round(float(cells["weight_kg"]), 1)
            person = {key: value[place] for key, value in seen.items()}
            table += rows_of(20 * arm + place + 1, person, cells, name != "once")
    with EXAMPLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    print(f"wrote {len(table)} rows of {len(people)} people to {EXAMPLE.name}")


if __name__ == "__main__":
    main()
