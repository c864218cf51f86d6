"""Without mTORC1, ketamine grows few spines: the share of the gain at 24 h that is left."""

import resprout as rs

model = rs.load_model()
people = rs.recruit(200, seed=1)


def spine_gain(blocks):
    """Mean gain in spine density at 24 h."""
    regimen = "ketamine 0.5 mg/kg iv over 40 min"
    run = rs.simulate(model, people, regimen, days=2, outputs=["spine_density"], blocks=blocks)
    mean = run["spine_density"].mean("patient")
    return float(mean.sel(time_h=24, method="nearest") - mean.sel(time_h=0))


whole = spine_gain({})
for step in ("AMPA", "TrkB", "mTORC1"):
    print(f"{step} blocked by 95 %: {spine_gain({step: 0.95}) / whole:.0%} of the gain is left")
