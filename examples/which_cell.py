"""On which cell must the NMDA receptor be? Take GluN2B away on one kind of cell, then give ketamine.

Gerhard et al. (2020) lost ketamine's effect when GluN2B was knocked down on interneurons, not on pyramidal cells.
"""

import resprout as rs

CELLS = {
    "PV interneurons": {"PV_NMDA_knockdown": 0.9},
    "SST interneurons": {"SST_NMDA_knockdown": 0.9},
    "pyramidal cells": {"pyramidal_NMDA_knockdown": 0.9},
}
model = rs.load_model()
people = rs.recruit(100, seed=1)


def relief(regimen, blocks):
    """Mean fall of HDRS17 at 24 h."""
    run = rs.simulate(model, people, regimen, days=2, outputs=["HDRS17"], blocks=blocks)
    score = run["HDRS17"].mean("patient")
    return float(score.sel(time_h=0) - score.sel(time_h=24, method="nearest"))


def ketamine_adds(blocks):
    """What ketamine adds to saline in people with the same cells changed."""
    return relief("ketamine 0.5 mg/kg iv over 40 min", blocks) - relief("saline", blocks)


whole = ketamine_adds({})
print(f"ketamine adds {whole:.1f} points of relief at 24 h where every cell has its receptors")
for cell, blocks in CELLS.items():
    alone, left = relief("saline", blocks), ketamine_adds(blocks) / whole
    print(
        f"without GluN2B on {cell}: the loss alone gives {alone:+.1f} points, and {left:.0%} of ketamine's effect is left"
    )
