"""Made-up results with the shape of real ones, so that pictures can be tested without running the model."""

import numpy as np
import pandas as pd
import xarray as xr

HOURS = np.unique(np.concatenate([np.linspace(0, 6, 61), np.linspace(6, 336, 111)]))


def pulse(peak_h: float, height: float, rest: float = 0.0) -> np.ndarray:
    """A rise and fall that is highest at `peak_h`."""
    return rest + height * HOURS / peak_h * np.exp(1 - HOURS / peak_h)


SHAPES = {
    "ketamine_venous": (pulse(0.66, 170), "ng/mL"),
    "norketamine_venous": (pulse(1.5, 70), "ng/mL"),
    "hydroxynorketamine_plasma": (pulse(4, 40), "ng/mL"),
    "ketamine_brain": (pulse(0.8, 0.5), "uM"),
    "PV_NMDA_block": (pulse(0.8, 0.08), "1"),
    "SST_NMDA_block": (pulse(0.9, 0.07), "1"),
    "pyramidal_synaptic_NMDA_block": (pulse(1, 0.05), "1"),
    "pyramidal_extrasynaptic_NMDA_block": (pulse(1, 0.09), "1"),
    "pyramidal_rate": (pulse(0.9, 0.5, 3), "Hz"),
    "PV_rate": (pulse(0.9, -2, 15), "Hz"),
    "SST_rate": (pulse(0.9, -1, 5), "Hz"),
    "glutamate_release": (pulse(0.9, 0.3, 0.9), "1"),
    "AMPA_throughput": (pulse(0.9, 0.25, 0.9), "1"),
    "BDNF_release": (pulse(1, 2, 0.4), "1"),
    "TrkB": (pulse(1.2, 0.3, 0.1), "1"),
    "p_mTOR": (pulse(1.5, 0.5, 0.02), "1"),
    "p_eEF2": (pulse(1, -0.06, 1), "1"),
    "synaptic_protein": (pulse(10, 0.5, 1), "1"),
    "spine_density": (pulse(36, 0.18, 0.77), "1"),
    "connectivity": (pulse(30, 0.2, 0.75), "1"),
    "HDRS17": (pulse(30, -12, 24), "points"),
    "CADSS": (pulse(0.7, 18), "points"),
}


def run(patients: int = 40) -> xr.Dataset:
    """A dataset as `simulate` gives it: every output [patient, time_h], patients differing by a factor about 1."""
    factor = np.random.default_rng(1).lognormal(0, 0.2, (patients, 1))
    data = {
        name: (("patient", "time_h"), shape[0] + factor * (shape - shape[0]), {"units": unit})
        for name, (shape, unit) in SHAPES.items()
    }
    data["status"] = (("patient",), np.zeros(patients, dtype=int), {})
    data["steps"] = (("patient",), np.full(patients, 200), {})
    provenance = {"version": "0.0", "model_digest": "0" * 16, "seed": 1, "regimen": "ketamine 0.5 mg/kg iv over 40 min"}
    return xr.Dataset(data, coords={"time_h": HOURS, "patient": np.arange(patients)}, attrs=provenance)


VISITS_H = (0.0, 0.667, 1.333, 1.833, 3.833, 24.0, 48.0, 72.0)
COURSES = {
    ("ketamine", "HDRS25"): (33, 32, 29, 26, 22, 17, 18, 20),
    ("saline", "HDRS25"): (31, 31, 30, 30, 30, 30, 30, 30),
    ("ketamine", "VAS_high"): (1, 55, 24, 6, 1, 1, 1, 1),
    ("saline", "VAS_high"): (1, 2, 2, 1, 1, 1, 1, 1),
    ("ketamine", "BPRS_positive"): (4.2, 8, 5.5, 4.5, 4.2, 4.1, 4.1, 4.1),
    ("saline", "BPRS_positive"): (4.2, 4.2, 4.2, 4.2, 4.2, 4.1, 4.1, 4.1),
}


def trial_table() -> pd.DataFrame:
    """A long table as a trial gives it, with only the rows of Fig 1 and one other statistic."""
    rows = [
        (arm, endpoint, hour, statistic, value, value - 1.5, value + 1.5, 1400)
        for (arm, endpoint), values in COURSES.items()
        for hour, value in zip(VISITS_H, values, strict=True)
        for statistic in ("mean", "mean_change")
    ]
    return pd.DataFrame(rows, columns=["arm", "endpoint", "time_h", "statistic", "value", "lower", "upper", "n"])
