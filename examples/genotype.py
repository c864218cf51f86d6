"""Does BDNF Val66Met change the answer to ketamine, and how large must a study be to see it?

The same 300 virtual people are given each genotype in turn, so that nothing else differs between the groups.
"""

import numpy as np
from statsmodels.stats.power import TTestIndPower

import resprout as rs

model = rs.load_model()
people = rs.recruit(300, seed=1)
falls = {}
for genotype in ("Val/Val", "Val/Met", "Met/Met"):
    outputs = ["HDRS17", "spine_density"]
    regimen = "ketamine 0.5 mg/kg iv over 40 min"
    run = rs.simulate(model, people.with_genotype(genotype), regimen, days=2, outputs=outputs)
    score, spines = (run[name].sel(time_h=[0, 24], method="nearest").to_numpy() for name in outputs)
    falls[genotype] = score[:, 0] - score[:, 1]
    response = (score[:, 1] <= score[:, 0] / 2).mean()
    print(
        f"{genotype}: spines {spines[:, 0].mean():.0%} of health, {100 * (spines[:, 1] - spines[:, 0]).mean():+.1f} points "
        f"of that after a day; HDRS17 falls by {falls[genotype].mean():.1f} points; {response:.0%} respond"
    )
val, met = falls["Val/Val"], falls["Val/Met"]
effect = (val.mean() - met.mean()) / np.sqrt((val.var(ddof=1) + met.var(ddof=1)) / 2)
print(f"Val/Val against Val/Met: d = {effect:.2f} before rater error")
needed = TTestIndPower().solve_power(float(effect), alpha=0.05, power=0.9)
print(f"a study needs {np.ceil(needed):.0f} people of each genotype for 90 % power, and more with raters who err")
