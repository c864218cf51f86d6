"""Inhibitors of monoamine transporters other than SSRIs: occupancy seen by tomography, and one slow adaptation."""

import numpy as np
import pytest

from resprout.calibrate.experiments import Arm, run_arms
from resprout.language import load_model

MODEL = load_model()
LAST_DAY = np.arange(480.0, 505.0, 1.0)


def mean_occupancy(regimen, transporter):
    arm = Arm("healthy", regimen)
    found = run_arms(MODEL, [arm], LAST_DAY, [f"{transporter}_under_drugs"])
    return 1 - found.trajectory(arm, f"{transporter}_under_drugs")[found.hours >= LAST_DAY[0]].mean()


@pytest.mark.parametrize(
    ("regimen", "transporter", "lowest", "highest"),
    [
        ("duloxetine 60 mg oral; every 24 h x 22", "SERT", 0.78, 0.90),  # Takano 2006: 84 % at 6 h, 72 % a day later
        ("quetiapine 150 mg oral; every 24 h x 22", "NET", 0.14, 0.27),  # Nyberg 2013: 19 %
        ("quetiapine 300 mg oral; every 24 h x 22", "NET", 0.28, 0.42),  # Nyberg 2013: 35 %
        ("bupropion 150 mg oral; every 12 h x 44", "NET", 0.14, 0.26),  # 14 and 26 % of dopamine transporters
    ],
)
def test_transporters_are_occupied_as_seen_in_people(regimen, transporter, lowest, highest):
    assert lowest < mean_occupancy(regimen, transporter) < highest


def test_both_transporters_add_up_to_less_than_full_block_and_to_more_than_either():
    regimens = {
        name: " + ".join(f"{each}; every 24 h x 42" for each in drugs)
        for name, drugs in {
            "SSRI": ["escitalopram 10 mg oral"],
            "quetiapine": ["quetiapine 300 mg oral"],
            "both": ["escitalopram 10 mg oral", "quetiapine 300 mg oral"],
        }.items()
    }
    arms = {name: Arm("patient", regimen) for name, regimen in regimens.items()}
    found = run_arms(MODEL, list(arms.values()), [0.0, 1008.0], ["monoamine_adaptation", "HDRS17"])
    reached = {name: found.at(arm, "monoamine_adaptation", 1008.0) for name, arm in arms.items()}
    relief = {name: found.at(arm, "HDRS17", 0.0) - found.at(arm, "HDRS17", 1008.0) for name, arm in arms.items()}
    assert max(reached["SSRI"], reached["quetiapine"]) < reached["both"] < 1
    assert reached["both"] == pytest.approx(1 - (1 - reached["SSRI"]) * (1 - reached["quetiapine"]), abs=0.02)
    assert 0 < relief["quetiapine"] < relief["SSRI"] < relief["both"]
