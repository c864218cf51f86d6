"""One patient's trajectory on the page: the same numbers as `simulate`, sentences that read them, code that repeats them."""

import base64
import csv
import io
import re
import shlex

import numpy as np
import pytest
import typer.main

import resprout as rs
from resprout.app.cli import app
from resprout.app.serve.callbacks import path_response
from resprout.app.serve.drugs_tab import READOUTS, compare
from resprout.app.serve.export_formats import command_line, python_code, trajectory_csv
from resprout.app.serve.form_state import read_state
from resprout.app.serve.path_bands import band_data
from resprout.app.serve.path_simulation import page_trajectory, reference_trajectory
from resprout.app.serve.stage_sentences import sentences
from resprout.people.typical import MEDIAN_STRESS, typical_patient

MODEL = rs.load_model()


def trajectory_of(**sent):
    state, faults = read_state(sent, MODEL)
    assert faults == {}
    return page_trajectory(state, MODEL)


def test_the_page_gives_the_numbers_of_simulate():
    trajectory = trajectory_of(glial="65", weight="90", genotype="Val/Met", enzyme="slow", mTORC1_block="50")
    patient = typical_patient(glial_uptake=0.65, stress=MEDIAN_STRESS, weight_kg=90, genotype="Val/Met", CYP2B6="slow")
    run = rs.simulate(
        MODEL, patient, trajectory.regimen, days=14, outputs=list(trajectory.value), blocks={"mTORC1": 0.5}
    )
    for name, value in trajectory.value.items():
        other = run[name].to_numpy()[0]
        # both are solved to the default tolerance, with steps of their own
        assert value == pytest.approx(other, rel=2e-3, abs=2e-3 * max(np.abs(other).max(), 1e-6)), name


def test_the_python_of_the_page_gives_the_curve_of_the_page():
    state, _ = read_state({"glial": "80", "amount": "0.3", "AMPA_block": "5", "days": "7"}, MODEL)
    names = {}
    exec(compile(python_code(state, MODEL).replace("print(", "("), "page", "exec"), names)
    shown = page_trajectory(state, MODEL).value["HDRS17"]
    assert names["run"]["HDRS17"].to_numpy()[0] == pytest.approx(shown, abs=0)  # the same steps


def test_the_command_line_of_the_page_is_taken_by_the_command_line():
    state, _ = read_state({"AMPA_block": "5", "PV_NMDA_knockdown": "50", "genotype": "Met/Met", "times": "3"}, MODEL)
    words = shlex.split(command_line(state, MODEL))
    assert words[:2] == ["resprout", "patient"]
    group = typer.main.get_command(app)
    context = group.commands["patient"].make_context("patient", words[2:])
    assert sorted(context.params["block"]) == ["AMPA=0.05", "PV_NMDA_knockdown=0.5"]


def test_the_table_holds_every_output_at_every_hour():
    trajectory = reference_trajectory(MODEL)
    rows = list(csv.DictReader(io.StringIO(trajectory_csv(trajectory, MODEL))))
    assert len(rows) == len(trajectory.value) * len(trajectory.time_h)
    score = [float(row["value"]) for row in rows if row["output"] == "HDRS17"]
    assert score == pytest.approx(trajectory.value["HDRS17"], rel=1e-6)  # written with eight digits


def test_the_sentences_name_the_numbers_of_the_course():
    trajectory = reference_trajectory(MODEL)
    told = sentences(trajectory)
    assert f"{trajectory.value['ketamine_venous'].max():.3g} ng/mL" in told["dose"]
    assert f"from {trajectory.value['HDRS17'][0]:.1f} to {trajectory.value['HDRS17'].min():.1f} points" in told["score"]
    assert f"starts at {trajectory.value['spine_density'][0]:.0%} of health" in told["spine"]


def test_after_saline_the_sentences_say_that_nothing_moves():
    told = sentences(trajectory_of(drug="saline"))
    assert "Nothing is given" in told["dose"]
    assert "stays there" in told["spine"]
    assert "No dissociation" in told["score"]


def test_a_blocked_pathway_is_not_called_a_response():
    told = sentences(trajectory_of(mTORC1_block="100", translation_block="90"))
    assert "a response" not in told["score"]


def test_a_fifth_of_the_dose_draws_lower_curves_on_the_same_axis():
    def top(amount):
        panels = path_response({"fields": {"amount": amount}}, MODEL)["panels"]
        line = panels[0]["lines"][0]
        return float(line["size"].split()[1]), max(panels[0]["range"])

    assert top("0.1")[0] == pytest.approx(top("0.5")[0] / 5, rel=0.02)  # stage 1 is linear; sizes have three digits
    assert top("0.1")[1] == top("0.5")[1]


def test_the_path_is_answered_for_every_stage_in_order():
    answer = path_response({"fields": {"drug2": "midazolam", "amount2": "2"}, "pinned": {"glial": "90"}}, MODEL)
    assert [panel["stage"] for panel in answer["panels"]] == ["dose", "receptor", "circuit", "signal", "spine", "score"]
    assert all(panel["lines"] and panel["reference_lines"] for panel in answer["panels"])
    assert "Glial glutamate uptake 90 %" in answer["pinned"]
    assert len(answer["panels"][0]["lines"]) == 5  # the second drug's plasma too


def test_the_drugs_tab_reads_each_line_and_says_which_it_cannot():
    state, _ = read_state(
        {"line1": "ketamine 0.5 mg/kg iv over 40 min", "line2": "ketamin 3", "line3": "saline"}, MODEL
    )
    rows, faults = compare(state, MODEL)
    assert list(faults) == ["line2"]
    labels = [readout.label for readout in READOUTS]
    fall = {row.regimen: row.value[labels.index("HDRS-17 at 1 d")] for row in rows}
    assert fall["ketamine 0.5 mg/kg iv over 40 min"] < -3 < fall["saline"] + 3


def test_the_axes_carry_the_units_of_what_is_drawn():
    answer = path_response({"fields": {}}, MODEL)
    dose, receptor, circuit, signal = answer["panels"][:4]
    state, _ = read_state({}, MODEL)
    trajectory = page_trajectory(state, MODEL)

    def drawn(panel, line):
        return np.frombuffer(base64.b64decode(panel["lines"][line]["y"]), "<f4")

    assert dose["axis"] == "concentration, ng/mL"
    assert drawn(dose, 0).max() == pytest.approx(trajectory.value["ketamine_venous"].max(), rel=1e-6)  # 32 bits
    # unbound in brain: 1 µM of ketamine (C13H16ClNO, 237.73 g/mol) is 237.73 ng/mL
    assert drawn(dose, 3).max() == pytest.approx(237.73 * trajectory.value["ketamine_brain"].max(), rel=1e-5)
    assert drawn(receptor, 3).max() == pytest.approx(100 * trajectory.value["pyramidal_extrasynaptic_NMDA_block"].max())
    assert (drawn(circuit, 0)[0], drawn(signal, 1)[0]) == (1.0, 1.0)


def test_bands_hold_the_typical_patient_and_know_the_settings_of_the_page():
    def band(**sent):
        state, faults = read_state(sent, MODEL)
        assert faults == {}
        panel = band_data(state, MODEL)[5]
        return [np.frombuffer(base64.b64decode(panel["bands"][0][side]), "<f4") for side in ("lower", "upper")]

    lower, upper = band()
    state, _ = read_state({}, MODEL)
    score = page_trajectory(state, MODEL).value["HDRS17"]
    assert len(score) == len(lower)
    assert (lower < score).all()
    assert (score < upper).all()
    healthier, _ = band(glial="95", stress="0")
    assert (healthier < lower).mean() > 0.9  # the band of people with hardly any loss of uptake lies lower
    still = band(drug="saline", glial="75")
    assert still[0] == pytest.approx(still[0][0], abs=0.2)  # points; nothing is given and nothing moves


def test_the_page_starts_with_the_median_of_who_is_recruited():
    state, _ = read_state({}, MODEL)
    people = rs.recruit(400, seed=1)
    for field, name, scale in (("glial", "glial_uptake", 100), ("stress", "stress", 1)):
        middle = scale * np.median(people.constants[name])
        assert state.number[field] == pytest.approx(middle, rel=0.2), name  # of 400 people, and of the next fit


def test_times_of_repeated_doses_are_told_since_the_dose():
    told = sentences(trajectory_of(times="4", every="3"))
    assert "after dose" in told["dose"]
    assert "of 4" in told["dose"]
    assert "ng/mL (40 min after dose 1 of 4)" in told["dose"]  # the last of the doses gives the same peak
    assert not re.search(r"\d d\b", told["dose"])
    assert "after dose" not in sentences(trajectory_of())["dose"]


def test_the_legend_of_pinned_curves_names_how_they_differ():
    sent = {"fields": {"glial": "80"}, "pinned": {"glial": "60", "amount": "0.2", "mTORC1_block": "50"}}
    told = path_response(sent, MODEL)["pinned"]
    assert told == "ketamine 0.2 mg/kg iv over 40 min, Glial glutamate uptake 60 % of health, mTORC1 50%"
