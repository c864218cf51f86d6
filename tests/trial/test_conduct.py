"""Attendance, blinding, analyses and published numbers on small trials, and the protocol of the guide."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial import run_trial
from resprout.trial.analysis import analyse
from resprout.trial.attendance import attend
from resprout.trial.conduct import observe
from resprout.trial.design import Dropout, Protocol, Rescue
from resprout.trial.design_grid import read_axes, surface, varied
from resprout.trial.endpoints import trial_table
from resprout.trial.enrolment import enrol
from resprout.trial.protocol import protocol_schema, read_protocol, shipped_protocols
from resprout.trial.published_numbers import inside_share, published_rows
from resprout.trial.reported_statistics import STATISTICS, statistic
from resprout.trial.trial_outcome import Outcome

MODEL = load_model()
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "trials.md"
PEOPLE = np.arange(8000)
HOURS = np.array([0.0, 168.0, 336.0])
TWO_ARMS = """
name: two_arms
title: Ketamine against midazolam
design: parallel
control: midazolam
entry: {minimum: {MADRS: 28}}
arms:
  - {name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min, size: 20}
  - {name: midazolam, regimen: midazolam 0.045 mg/kg iv over 40 min, size: 20, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 24 h, 7 d]}
primary: {endpoint: MADRS, time: 7 d}
analysis: [mmrm, ancova, responder, genotype]
"""


def attendance(rule, rescue=None, rated=None):
    flat = np.tile([30.0, 30.0, 30.0], (len(PEOPLE), 1)) if rated is None else rated
    return attend(Dropout(**rule), rescue, flat, flat, HOURS, 1, PEOPLE)


@pytest.mark.parametrize("cause", ["completely_at_random", "at_random", "informative"])
def test_each_week_the_stated_share_of_those_who_stay_ill_leaves(cause):
    left = attendance({cause: 0.1}).left_h
    # two weeks at 10 %: 1 - 0.9^2; four standard errors of 8,000 people
    assert np.isfinite(left).mean() == pytest.approx(0.19, abs=0.018)


def test_those_who_are_well_stay_unless_leaving_is_blind_to_it():
    well = np.tile([30.0, 0.0, 0.0], (len(PEOPLE), 1))
    assert not np.isfinite(attendance({"informative": 0.5}, rated=well).left_h).any()
    assert np.isfinite(attendance({"completely_at_random": 0.5}, rated=well).left_h).mean() > 0.7


def test_missed_visits_are_as_frequent_as_stated_and_the_baseline_is_never_missed():
    found = attendance({"missed_visits": 0.2})
    assert found.missed[:, 1:].mean() == pytest.approx(0.2, abs=0.015) and not found.missed[:, 0].any()


def test_rescue_goes_to_those_who_have_not_improved_and_ends_their_ratings():
    rated = np.tile([30.0, 29.0, 10.0], (len(PEOPLE), 1))
    rated[0] = [30.0, 10.0, 10.0]
    found = attendance({}, Rescue(after="7 d", unless_fall=0.25), rated)
    assert np.isinf(found.rescued_h[0]) and found.rescued_h[1] == 168
    assert found.seen(HOURS, found.missed)[1].tolist() == [True, True, False]


@pytest.fixture(scope="module")
def two_arms(tmp_path_factory):
    path = tmp_path_factory.mktemp("trial") / "two_arms.yaml"
    path.write_text(TWO_ARMS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(two_arms):
    return run_trial(two_arms, replicates=30)


def test_every_analysis_asked_for_gives_its_rows(run):
    assert set(run.analysis["analysis"]) == {"mmrm", "ancova", "responder", "genotype"}
    mmrm = run.analysis[run.analysis["analysis"] == "mmrm"].set_index("time_h")
    ancova = run.analysis[run.analysis["analysis"] == "ancova"].set_index("time_h")
    # with nobody missing the mixed model is the analysis of covariance of each visit
    assert mmrm["estimate"].to_numpy() == pytest.approx(ancova["estimate"].to_numpy(), rel=1e-6)
    assert (mmrm["power"] == ancova["power"]).all()


def test_blinding_that_holds_takes_from_the_drug_and_not_from_the_control(two_arms, run, tmp_path):
    held = tmp_path / "held.yaml"
    held.write_text(
        TWO_ARMS.replace("control: midazolam\n", "control: midazolam\nblinding: maintained\n", 1), encoding="utf-8"
    )
    other = run_trial(held, replicates=30)
    change = {
        name: [np.mean(trial.ratings[name, "MADRS"][:, :, 1]) for trial in (run, other)]
        for name in ("ketamine", "midazolam")
    }
    assert change["ketamine"][1] > change["ketamine"][0] and change["midazolam"][0] == change["midazolam"][1]


def test_a_trial_with_dropout_still_analyses_everybody_it_can(tmp_path):
    path = tmp_path / "leaving.yaml"
    path.write_text(TWO_ARMS + "dropout: {completely_at_random: 0.3, missed_visits: 0.1}\n", encoding="utf-8")
    trial = run_trial(path, replicates=20)
    rating = trial.ratings["ketamine", "MADRS"]
    assert np.isnan(rating[:, :, 1:]).mean() > 0.1 and np.isfinite(rating[:, :, 0]).all()
    assert np.isfinite(trial.analysis.loc[trial.analysis["analysis"] == "mmrm", "p"]).all()
    rates = trial.table[trial.table["statistic"] == "response_rate"]
    assert rates["value"].between(0, 1).all()


def test_the_same_people_enter_whatever_their_number(two_arms, run):
    few = run_trial(two_arms, replicates=3)
    assert np.array_equal(few.ratings["ketamine", "MADRS"], run.ratings["ketamine", "MADRS"][:3])


def test_power_grows_with_people_and_effect_and_dissociation_with_dose(two_arms):
    rows = surface(two_arms, {"n": [8, 30], "dose": [0.2, 1.0]}, 40)
    cell = {(row["n"], row["dose"]): row for row in rows}
    assert cell[30, 1.0]["power"] > cell[8, 1.0]["power"] and cell[30, 1.0]["power"] > cell[30, 0.2]["power"]
    assert cell[8, 1.0]["dissociation"] > 1.5 * cell[8, 0.2]["dissociation"]
    assert cell[30, 1.0]["difference"] < cell[30, 0.2]["difference"] < 0


def test_resizing_keeps_the_proportion_of_arms():
    design = read_protocol("murrough2013_midazolam", MODEL)
    assert [arm.size for arm in varied(design, {"n": 72})[0].arms] == [94, 50]
    assert varied(design, {"n": 40})[0].people == 80


def test_n_of_a_crossover_is_everybody_who_takes_part():
    design = read_protocol("berman2000", MODEL)
    assert varied(design, {"n": 20})[0].people == 20


@pytest.mark.parametrize("text", ["n", "n=", "n=ten", "n=1", "n=2.5", "dose=0", "dose=nan", "size=20", "dropout=1", ""])
def test_a_senseless_grid_is_refused(text):
    with pytest.raises(InputError):
        read_axes([text])


def test_a_grid_of_doses_needs_one_active_arm():
    with pytest.raises(InputError, match="2 arms get a drug"):
        varied(read_protocol("ibrahim2011", MODEL), {"dose": 0.2})


def test_statistics_are_what_their_names_say():
    drug = np.array([[[20.0, 8.0, 20.0], [20.0, 12.0, 12.0], [30.0, 15.0, 10.0], [30.0, 30.0, 30.0]]])
    none = np.array([[[20.0, 20.0, 20.0], [20.0, 22.0, 18.0], [30.0, 28.0, 30.0], [30.0, 12.0, 30.0]]])
    fields = {"name": "t", "title": "t", "design": "parallel", "control": "saline"}
    arms = [{"name": "a", "regimen": "x", "size": 4}, {"name": "b", "regimen": "saline", "size": 4, "control": True}]
    rule = {"start": "24 h", "response": 0.5, "kept": 0.5}
    ends = [{"name": "HDRS17", "visits": ["0 min", "24 h", "72 h"]}]
    plan = Protocol.model_validate(fields | {"arms": arms, "endpoints": ends, "relapse": rule})
    outcome = Outcome(
        {("a", "HDRS17"): drug, ("b", "HDRS17"): none}, {"a": np.array([[0, 0, 1, 1]])}, scales=MODEL.scales
    )

    def value(name, hour=24.0):
        return statistic(plan, outcome, name, "a", "HDRS17", hour)[0]

    assert value("mean_change") == pytest.approx(-8.75)
    assert value("response_rate") == 0.5 and value("response_ever", 72.0) == 0.5
    assert value("response_difference") == 0.25 and value("relative_response") == 2
    assert value("difference") == pytest.approx(-8.75 - -4.5)
    # of two responders at 24 h one has lost half of the improvement at 72 h
    assert value("relapse_share", 72.0) == 0.5 and value("kept_response", 72.0) == 0.5
    assert value("genotype_gap") == pytest.approx(-7.5 - -10)
    assert value("early_share") == pytest.approx(-8.75 / -7)
    assert value("remission_rate") == 0 and value("partial_response") == 0.75
    assert set(STATISTICS) >= {"sd", "cohen_d", "odds_ratio", "interaction_p", "genotype_F", "relapse_median_d"}


def test_published_numbers_stand_beside_intervals_and_remembered_ones_are_not_counted():
    protocol, _ = read_protocol("berman2000", MODEL)
    rows = run_trial("berman2000", replicates=20).published.to_dict("records")
    assert [row["evidence"] for row in rows] == [row.evidence for row in protocol.published]
    remembered = [row for row in rows if row["verification"] == "recall"]
    assert remembered and all(row["inside"] is None for row in remembered)
    assert inside_share(rows)[1] == len(rows) - len(remembered)
    assert published_rows(protocol.model_copy(update={"published": ()}), Outcome({})) == []


def test_the_protocol_of_the_guide_runs(tmp_path):
    text = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[1]
    path = tmp_path / "my_trial.yaml"
    path.write_text(re.sub(r"size: 40", "size: 6", text), encoding="utf-8")
    trial = run_trial(path, replicates=2)
    mmrm = trial.analysis[trial.analysis["analysis"] == "mmrm"]
    assert set(mmrm["arm"]) == {"28 mg", "56 mg", "84 mg"} and set(mmrm["against"]) == {"midazolam"}
    assert mmrm["time_h"].max() == 672 and np.isfinite(mmrm["estimate"]).all()


def test_the_schema_knows_every_field_and_accepts_the_shipped_files():
    schema = protocol_schema()
    assert set(schema["properties"]) == set(Protocol.model_fields)
    json.dumps(schema)
    for path in shipped_protocols().values():
        assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= set(schema["properties"])


@pytest.mark.parametrize("name", sorted(shipped_protocols()))
def test_every_shipped_protocol_can_be_run_small(name):
    design = read_protocol(name, MODEL)
    least = 2 * len(design[0].arms)
    protocol, regimens = varied(design, {"n": max(least, 4)})
    outcome = observe(protocol, regimens, MODEL, enrol(protocol, regimens, MODEL, np.arange(1, 3), 1), 2)
    assert len(trial_table(protocol, outcome)) > 0
    assert len(published_rows(protocol, outcome)) == len(protocol.published)
    assert bool(analyse(protocol, outcome)) == bool(protocol.analysis)
