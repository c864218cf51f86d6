"""Tables of observed people: the rules by which NONMEM reads its records, units, covariates and what is left out."""

import math

import numpy as np
import pandas as pd
import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.dosing.regimen import parse_regimen
from resprout.patients.dataset import Setting
from resprout.patients.expected_ratings import History, expected_values, seen_at, solve_history
from resprout.patients.read_data import read_data
from resprout.people.typical import typical_patient

MODEL = rs.load_model()
VOLUME_OF_MIDAZOLAM_L = 11.0  # of drugs.tsv, at the weight of reference
MAPPING = "units: {time: h, amount: mg, rate: mg/h}\ndrug: ketamine\nroute: iv\nendpoint: {1: ketamine, 2: MADRS}\n"
MAPPING += "columns: {endpoint: DVID}\n"


def read(tmp_path, text, mapping=MAPPING, name="a.csv"):
    """A table from its text, with the units of MAPPING."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "a.yaml").write_text(mapping, encoding="utf-8")
    return read_data(tmp_path / name, tmp_path / "a.yaml", model=MODEL)


def doses(person, occasion=0):
    """Every dose of an occasion: hour on the table's clock, mg, hours of infusion."""
    own = person.occasions[occasion]
    return sorted((own.origin + hour, dose.amount_mg, dose.duration_h) for dose in own.doses for hour in dose.times_h)


def test_a_rate_makes_an_infusion_of_amount_over_rate(tmp_path):
    found = read(tmp_path, "ID,TIME,AMT,RATE\n1,0,100,50\n1,5,30,0\n")
    assert doses(found.people[0]) == [(0, 100, 2), (5, 30, 0)]


def test_additional_doses_follow_at_their_interval_whatever_stands_between(tmp_path):
    # the two fragments that NONMEM's help on ADDL calls the same set of doses
    short = "ID,TIME,AMT,ADDL,II,DVID,DV\n1,10,15,2,12,.,.\n1,15,.,.,.,2,25\n1,20,10,0,0,.,.\n1,36,.,.,.,2,30\n"
    long = "ID,TIME,AMT,ADDL,II,DVID,DV\n1,10,15,0,0,.,.\n1,15,.,.,.,2,25\n1,20,10,0,0,.,.\n"
    long += "1,22,15,0,0,.,.\n1,34,15,0,0,.,.\n1,36,.,.,.,2,30\n"
    expected = [(10, 15, 0), (20, 10, 0), (22, 15, 0), (34, 15, 0)]
    assert doses(read(tmp_path, short).people[0]) == doses(read(tmp_path, long).people[0]) == expected


def test_a_dose_at_steady_state_has_the_level_of_endless_dosing_before_it(tmp_path):
    found = read(tmp_path, "ID,TIME,AMT,SS,II,DVID,DV\n1,100,60,1,12,.,.\n1,112,.,.,.,2,20\n").people[0]
    # half-life 6 h, every 12 h: just after the dose 60 / (1 - 1/4) mg are there, at the end of the interval 20
    there = sum(mg * 0.5 ** ((100 - hour) / 6) for hour, mg, _ in doses(found))
    assert there == pytest.approx(80, rel=1e-12)
    assert found.occasions[0].observations[0].time_h + found.occasions[0].origin == 112


def test_steady_state_of_kind_1_forgets_earlier_doses_and_of_kind_2_adds_to_them(tmp_path):
    table = "ID,TIME,AMT,SS,II,DVID,DV\n1,0,200,0,0,.,.\n1,24,60,{},12,.,.\n1,30,.,.,.,2,20\n"
    kept = [doses(read(tmp_path, table.format(kind)).people[0]) for kind in (1, 2)]
    assert (0, 200, 0) not in kept[0] and (0, 200, 0) in kept[1]


def test_a_reset_ends_infusions_and_additional_doses_and_begins_without_drug(tmp_path):
    table = "ID,TIME,AMT,RATE,EVID,ADDL,II,DVID,DV\n1,0,60,1,1,0,0,.,.\n1,10,5,0,1,9,10,.,.\n1,30,.,.,3,.,.,.,.\n"
    person = read(tmp_path, table + "1,31,.,.,0,.,.,2,20\n").people[0]
    # 60 mg at 1 mg/h for 30 h are 30 mg; doses at 10 and 20 h are before the reset, that at 30 h is not given
    assert doses(person) == [(0, 30, 30), (10, 5, 0), (20, 5, 0)]
    assert doses(person, 1) == [] and person.occasions[1].observations[0].time_h == 1


def test_a_reset_with_a_dose_may_begin_a_new_clock(tmp_path):
    table = "ID,TIME,AMT,EVID,DVID,DV\n1,0,50,1,.,.\n1,24,.,0,2,20\n1,0,25,4,.,.\n1,24,.,0,2,10\n"
    person = read(tmp_path, table).people[0]
    assert [doses(person, number) for number in (0, 1)] == [[(0, 50, 0)], [(0, 25, 0)]]
    assert [each.observations[0].value for each in person.occasions] == [20, 10]


def test_records_at_one_time_count_in_their_order(tmp_path):
    table = "ID,TIME,AMT,DVID,DV\n1,1,.,2,20\n1,1,50,.,.\n1,1,.,1,300\n"
    with_unit = MAPPING.replace("rate: mg/h", "rate: mg/h, ketamine: ng/mL")
    before, after = read(tmp_path, table, with_unit).people[0].occasions[0].observations
    assert (before.endpoint, before.after_dose) == ("MADRS", False)
    assert (after.endpoint, after.after_dose) == ("ketamine_venous", True)


def test_a_level_just_after_an_injection_is_dose_over_volume_and_before_it_nothing():
    person = typical_patient(model=MODEL)
    hours = tuple(seen_at(1.0, after_dose=after) for after in (False, True))
    history = History(
        parse_regimen("midazolam 5 mg iv bolus at 1 h", ["midazolam"]), (), {"midazolam_plasma": hours}, Setting()
    )
    level = expected_values(MODEL, person, history, solve_history(MODEL, person, history))["midazolam_plasma"][0]
    # 5 mg in the litres of the central volume are so many ug/L; the solution may be 1e-4 off
    assert level[0] == 0
    assert level[1] == pytest.approx(5000 / VOLUME_OF_MIDAZOLAM_L, rel=1e-3)


def test_units_are_converted_and_dates_count_from_midnight_of_the_first(tmp_path):
    table = "patient,date,clock,drug,route,dose,unit,duration_min,endpoint,value,weight_kg\n"
    table += "a,2019-03-04,09:00,ketamine,iv,500,ug/kg,40,,,80\na,2019-03-04,10:30,,,,umol/L,,ketamine,0.5,80\n"
    table += "a,2019-03-06,09:30,,,,,,MADRS,12,\n"
    own = read(tmp_path, table, "{}").people[0].occasions[0]
    assert own.origin == 9 and [each.time_h for each in own.observations] == [1.5, 48.5]
    assert own.doses[0].amount_mg == pytest.approx(40) and own.doses[0].duration_h == pytest.approx(2 / 3)
    # 0.5 umol/L x 237.73 g/mol
    assert own.observations[0].value == pytest.approx(118.865)


def test_doses_and_ratings_of_two_files_are_one_table_with_ratings_before_doses_at_one_hour(tmp_path):
    (tmp_path / "doses.csv").write_text("patient,time_d,drug,dose_mg,route\n1,0,ketamine,40,iv\n", encoding="utf-8")
    (tmp_path / "ratings.csv").write_text(
        "patient,time_d,endpoint,value\n1,0,HAM-D17,22\n1,7,HAM-D17,9\n", encoding="utf-8"
    )
    own = read_data([tmp_path / "doses.csv", tmp_path / "ratings.csv"], model=MODEL).people[0].occasions[0]
    assert [(each.endpoint, each.time_h, each.after_dose) for each in own.observations] == [
        ("HDRS17", 0, False),
        ("HDRS17", 168, False),
    ]


def test_items_of_a_whole_scale_are_added_up_and_single_ones_noted(tmp_path):
    rows = "".join(f"1,0,MADRS_{item},{item % 4}\n" for item in range(1, 11))
    found = read(tmp_path, "patient,time_h,endpoint,value\n" + rows + "1,24,MADRS_1,2\n", "{}")
    # 1+2+3+0+1+2+3+0+1+2
    assert [(each.endpoint, each.value) for _, each in found.people[0].observations] == [("MADRS", 15)]
    assert found.not_read == (("1 row", 1, 12, "an item without all others of its scale at the visit"),)


def test_a_level_below_its_limit_is_kept_as_a_limit(tmp_path):
    rows = "1,1,ketamine,<2,ng/mL,\n1,2,ketamine,1.5,ng/mL,2\n1,3,ketamine,0,ug/L,2\n1,4,ketamine,2.5,ng/mL,2\n"
    found = read(tmp_path, "patient,time_h,endpoint,value,unit,lloq\n" + rows, "{}").people[0]
    assert [(each.value, each.below) for _, each in found.observations] == [
        (2, True),
        (2, True),
        (2, True),
        (2.5, False),
    ]


def test_what_was_not_read_is_told_with_its_reason(tmp_path):
    table = (
        "# from the ward book\npatient,time_h,endpoint,value,mdv,evid,shoe\n1,0,MADRS,20,0,0,44\n1,1,MADRS,30,1,0,44\n"
    )
    found = read(tmp_path, table + "1,2,MADRS,.,0,0,44\n1,3,.,.,0,2,44\n", "{}")
    told = {reason: (rows, first) for _, rows, first, reason in found.not_read}
    assert told["marked as missing (MDV 1)"] == (1, 4)
    assert told["no value: a visit or sample that was missed"] == (1, 5)
    assert told["record of another event (EVID 2)"] == (1, 6)
    assert told["line that begins with #"] == (1, 1)
    assert ("column shoe", 1, 1, "no meaning is known of this column") in found.not_read
    assert len(list(found.people[0].observations)) == 1


def test_parquet_and_csv_give_the_same_people(tmp_path):
    path = tmp_path / "example.parquet"
    pd.read_csv(read_data.__globals__["EXAMPLE"]).to_parquet(path)
    assert read_data(path, model=MODEL).table.equals(read_data("example", model=MODEL).table)


def test_the_example_has_forty_people_with_all_doses_and_visits_that_were_not_missed():
    found = read_data("example", model=MODEL)
    # 20 once and 20 four times; 40 x 5 visits less the four that were missed, and 40 x 4 levels
    assert len(found) == 40 and {row[0]: row[1] for row in found.read if ":" in row[0]}.items() >= {
        ("dose: ketamine iv infusion", 100), ("rating: MADRS", 196), ("level: ketamine_venous", 160)}  # fmt: skip


def test_a_mapping_says_what_codes_mean_and_its_own_faults_are_told_with_their_line(tmp_path):
    table = "SUBJ,time_h,endpoint,value,GENDER\n1,0,MADRS,20,0\n"
    mapping = "columns: {patient: SUBJ, sex: GENDER}\nvalues: {sex: {0: male, 1: female}}\n"
    assert read(tmp_path, table, mapping).people[0].covariates == {"sex": "male"}
    with pytest.raises(rs.InputError) as refused:
        read(tmp_path, table, "columns: {pateint: SUBJ}\nsettings: {}\n")
    assert [(fault.where, fault.remedy) for fault in refused.value.faults] == [
        ("a.yaml:1", "Did you mean `patient`?"),
        ("a.yaml:2", "Did you mean `setting`?"),
    ]


def test_the_command_tells_what_was_read_and_refuses_with_code_2(tmp_path, capsys):
    assert run(["data", "check", "example"]) == 0
    assert "40 people, no fault" in capsys.readouterr().out
    bad = tmp_path / "b.csv"
    bad.write_text('patient,time_h,endpoint,value\n1,0,MADRS,99\n1,1,MADRS,"3,5"\n', encoding="utf-8")
    assert run(["data", "check", str(bad), "--table", str(tmp_path / "t.csv")]) == 2
    told = capsys.readouterr().err
    assert "b.csv:2 (patient 1, column value)  MADRS is 99." in told and "b.csv:3" in told and "Write `3.5`" in told
    assert not (tmp_path / "t.csv").exists()


def test_numbers_are_finite(tmp_path):
    found = read_data("example", model=MODEL).table
    assert np.isfinite(found["value"]).all() and not math.isnan(found["time_h"].max())


def test_levels_are_of_outputs_that_the_model_has_and_of_drugs_that_are_given(tmp_path):
    rows = "1,0,ketamine,iv,40,,,\n1,2,,,,norketamine,50,ng/mL\n1,3,,,,hydroxynorketamine,50,ng/mL\n"
    head = "patient,time_h,drug,route,dose_mg,endpoint,value,unit\n"
    seen = {each.endpoint for _, each in read(tmp_path, head + rows, "{}").people[0].observations}
    assert seen == {"norketamine_venous", "hydroxynorketamine_plasma"} <= set(MODEL.equations)
    with pytest.raises(rs.InputError) as refused:
        read(tmp_path, head + rows + "1,4,,,,midazolam,50,ng/mL\n", "{}")
    assert "(patient 1, column endpoint)  a level of midazolam_plasma stands where no dose" in str(refused.value)


def test_a_lag_moves_a_dose_its_additional_doses_and_those_of_steady_state(tmp_path):
    # NONMEM's help on ALAG: a lag applies to the dose, to all additional doses, and to those that steady state implies
    once = "ID,TIME,AMT,ADDL,II,ALAG1,DVID,DV\n1,10,15,2,12,0.5,.,.\n1,40,.,.,.,.,2,25\n"
    with_lag = MAPPING.replace("rate: mg/h", "rate: mg/h, lag: h")
    assert doses(read(tmp_path, once, with_lag).people[0]) == [(10.5, 15, 0), (22.5, 15, 0), (34.5, 15, 0)]
    steady = "ID,TIME,AMT,SS,II,ALAG1,DVID,DV\n1,100,60,1,12,2,.,.\n1,102,.,.,.,.,2,20\n"
    found = doses(read(tmp_path, steady, with_lag).people[0])
    assert [hour for hour, *_ in found[-2:]] == [90, 102]
    # half-life 6 h: at the record itself, 10 h after the last dose that has arrived, 60 x 2^(-10/6) / (1 - 1/4) mg are left
    there = sum(mg * 0.5 ** ((100 - hour) / 6) for hour, mg, _ in found if hour <= 100)
    assert there == pytest.approx(25.198, rel=1e-4)


def test_a_reset_forgets_a_lagged_dose_that_has_not_arrived(tmp_path):
    table = "ID,TIME,AMT,EVID,lag_h,DVID,DV\n1,0,50,1,3,.,.\n1,2,.,3,.,.,.\n1,8,.,0,.,2,20\n1,9,30,1,0.5,.,.\n"
    person = read(tmp_path, table).people[0]
    assert [each for number in range(len(person.occasions)) for each in doses(person, number)] == [(9.5, 30, 0)]


def test_an_observation_at_the_hour_of_a_lagged_dose_record_sees_none_of_it(tmp_path):
    table = "ID,TIME,AMT,EVID,lag_h,DVID,DV\n1,0,50,1,1,.,.\n1,0,.,0,.,2,30\n1,2,.,0,.,2,20\n"
    first, later = read(tmp_path, table).people[0].occasions[0].observations
    assert (first.time_h, first.after_dose, later.time_h) == (0, False, 2)


def test_ages_of_visits_go_on_with_the_time_and_are_refused_where_they_do_not(tmp_path):
    table = "patient,time_d,endpoint,value,age,BMI\n1,0,MADRS,30,41,30.5\n1,200,MADRS,20,{},29.8\n"
    found = read(tmp_path, table.format(42), "{}")
    assert found.people[0].covariates == {"age": 41, "BMI": 30.5}
    assert {row[3] for row in found.not_read} == {
        "a later age is left out; the first one counts",
        "a later BMI is left out; clearance and volumes keep the first",
    }
    for other in (43, 40):
        with pytest.raises(rs.InputError, match=f"age is {other}"):
            read(tmp_path, table.format(other), "{}")
