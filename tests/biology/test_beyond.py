"""Beyond ketamine: other drugs on the same chain, causes of illness in degrees, and what must not act within a day."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.calibrate.experiments import Arm, Trajectories, run_arms
from resprout.calibrate.hypotheses import read_hypotheses
from resprout.language import load_model
from resprout.people.typical import typical_patient
from resprout.simulation import simulate

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
RODENT = "ketamine 10 mg/kg ip"
UPTAKE = (1.0, 0.9, 0.75, 0.5)  # glial deficit of 0, 10, 25 and 50 %
DOSES = (1, 3, 10, 30, 100, 200)
WEEKS = "; every 24 h x 45"
OUTPUTS = [
    "SST_NMDA_block",
    "glutamate_release",
    "extrasynaptic_signal",
    "p_eEF2",
    "BDNF_pool",
    "spine_density",
    "severity",
    "HDRS17",
    "dextromethorphan_plasma",
    "scopolamine_plasma",
    "rapamycin_plasma",
]


def person(**constants: float) -> Arm:
    return Arm("healthy", " & ".join(f"{name}={value}" for name, value in constants.items()))


def patient(done: str = "") -> Arm:
    return Arm("patient", done)


def rodent(done: str = "") -> Arm:
    return Arm("rodent", done)


GLIAL = {uptake: person(glial_uptake=uptake) for uptake in UPTAKE}
STRESSED = {stress: person(stress=stress) for stress in (0.0, 0.5, 1.0)}
SCOPOLAMINE = "scopolamine 4 ug/kg iv over 15 min"
AGENTS = (
    "memantine 20 mg oral",
    "escitalopram 10 mg oral",
    "riluzole 50 mg oral",
    "midazolam 0.045 mg/kg iv over 40 min",
    "rapamycin 6 mg oral",
    SCOPOLAMINE,
    "traxoprodil 50 mg iv over 90 min",
    "LY341495 3 mg/kg ip",
    "TS-161 50 mg oral",
)
BUPROPION = "bupropion 105 mg oral; every 12 h x 20"
DEXTROMETHORPHAN = "dextromethorphan 45 mg oral; every 12 h x 20"


@pytest.fixture(scope="module")
def seen() -> Trajectories:
    arms = [Arm("healthy"), Arm("healthy", KETAMINE), patient(), patient(KETAMINE), rodent(), rodent(RODENT)]
    for ill in (*GLIAL.values(), *STRESSED.values()):
        arms += [ill, ill.with_also(KETAMINE)]
    arms += [patient(agent) for agent in AGENTS] + [rodent(f"ketamine {dose} mg/kg ip") for dose in DOSES]
    arms += [patient(f"escitalopram 10 mg oral{WEEKS}"), patient(f"memantine 20 mg oral{WEEKS}")]
    arms += [rodent("ketamine 17 mg/kg ip & magnesium=1"), rodent("ketamine 17 mg/kg ip & magnesium=0.001")]
    arms += [rodent("memantine 20 mg/kg ip & magnesium=1"), rodent("memantine 20 mg/kg ip & magnesium=0.001")]
    arms += [rodent("pyramidal_NMDA_knockdown=0.9"), rodent(f"pyramidal_NMDA_knockdown=0.9 & {RODENT}")]
    arms += [patient(DEXTROMETHORPHAN), patient(f"{DEXTROMETHORPHAN} & {BUPROPION}")]
    arms += [patient(f"{SCOPOLAMINE} & {KETAMINE}"), patient(f"{SCOPOLAMINE} & rapamycin 0.183 ug local & {KETAMINE}")]
    return run_arms(load_model(), arms, [24, 72, 168, 230, 336, 504, 1008], OUTPUTS)


def fall(seen: Trajectories, arm: Arm, hour: float = 24.0, output: str = "HDRS17") -> float:
    return seen.at(arm, output, 0) - seen.at(arm, output, hour)


def peak(seen: Trajectories, arm: Arm, output: str) -> float:
    return float(np.max(seen.trajectory(arm, output)))


@pytest.mark.parametrize("causes", [GLIAL, STRESSED], ids=["glial deficit", "stress"])
def test_each_cause_makes_illness_by_degrees_and_ketamine_reverses_it(seen, causes):
    score = [seen.at(arm, "HDRS17", 0) for arm in causes.values()]
    spines = [seen.at(arm, "spine_density", 0) for arm in causes.values()]
    assert score == sorted(score) and score[-1] > score[0] + 4  # MP051, MP054, MP115: depressive-like
    assert spines == sorted(spines, reverse=True)  # MP115-116
    for arm in list(causes.values())[1:]:
        treated = arm.with_also(KETAMINE)
        assert seen.at(treated, "spine_density", 24) > seen.at(arm, "spine_density", 24)  # IV061
        assert seen.at(treated, "HDRS17", 24) < seen.at(arm, "HDRS17", 24)


def test_healthy_people_stay_healthy(seen):
    assert seen.at(Arm("healthy"), "HDRS17", 0) < 8  # below the usual bound of remission
    assert np.ptp(seen.trajectory(Arm("healthy"), "HDRS17")) < 1e-3  # saline moves nothing; the solver's tolerance


def test_ketamine_takes_no_more_than_a_point_from_a_healthy_person(seen):
    # a rater's smallest step is one point
    assert np.ptp(seen.trajectory(Arm("healthy", KETAMINE), "HDRS17")) < 1
    assert abs(fall(seen, Arm("healthy", KETAMINE), 504)) < 0.2


@pytest.mark.parametrize("agent", AGENTS[:5])
def test_some_agents_do_nothing_within_a_day(seen, agent):
    # IV056 memantine; IV070 one dose of an SSRI; CT027 riluzole; midazolam is a control; rapamycin hardly enters the brain
    assert abs(fall(seen, patient(agent))) < 0.1 * fall(seen, patient(KETAMINE))


@pytest.mark.parametrize("agent", AGENTS[5:])
def test_other_agents_work_within_a_day(seen, agent):
    # IV073 scopolamine; IV032-033 GluN2B antagonists; IV034 mGluR2/3 antagonists
    assert fall(seen, patient(agent)) > 0.25 * fall(seen, patient(KETAMINE))
    assert seen.at(patient(agent), "spine_density", 24) > seen.at(patient(), "spine_density", 24)


def test_an_SSRI_has_a_third_of_its_effect_in_a_week_and_all_by_six(seen):
    relief = [fall(seen, patient(f"escitalopram 10 mg oral{WEEKS}"), day * 24) for day in (1, 7, 42)]
    assert relief[0] < 0.1 * relief[2]  # IV070
    assert relief[1] / relief[2] == pytest.approx(1 / 3, abs=0.15)  # MO012, printed "approximately one third"
    # MO014: 3.3 points in published trials; the mean of that trial stands on the scoreboard, this is one severely ill person
    # with the mean responsiveness, which is twice the median
    assert 1.5 < relief[2] < 8.0


@pytest.mark.xfail(
    reason="with both drugs on the IC50 of one paper, memantine reaches 40 % of ketamine at 14 d", strict=True
)
def test_memantine_for_weeks_stays_far_below_ketamine(seen):
    relief = [fall(seen, patient(f"memantine 20 mg oral{WEEKS}"), day * 24) for day in (1, 7, 14, 42)]
    assert max(relief) < 0.25 * fall(seen, patient(KETAMINE))  # IV056: no antidepressant effect


def test_magnesium_takes_memantine_out_and_leaves_ketamine(seen):
    def block(drug, magnesium):
        return peak(seen, rodent(f"{drug} & magnesium={magnesium}"), "SST_NMDA_block")

    ketamine, memantine = "ketamine 17 mg/kg ip", "memantine 20 mg/kg ip"  # both 1 uM free at their peak
    assert block(memantine, 1) < 0.25 * block(ketamine, 1)  # MP069: ketamine yes, memantine much less
    assert block(memantine, 0.001) > 2 * block(memantine, 1)  # MP068: effective without magnesium
    assert block(ketamine, 0.001) > block(ketamine, 1)


def test_the_surge_rises_and_falls_with_the_dose(seen):
    surge = [
        seen.trajectory(rodent(f"ketamine {dose} mg/kg ip"), "glutamate_release")[
            (seen.hours > 0.2) & (seen.hours < 0.4)
        ]
        .mean()
        .item()
        for dose in DOSES
    ]
    assert surge[0] < surge[1] < surge[2] < surge[3]  # TC001-003: 10, 20 and 30 mg/kg raise it
    assert surge[4] < surge[3] and surge[5] < 1  # TC004-005: not at more, and below rest when anaesthetised


def test_both_arms_of_ketamine_are_seen(seen):
    window = (seen.hours > 0) & (seen.hours < 2)
    release = seen.trajectory(rodent(RODENT), "glutamate_release")[window].max()
    outside = seen.trajectory(rodent(RODENT), "extrasynaptic_signal")[window].min()
    assert release > 1.1  # TC001, disinhibition
    assert outside < 0.9  # IV057, resting receptors outside synapses
    assert seen.at(rodent(RODENT), "BDNF_pool", 1) > 1.02 * seen.at(rodent(), "BDNF_pool", 1)  # IV057, BDNF protein up


@pytest.mark.xfail(reason="p-eEF2 falls by 9.8 % with this fit; the published fall (TC017) has no size", strict=True)
def test_eEF2_loses_a_tenth_of_its_phosphorylation(seen):
    assert seen.at(rodent(RODENT), "p_eEF2", 0.5) < 0.9 * seen.at(rodent(), "p_eEF2", 0.5)


def test_losing_GluN2B_on_pyramidal_cells_mimics_ketamine_without_taking_its_surge(seen):
    lost = rodent("pyramidal_NMDA_knockdown=0.9")
    own = fall(seen, rodent(RODENT), output="severity")
    mimicked = seen.at(rodent(), "severity", 24) - seen.at(lost, "severity", 24)
    assert mimicked > 0.25 * own  # IV030-031: mimics
    assert fall(seen, lost.with_also(RODENT), output="severity") > 0.75 * own  # IV029: not required


def test_bupropion_lets_dextromethorphan_stay(seen):
    alone, both = patient(DEXTROMETHORPHAN), patient(f"{DEXTROMETHORPHAN} & {BUPROPION}")
    last = [seen.at(both, "dextromethorphan_plasma", hour) for hour in (504, 1008)]
    assert seen.at(both, "dextromethorphan_plasma", 230) > 3 * seen.at(alone, "dextromethorphan_plasma", 230)  # PK193
    assert last[1] < last[0] or last[0] < 1e-6


def test_two_drugs_beside_ketamine_do_not_mix(seen):
    two, arm = (patient(f"{SCOPOLAMINE} {also} {KETAMINE}") for also in ("&", "& rapamycin 0.183 ug local &"))
    assert peak(seen, arm, "scopolamine_plasma") > 1 and peak(seen, arm, "rapamycin_plasma") == 0  # rapamycin is local
    assert fall(seen, arm) < 0.25 * fall(seen, two)  # IV005-006: rapamycin stops both


def test_adenosine_does_nothing_in_the_chain_and_everything_in_its_rival():
    model, somebody = load_model(), typical_patient()
    rival = next(each.overrides for each in read_hypotheses(model) if each.name == "adenosine")

    def fall(**changed: float) -> float:
        run = simulate(model, somebody, KETAMINE, days=1, outputs=["HDRS17"], overrides=changed)
        score = run["HDRS17"].to_numpy()[0]
        return float(score[0] - score[-1])

    assert fall(adenosine_receptor_block=1.0) == pytest.approx(fall(), rel=1e-3)  # the solver's tolerance
    # DPCPX abolishes ketamine in mice (IV069); less than a tenth of a point is none
    assert fall(**rival) > 5 and abs(fall(**rival, adenosine_receptor_block=1.0)) < 0.1
