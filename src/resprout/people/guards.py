"""Guards of plausibility: people's drawn constants in, the same within what a living circuit can bear out."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
LOOP = ("pyramidal_AMPA_current", "pyramidal_local_share", "pyramidal_NMDA_current")
NMDA_GATING = ("NMDA_coupling", "NMDA_decay", "pyramidal_rest_input", "pyramidal_curvature")
CEILINGS = {
    0.97: ("PV_GluN2B_share", "SST_GluN2B_share", "synaptic_GluN2B_share", "extrasynaptic_GluN2B_share"),
    0.90: (
        "pyramidal_local_share",
        "PV_local_share",
        "SST_local_share",
        "SST_tonic_share",
        "miniature_share",
        "vesicular_share",
        "mGluR2_largest_inhibition",
    ),
}
SST_SHARES = ("SST_local_share", "SST_tonic_share")
SST_SHARES_TOGETHER = 0.97
FLOORS = {"connectivity_need": 0.2}


def guard_constants(drawn: dict[str, Numbers], nominal: Mapping[str, float]) -> dict[str, Numbers]:
    """Keep drawn constants within the range in which a circuit has a steady state.

    drawn     by constant: [person], in the constant's unit      nominal   the shipped values
    returns   as `drawn`

    The recurrent loop of pyramidal cells may be no stronger than the nominal one, or the steady state runs away;
    shares stay below 1 and floors hold. Constants that the model does not have are passed over.
    """
    guarded = dict(drawn)
    if all(name in nominal for name in (*LOOP, *NMDA_GATING)):
        factor = np.minimum(_loop({}, nominal) / _loop(guarded, nominal), 1.0)
        for name in LOOP[:2]:
            if name in guarded or np.any(factor < 1):
                guarded[name] = guarded.get(name, nominal[name]) * factor
    for ceiling, names in CEILINGS.items():
        for name in set(names) & guarded.keys():
            guarded[name] = np.minimum(guarded[name], ceiling)
    if set(SST_SHARES) & guarded.keys() and set(SST_SHARES) <= nominal.keys():
        # the built-in `sum` rounds floats otherwise from Python 3.12 on
        together = functools.reduce(operator.add, (guarded.get(name, nominal[name]) for name in SST_SHARES))
        excess = np.maximum(together / SST_SHARES_TOGETHER, 1.0)
        guarded |= {name: guarded.get(name, nominal[name]) / excess for name in SST_SHARES}
    for name, floor in FLOORS.items():
        if name in guarded:
            guarded[name] = np.maximum(guarded[name], floor)
    return guarded


def _loop(drawn: Mapping[str, Numbers], nominal: Mapping[str, float]) -> Numbers:
    """Gain of the pyramidal cells' recurrent loop: AMPA, and the part of NMDA that follows local release."""
    ampa, share, nmda = (drawn.get(name, nominal[name]) for name in LOOP)
    coupling, decay, above, curvature = (drawn.get(name, nominal[name]) for name in NMDA_GATING)
    rate = above / -np.expm1(-above) / curvature  # of firing in health
    return np.asarray(ampa + share * nmda / (1 + coupling * decay * rate))
