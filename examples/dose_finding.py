"""Which dose of ketamine? Four single doses against midazolam in one virtual trial of 30 people an arm."""

import tempfile
from pathlib import Path

import yaml

import resprout as rs

DOSES = (0.1, 0.2, 0.5, 1.0)
control = {"name": "midazolam", "regimen": "midazolam 0.045 mg/kg iv over 40 min", "size": 30, "control": True}
protocol = {
    "name": "dose_finding",
    "title": "Four single doses of ketamine against midazolam",
    "design": "parallel",
    "control": "midazolam",
    "entry": {"minimum": {"MADRS": 22}, "age": [18, 65]},
    "arms": [
        *({"name": f"{dose} mg/kg", "regimen": f"ketamine {dose} mg/kg iv over 40 min", "size": 30} for dose in DOSES),
        control,
    ],
    "endpoints": [
        {"name": "MADRS", "visits": ["0 h", "24 h", "72 h"]},
        {"name": "CADSS", "visits": ["0 min", "40 min", "2 h"]},
    ],
}
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "dose_finding.yaml"
    file.write_text(yaml.safe_dump(protocol), encoding="utf-8")
    table = rs.run_trial(file, replicates=20, seed=1).table


def value(arm, endpoint, statistic, hour):
    """One number of the long table."""
    keys = {"arm": arm, "endpoint": endpoint, "statistic": statistic}
    rows = table[(table[list(keys)] == list(keys.values())).all(axis=1)]
    return float(rows.loc[(rows["time_h"] - hour).abs().idxmin(), "value"])


print("mean of 20 trials, 30 people an arm")
print(f"{'arm':>12}  change of MADRS at 1 d  response at 1 d  against midazolam (d)  CADSS at 40 min")
for arm in [*(f"{dose} mg/kg" for dose in DOSES), "midazolam"]:
    change, response = value(arm, "MADRS", "mean_change", 24), value(arm, "MADRS", "response_rate", 24)
    effect = "" if arm == "midazolam" else f"{-value(arm, 'MADRS', 'cohen_d', 24):.2f}"
    odd = value(arm, "CADSS", "mean", 2 / 3)
    print(f"{arm:>12}  {change:22.1f}  {response:15.0%}  {effect:>21}  {odd:15.1f}")
