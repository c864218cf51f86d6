"""The recipes of CONTRIBUTING.md, each followed in a copy of the model folder: the edits that it names, and what they must bring about."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import resprout as rs
from resprout.language import shipped_folder
from resprout.language.load import folder_digest

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
STEP = 1e-3
"""What two kernels of the same equations may differ by: ten times the relative tolerance of a step."""

KINETICS = """
{drug}|molar_mass|250|g_per_mol||assumed||molar mass
{drug}|clearance|{clearance}|L_per_h||assumed||made up
{drug}|central_volume|100|litre||assumed||made up
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_folder(), tmp_path / "model"))


def append(path: Path, rows: str) -> None:
    """Add rows at the end of a table; | stands for a tab."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rstrip("\n") + "\n" + rows.replace("|", "\t").strip("\n") + "\n", encoding="utf-8")


def change(path: Path, old: str, new: str) -> None:
    """Change a text that stands in the file once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has `{old}` {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def insert_after(path: Path, start: str, lines: str) -> None:
    """Add lines below the one line that starts so."""
    line = next(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(start))
    change(path, line + "\n", line + "\n" + lines.strip("\n") + "\n")


def followed(model: rs.Model, regimen: str, outputs: list[str], days: float = 1.0, people=2, **more):
    """Two patients unless others are given; {output: [patient, time]} and the hours."""
    run = rs.simulate(model, people, regimen, days=days, outputs=outputs, **more)
    return {name: run[name].to_numpy() for name in outputs}, run["time_h"].to_numpy()


def with_D1_receptors(folder: Path) -> rs.Model:
    """The recipe `a drug with a new target`."""
    append(folder / "drug_targets.tsv", "D1|Kd|D1 receptors")
    append(
        folder / "drug_properties.tsv",
        """
D1|Kd|1|uM|constant|1e-9|1e6|dissociation constant (Kd), D1
D1|hill|1|dimensionless|constant|0.1|20|Hill coefficient, D1
D1|Emax|0|dimensionless|constant|-1|10|maximal effect on D1 receptors: -1 stops them, above 0 strengthens them
""",
    )
    insert_after(
        folder / "2_receptor.ant",
        "M1_under_drugs",
        "D1_under_drugs := 1  // [dimensionless] activity of D1 receptors under drugs",
    )
    change(
        folder / "5_spine.ant",
        "dopamine_work := 1 - dopamine_block",
        "dopamine_work := (1 - dopamine_block) * D1_under_drugs",
    )
    append(folder / "drugs.tsv", KINETICS.format(drug="blocker", clearance=0))
    append(
        folder / "targets.tsv",
        """
blocker|D1|Kd|0.01|uM||assumed||made up
blocker|D1|Emax|-1|dimensionless||assumed||full block
""",
    )
    return rs.load_model(folder)


def test_a_drug_with_a_new_target_changes_what_the_target_does(folder):
    model = with_D1_receptors(folder)
    weight = {"body_weight": 70.0}
    # 100 umol in 100 L is 1 uM; a drug at its Kd takes half of the receptors, one at a hundredth of its Kd a hundredth
    for Kd, working in ((1.0, 0.5), (100.0, 0.99), (0.01, 0.01)):
        found, _ = followed(
            model,
            "blocker 25 mg iv over 1 min",
            ["blocker_brain", "dopamine_work"],
            overrides={**weight, "blocker_D1_Kd": Kd},
        )
        assert found["blocker_brain"][:, -1] == pytest.approx(1.0, rel=STEP)
        assert found["dopamine_work"][:, -1] == pytest.approx(working, abs=1e-3)
        assert found["dopamine_work"][:, 0] == pytest.approx(1.0)
    two = rs.People(2, seed=2)  # one of the usual two gains hardly any spines by ketamine
    with_blocker, without = (
        followed(model, regimen, ["spine_density"], days=2, people=two)[0]["spine_density"]
        for regimen in (f"blocker 25 mg iv over 1 min + {KETAMINE}", KETAMINE)
    )
    # new spines need D1 receptors
    gain, blocked = (density[:, -1] - density[:, 0] for density in (without, with_blocker))
    assert (gain > 1e-3).all()
    assert (gain > blocked).all() and blocked.mean() < 0.9 * gain.mean()


def test_a_new_target_leaves_people_without_its_drug_as_they_were(folder):
    outputs = ["spine_density", "HDRS17"]
    new, old = (followed(model, KETAMINE, outputs)[0] for model in (with_D1_receptors(folder), rs.load_model()))
    for name in outputs:
        np.testing.assert_allclose(new[name], old[name], rtol=STEP)


def test_a_drug_of_one_file_needs_no_change_of_the_folder(tmp_path):
    before = folder_digest(shipped_folder())
    file = tmp_path / "newdrug.tsv"
    clearance = 100 * math.log(2) / 6
    file.write_text("drug\ttarget\tproperty\tvalue\tunit\tsource\tgrade\tevidence\tmeaning\n", encoding="utf-8")
    append(file, KINETICS.format(drug="newdrug|", clearance=clearance))
    append(file, "newdrug|M1|Kd|0.01|uM||assumed||made up\nnewdrug|M1|Emax|-1|dimensionless||assumed||full block")
    model = rs.load_model(drugs=[file])
    observed = rs.Output(["newdrug_plasma", "M1_under_drugs"], times_h=[6.0, 12.0])
    run = rs.simulate(
        model, 2, "newdrug 25 mg iv over 1 min", days=1, outputs=observed, overrides={"body_weight": 70.0}
    )
    # the clearance was chosen for a half-life of six hours
    early, late = (run["newdrug_plasma"].sel(time_h=hour).to_numpy() for hour in (6.0, 12.0))
    assert late / early == pytest.approx(0.5, rel=STEP)
    # 0.5 uM is fifty times the Kd: one receptor in 51 is left
    assert run["M1_under_drugs"].sel(time_h=6.0).to_numpy() == pytest.approx(1 / 51, rel=0.02)
    assert folder_digest(shipped_folder()) == before


def with_CREB(folder: Path) -> rs.Model:
    """The recipe `a state`."""
    append(
        folder / "parameters.tsv",
        """
CREB_time|2|hour|positive|4|constant||||assumed||lag of CREB behind ERK; made up
CREB_on_BDNF|0.5|dimensionless|nonnegative|4|constant||||assumed||translation of BDNF that follows CREB; made up
""",
    )
    insert_after(
        folder / "4_signal.ant",
        "ERK = 1",
        "p_CREB' = (ERK - p_CREB) / CREB_time  // [dimensionless] phosphorylated CREB, health = 1\np_CREB = 1",
    )
    change(
        folder / "4_signal.ant",
        "BDNF_turnover * (BDNF_translation * translation_work",
        "BDNF_turnover * (BDNF_translation * (1 + CREB_on_BDNF * (p_CREB - 1)) * translation_work",
    )
    return rs.load_model(folder)


def test_a_state_of_stage_4_follows_its_equation_and_moves_those_that_read_it(folder):
    model = with_CREB(folder)
    observed = rs.Output(["p_CREB", "BDNF_pool"], times_h=[4.0, 6.0])
    healthy = rs.People(2, population="healthy")
    run = rs.simulate(model, healthy, "saline", days=4, outputs=observed, blocks={"ERK": 1.0})
    # once ERK is gone CREB falls to 1/e within its time constant of two hours
    early, late = (run["p_CREB"].sel(time_h=hour).to_numpy() for hour in (4.0, 6.0))
    assert late / early == pytest.approx(1 / math.e, rel=0.01)
    # without CREB half of the translation of BDNF is left, and so half of its pool
    assert run["BDNF_pool"].to_numpy()[:, -1] == pytest.approx(0.5, abs=0.01)


def test_a_state_that_nothing_follows_leaves_the_others_as_they_were(folder):
    outputs, people = ["BDNF_pool", "HDRS17"], rs.recruit(2, model=rs.load_model())
    new = rs.simulate(with_CREB(folder), people, KETAMINE, days=1, outputs=outputs, overrides={"CREB_on_BDNF": 0.0})
    old = rs.simulate(rs.load_model(), people, KETAMINE, days=1, outputs=outputs)
    for name in outputs:
        np.testing.assert_allclose(new[name], old[name], rtol=STEP)


def with_desensitising_TrkB(folder: Path) -> rs.Model:
    """The recipe `a desensitising receptor`."""
    append(
        folder / "parameters.tsv",
        """
TrkB_recovery_time|24|hour|positive|4|constant||||assumed||return of sensitivity; made up
TrkB_desensitisation|1|per_hour|nonnegative|4|constant||||assumed||loss of the sensitivity of active TrkB; made up
""",
    )
    insert_after(
        folder / "4_signal.ant",
        "TrkB = 1",
        "TrkB_sensitivity' = (1 - TrkB_sensitivity) / TrkB_recovery_time - TrkB_desensitisation * (TrkB * TrkB_sensitivity - 1)"
        "  // [dimensionless] sensitivity of TrkB, health = 1\nTrkB_sensitivity = 1",
    )
    change(
        folder / "4_signal.ant",
        "TrkB' = lag(relative_hill(BDNF_outside",
        "TrkB' = lag(TrkB_sensitivity * relative_hill(BDNF_outside",
    )
    return rs.load_model(folder)


def second_answer(model: rs.Model, gap_h: int) -> np.ndarray:
    """[patient] peak of TrkB after the second of two infusions over that after the first, each above where it began."""
    found, hours = followed(model, f"{KETAMINE}; every {gap_h} h x 2", ["TrkB"], days=gap_h / 24 + 1)
    first, second = (found["TrkB"][:, (hours >= start) & (hours <= start + 6)] for start in (0, gap_h))
    return (second.max(axis=1) - second[:, 0]) / (first.max(axis=1) - first[:, 0])


def test_a_receptor_that_desensitises_answers_less_to_a_second_stimulus_soon_after_the_first(folder):
    # beside what the shipped model already has: TrkB that leaves the surface
    stays = {"TrkB_internalisation": 1e-9}
    model, shipped = with_desensitising_TrkB(folder).with_parameters(stays), rs.load_model().with_parameters(stays)
    # a third of a recovery time after the first, and seven
    soon, later = second_answer(model, 8), second_answer(model, 168)
    assert (soon < second_answer(shipped, 8) - 0.01).all() and (second_answer(shipped, 8) > 0.9).all()
    assert later == pytest.approx(1.0, abs=0.05)


def with_quick_inventory(folder: Path) -> rs.Model:
    """The recipe `a rating scale`: the 16-item quick inventory, nine domains of 0 to 3 points."""
    append(
        folder / "parameters.tsv",
        "QIDS_per_HDRS17|0.8|dimensionless|nonnegative|6|constant||||assumed||quick inventory relative to HDRS17; made up",
    )
    insert_after(
        folder / "6_score.ant",
        "MADRS :=",
        "QIDS := QIDS_per_HDRS17 * HDRS17  // [point] expected score of the quick inventory",
    )
    append(
        folder / "scales.tsv",
        "QIDS|point|0|27|1|true|5||assumed||||QIDS_per_HDRS17||quick inventory of depressive symptoms",
    )
    for number in range(1, 10):
        append(folder / "items.tsv", f"QIDS|QIDS_{number}|3|2.5|-1.5 0 1.5|mood||assumed|domain {number}; made up")
    return rs.load_model(folder)


TRIAL = """\
name: recipe
title: A drug against saline
design: parallel
control: saline
entry:
  minimum: {{HDRS17: 18}}
arms:
  - {{name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min, size: 20}}
  - {{name: saline, regimen: saline iv over 40 min, size: 20, control: true}}
endpoints:
  - {{name: {scale}, visits: [0 min, 24 h, 72 h]}}
  - {{name: HDRS17, visits: [0 min, 24 h, 72 h]}}
{more}
"""


def trial_of(folder: Path, scale: str, more: str = "", model: rs.Model | None = None) -> rs.Trial:
    """Two replicates of a small trial."""
    path = folder / "recipe.yaml"
    path.write_text(TRIAL.format(scale=scale, more=more), encoding="utf-8")
    return rs.run_trial(path, model=model, replicates=2)


def test_a_scale_of_depression_is_rated_item_by_item_and_analysed(folder, tmp_path):
    model = with_quick_inventory(folder)
    trial = trial_of(tmp_path, "QIDS", "analysis: [ancova, responder]", model)
    rated = trial.ratings["ketamine", "QIDS"]
    assert rated.min() >= 0 and rated.max() <= 27 and np.array_equal(rated, np.round(rated))
    statistics = trial.table[trial.table["endpoint"] == "QIDS"]["statistic"]
    assert {"response_rate", "remission_rate", "odds_ratio"} <= set(statistics)
    assert set(trial.analysis["endpoint"]) == {"QIDS", "HDRS17"}
    # both rate the same patients: 0.8 points for one of HDRS17, four standard errors of a mean of 40 ratings allowed
    HDRS17 = trial.ratings["saline", "HDRS17"][:, :, 0]
    QIDS = trial.ratings["saline", "QIDS"][:, :, 0]
    assert QIDS.mean() == pytest.approx(0.8 * HDRS17.mean(), abs=4 * QIDS.std() / np.sqrt(QIDS.size))


def test_a_scale_of_depression_may_choose_patients_and_is_unknown_to_the_shipped_model(folder):
    model = with_quick_inventory(folder)
    assert rs.recruit(3, entry="QIDS>=16", model=model).columns["QIDS"].min() >= 16
    with pytest.raises(rs.InputError, match="`QIDS>=16` is no entry criterion"):
        rs.recruit(3, entry="QIDS>=16")


def test_items_that_do_not_reach_the_highest_score_are_refused(folder):
    with_quick_inventory(folder)
    change(folder / "scales.tsv", "QIDS\tpoint\t0\t27", "QIDS\tpoint\t0\t28")
    with pytest.raises(rs.ModelError, match="the items of QIDS reach 27 points"):
        rs.load_model(folder)


def test_a_reading_has_its_own_error_and_is_no_scale_of_depression(folder, tmp_path):
    append(folder / "ratings.tsv", "rater_pulse|4|per_minute|nonnegative||assumed||error of one reading (SD); made up")
    change(folder / "units.ant", "unit mmHg", "unit per_minute = 1 / (60 second);\nunit mmHg")
    append(
        folder / "parameters.tsv",
        "pulse_rest|70|per_minute|positive|6|constant||||assumed||pulse at rest; made up",
    )
    insert_after(
        folder / "6_score.ant", "DBP :=", "pulse := pulse_rest * (1 + 0.1 * pressor_share)  // [per_minute] pulse"
    )
    append(folder / "scales.tsv", "pulse|per_minute|30|200|1|false||||||||rater_pulse|pulse")
    trial = trial_of(tmp_path, "pulse", model=rs.load_model(folder))
    read = trial.ratings["saline", "pulse"]
    # everybody rests at 70; four standard errors of 120 readings, rounding adds 1/12 to their variance of 16
    assert read.mean() == pytest.approx(70, abs=4 * 4 / np.sqrt(read.size))
    assert read.std() == pytest.approx(4.0, abs=4 * 4 / np.sqrt(2 * read.size))
    assert "response_rate" not in set(trial.table[trial.table["endpoint"] == "pulse"]["statistic"])


def test_a_published_trial_stands_beside_its_prediction(tmp_path):
    more = """\
year: 2012
used_for: prediction
published:
  - {evidence: X1, arm: ketamine, endpoint: MADRS, statistic: mean_change, time: 24 h, value: -12, verification: read}
  - {evidence: X2, endpoint: MADRS, arm: ketamine, statistic: difference, time: 24 h, value: -9, verification: secondary}
assumed:
  - everything; no such trial was published"""
    trial = trial_of(tmp_path, "MADRS", more)
    assert list(trial.published["evidence"]) == ["X1", "X2"]
    change = trial.ratings["ketamine", "MADRS"]
    assert trial.published["predicted"][0] == pytest.approx((change[:, :, 1] - change[:, :, 0]).mean())
    assert trial.published["predicted"][1] < 0


def test_every_test_that_a_recipe_names_is_there_and_every_test_of_a_recipe_is_named():
    here = set(re.findall(r"^def (test_\w+)", Path(__file__).read_text(encoding="utf-8"), re.MULTILINE))
    others = (Path(__file__).parent / "solve" / "test_step_size.py").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", CONTRIBUTING.read_text(encoding="utf-8")))
    assert named - here == {name for name in named if f"def {name}(" in others}
    assert here - named == {"test_every_test_that_a_recipe_names_is_there_and_every_test_of_a_recipe_is_named"}
