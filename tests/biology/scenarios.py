"""Scenarios of the cited facts: named persons and doses in, the trajectory of every output out, in one run of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from resprout.language import load_model
from resprout.solve import Events, run_patients

MOLAR_MASS = 237.73  # g/mol, PK140
ILL = {"glial_uptake": 0.68, "stress": 1.0}
STEP_H = 1 / 60
HOURS = np.unique(np.round(np.r_[0 : 4 + STEP_H / 2 : STEP_H, 4:24:0.25, 24 : 22 * 24 + 1], 9))
STAGE_OUTPUTS = {
    1: "ketamine_venous ketamine_arterial norketamine_venous hydroxynorketamine_plasma ketamine_brain",
    2: "PV_NMDA_block SST_NMDA_block pyramidal_synaptic_NMDA_block extrasynaptic_magnesium_free",
    3: "PV_rate SST_rate pyramidal_rate glutamate_release ambient_glutamate extrasynaptic_signal glutamine_cycling",
    4: "BDNF_release BDNF_pool TrkB Akt ERK p_mTOR p_S6K p_4EBP1 p_eEF2 synaptic_protein",
    5: "labile_spines spine_density",
    6: "severity HDRS17 MADRS VAS_high BPRS_positive CADSS SBP",
}
OUTPUTS = [name for names in STAGE_OUTPUTS.values() for name in names.split()]
Change = tuple[float, str, float]


@dataclass(frozen=True)
class Scenario:
    """A person and what happens to them: constants, and changes (hour, state or input, amount or value)."""

    changes: tuple[Change, ...] = ()
    constants: Mapping[str, float] = field(default_factory=lambda: dict(ILL))


def umol(mg: float) -> float:
    """Micromoles in an amount of ketamine base."""
    return 1000 * mg / MOLAR_MASS


def infused(mg: float, minutes: float, molecules: str = "SR") -> tuple[Change, ...]:
    """An infusion of so many mg, shared equally by the enantiomers named."""
    rate = umol(mg) / len(molecules) / (minutes / 60)
    names = [f"{molecule}_ketamine_infusion" for molecule in molecules]
    return (*((0.0, name, rate) for name in names), *((minutes / 60, name, 0.0) for name in names))


def blocked(**share: float) -> tuple[Change, ...]:
    """Blocks and other inputs set from hour 0 on."""
    return tuple((0.0, name, value) for name, value in share.items())


def injected(mg: float) -> tuple[Change, ...]:
    """A racemic bolus into a vein."""
    return tuple((0.0, f"{molecule}_ketamine_central", umol(mg) / 2) for molecule in "SR")


@dataclass(frozen=True)
class Trajectories:
    """Trajectories of every scenario; all hours are after the start of the first dose."""

    value: Mapping[str, Mapping[str, np.ndarray]] = field(repr=False)

    def trajectory(self, scenario: str, output: str) -> np.ndarray:
        """[time] one output on the grid `HOURS`."""
        return self.value[scenario][output]

    def at(self, scenario: str, output: str, hour: float) -> float:
        """One output at one hour."""
        return float(np.interp(hour, HOURS, self.trajectory(scenario, output)))

    def change(self, scenario: str, output: str, hour: float, against: str | None = None) -> float:
        """Change from the scenario's own rest, or difference from another scenario at the same hour."""
        before = self.at(scenario, output, 0) if against is None else self.at(against, output, hour)
        return self.at(scenario, output, hour) - before

    def left(self, block: str, output: str, hour: float, *, whole: str = "ketamine", none: str = "saline") -> float:
        """Share of ketamine's effect that a block leaves: with it against the block alone, over without it."""
        return self.change(f"{block} + ketamine", output, hour, block) / self.change(whole, output, hour, none)

    def peak_hour(self, scenario: str, output: str) -> float:
        """Hour of the largest value."""
        return float(HOURS[self.trajectory(scenario, output).argmax()])

    def area(self, scenario: str, output: str, until_h: float = 96) -> float:
        """Area under the curve."""
        inside = until_h >= HOURS
        return float(np.trapezoid(self.trajectory(scenario, output)[inside], HOURS[inside]))


def solve(scenarios: Mapping[str, Scenario]) -> Trajectories:
    """Run every scenario as one patient of one batch."""
    model = load_model()
    people = list(scenarios.values())
    names = sorted({name for person in people for name in person.constants})
    constants = {
        name: np.array([person.constants.get(name, model.nominal[name]) for person in people]) for name in names
    }
    moments = sorted({change[:2] for person in people for change in person.changes})
    value = np.zeros((len(moments), len(people)))
    for column, person in enumerate(people):
        given = {(hour, name): amount for hour, name, amount in person.changes}
        held: dict[str, float] = {}
        for row, moment in enumerate(moments):
            name = moment[1]
            if name in model.inputs:
                held[name] = given.get(moment, held.get(name, model.nominal[name]))
                value[row, column] = held[name]
            else:
                value[row, column] = given.get(moment, 0.0)
    events = Events(np.array([hour for hour, _ in moments]), tuple(name for _, name in moments), value)
    run = run_patients(model, constants, events, HOURS, OUTPUTS)
    assert (run.status == 0).all(), [run.message(k) for k in np.flatnonzero(run.status)]
    return Trajectories(
        {
            scenario: {output: run.value[k, :, column] for column, output in enumerate(OUTPUTS)}
            for k, scenario in enumerate(scenarios)
        }
    )


DOSE = infused(35, 40)  # 0.5 mg/kg at 70 kg
HEALTHY: dict[str, float] = {}
BLOCKS = {
    "AMPA blocked": {"AMPA_block": 0.95},
    "L-type channel blocked": {"LVDCC_block": 0.9},
    "BDNF caught": {"BDNF_block": 0.9},
    "TrkB blocked": {"TrkB_block": 0.9},
    "mTORC1 blocked": {"mTORC1_block": 0.9},
    "PV knock-down": {"PV_NMDA_knockdown": 0.9},
    "SST knock-down": {"SST_NMDA_knockdown": 0.9},
    "GSK-3 blocked": {"GSK3_block": 0.6},
}
MAGNESIUM = {-70: 0.0445, -65: 0.0597, -55: 0.1055, -50: 0.1385}  # mV: unblocked share at 1 mM, MP062-065
UPTAKE = {0.9: (1.10, 0.97), 0.75: (1.29, 0.93), 0.5: (1.85, 0.84)}  # ambient glutamate, release, MP048-050


def scenarios() -> dict[str, Scenario]:
    model = load_model()
    tablet = (0.0, "ketamine_gut_absorption", model.nominal["tablet_gut_absorption"])
    nose = model.nominal["nasal_share_first_spray"]
    swallowed_h = model.nominal["spray_swallow_duration"]
    spray = (
        (0.0, "ketamine_depot_absorption", model.nominal["nasal_absorption"]),
        (0.0, "ketamine_gut_absorption", model.nominal["spray_gut_absorption"]),
        (0.0, "S_ketamine_depot", umol(28) * nose),
        (0.0, "S_ketamine_gut_input", umol(28) * (1 - nose) / swallowed_h),
        (swallowed_h, "S_ketamine_gut_input", 0.0),
    )
    rows = {
        "ketamine": Scenario(DOSE),
        "saline": Scenario(),
        "healthy": Scenario(constants=HEALTHY),
        "healthy + ketamine": Scenario(DOSE, HEALTHY),
        "healthy, agonist": Scenario(blocked(mGluR2_agonist=60.0), HEALTHY),
        "healthy, agonist + ketamine": Scenario((*DOSE, *blocked(mGluR2_agonist=60.0)), HEALTHY),
        "stressed": Scenario(constants={"stress": 1.0}),
        "S 2.5 mg": Scenario(infused(2.5, 30, "S")),
        "R 2.5 mg": Scenario(infused(2.5, 30, "R")),
        "S 20 mg": Scenario(infused(20, 20, "S")),
        "S 17.5 mg": Scenario(infused(17.5, 40, "S")),
        "R 17.5 mg": Scenario(infused(17.5, 40, "R")),
        "bolus 10 mg": Scenario(injected(10)),
        "S swallowed": Scenario((tablet, (0.0, "S_ketamine_gut", umol(2.5)))),
        "R swallowed": Scenario((tablet, (0.0, "R_ketamine_gut", umol(2.5)))),
        "spray 28 mg": Scenario(spray),
        "low dose": Scenario(infused(7, 40)),
        "low dose + GSK-3 blocked": Scenario((*infused(7, 40), *blocked(GSK3_block=0.6))),
        "tetrodotoxin": Scenario(blocked(firing_block=1.0), HEALTHY),
        "conotoxin": Scenario(blocked(release_block=1.0), HEALTHY),
        "agonist": Scenario(blocked(mGluR2_agonist=60.0), HEALTHY),
        "antagonist": Scenario(blocked(mGluR2_antagonist=200.0), HEALTHY),
        "uptake inhibitor": Scenario(blocked(uptake_block=0.59), HEALTHY),
    }
    for mg_per_kg in (0.1, 0.2, 0.3, 0.4, 1.0, 10.0):
        rows[f"{mg_per_kg} mg/kg"] = Scenario(infused(70 * mg_per_kg, 40))
    for millivolt in MAGNESIUM:
        rows[f"{millivolt} mV"] = Scenario(constants={"extrasynaptic_potential": float(millivolt)})
    for uptake in UPTAKE:
        rows[f"uptake {uptake}"] = Scenario(constants={"glial_uptake": uptake})
    for name, block in BLOCKS.items():
        rows[name] = Scenario(blocked(**block))
        rows[f"{name} + ketamine"] = Scenario((*DOSE, *blocked(**block)))
    for name, factor in (("Val/Met", 0.82), ("Met/Met", 0.70)):
        person = {**ILL, "BDNF_release_factor": factor}
        rows[name] = Scenario(constants=person)
        rows[f"{name} + ketamine"] = Scenario(DOSE, person)
    return rows
