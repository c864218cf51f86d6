"""Euphoria first, relief afterwards: the hour at which each is strongest after one infusion."""

import resprout as rs

model = rs.load_model()
people = rs.recruit(200, seed=1)
run = rs.simulate(model, people, "ketamine 0.5 mg/kg iv over 40 min", days=7, outputs=["VAS_high", "HDRS17"])

high = run["VAS_high"].mean("patient")
depression = run["HDRS17"].mean("patient")
print(f"euphoria is strongest after {float(high.idxmax('time_h')) * 60:.0f} min")
print(f"depression is lowest after {float(depression.idxmin('time_h')):.0f} h")
