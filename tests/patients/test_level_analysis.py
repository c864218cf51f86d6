"""Noncompartmental analysis of a table: which dose and samples count, and what can be told of metabolites."""

import json

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.patients.level_analysis import exposure_table, interval_table

MODEL = rs.load_model()


HEADER = "patient,time_h,drug,route,dose_mg,unit,endpoint,value,lloq"


@pytest.fixture
def table_of(tmp_path):
    """Write rows into a table, and lend its path."""

    def written(rows):
        (tmp_path / "a.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        return tmp_path / "a.csv"

    return written


def exposure(tmp_path, rows):
    """The table of exposure of some rows."""
    (tmp_path / "a.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return exposure_table(rs.read_data(tmp_path / "a.csv", model=MODEL))


def injection(name="ketamine", half_life=2.0, times=(0.5, 1, 2, 4, 8)):
    """An injection of 50 mg and levels that begin at 1,000 ng/mL."""
    dose = "1,0,ketamine,iv,50,,,,"
    return [dose, *(f"1,{hour},,,,ng/mL,{name},{1000 * 0.5 ** (hour / half_life):.6f}," for hour in times)]


def test_an_injection_has_clearance_and_volume_of_its_exponential(tmp_path):
    row = exposure(tmp_path, injection()).iloc[0]
    # 50 mg / 1,000 ng/mL are 50 L, and 50 L x ln 2 / 2 h are 17.3 L/h
    assert row["volume_ss"] == pytest.approx(50, rel=1e-5) and row["clearance"] == pytest.approx(17.3287, rel=1e-5)
    assert (row["dose_mg"], row["samples"], row["below_limit"]) == (50, 5, 0)


def test_samples_after_the_second_dose_and_below_the_limit_do_not_count(tmp_path):
    rows = injection()
    rows += ["1,10,,,,ng/mL,ketamine,<40,", "1,12,ketamine,iv,50,,,,", "1,13,,,,ng/mL,ketamine,900,"]
    row = exposure(tmp_path, rows).iloc[0]
    assert (row["samples"], row["below_limit"], row["tlast"]) == (6, 1, 8)
    assert row["half_life"] == pytest.approx(2, rel=1e-5)


def test_a_metabolite_and_a_tablet_have_no_clearance(tmp_path):
    row = exposure(tmp_path, injection("norketamine")).iloc[0]
    assert np.isnan(row["clearance"]) and row["half_life"] == pytest.approx(2, rel=1e-5)
    tablet = [each.replace(",iv,", ",oral,") for each in injection()]
    assert np.isnan(exposure(tmp_path, tablet).iloc[0]["volume_z"])


def test_the_command_prints_medians_and_tells_where_there_is_no_level(tmp_path, capsys):
    assert run(["data", "nca", "example", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["exposure"]
    assert len(told) == 40 and all(each["Cmax"] >= each["Clast"] for each in told)
    (tmp_path / "b.csv").write_text("patient,time_h,endpoint,value\n1,0,MADRS,20\n", encoding="utf-8")
    assert run(["data", "nca", str(tmp_path / "b.csv")]) == 3


def test_partial_areas_stand_beside_the_measures_and_are_printed(table_of):
    found = exposure_table(rs.read_data(table_of(injection()), model=MODEL), [(0, 2), (1, 3)])
    # 1,000 ng/mL with a half-life of 2 h: (1 - 1/2) x 2,000 / ln 2, and (2^-0.5 - 2^-1.5) x 2,000 / ln 2
    assert found["AUC_0_2"].item() == pytest.approx(1442.695, rel=1e-5)
    assert found["AUC_1_3"].item() == pytest.approx(1020.14, rel=1e-5)


def test_the_interval_of_the_last_dose_tells_accumulation(table_of):
    # 50 mg every 4 h, half-life 4 h, 1,000 ng/mL each: the third dose meets 750 ng/mL, and 1,750 fall to 875
    rows = [
        "1,0,ketamine,iv,50,,,,",
        *(f"1,{hour},,,,ng/mL,ketamine,{1000 * 0.5 ** (hour / 4):.6f}," for hour in (0.5, 1, 2, 3)),
    ]
    rows += ["1,4,ketamine,iv,50,,,,", "1,8,,,,ng/mL,ketamine,750,", "1,8,ketamine,iv,50,,,,"]
    rows += [f"1,{8 + hour},,,,ng/mL,ketamine,{1750 * 0.5 ** (hour / 4):.6f}," for hour in (0.001, 1, 2, 3)]
    row = interval_table(rs.read_data(table_of(rows), model=MODEL)).iloc[0]
    assert (row["doses"], row["interval_h"], row["samples"], row["Cmin"]) == (3, 4, 4, 750)
    assert row["accumulation"] == pytest.approx(1.75, rel=1e-3)  # the level rises within a thousandth of an hour
    assert row["accumulation_expected"] == pytest.approx(2, rel=1e-5)
    assert row["AUC_interval"] == pytest.approx(875 * 4 / np.log(2), rel=1e-3)


def test_intervals_that_are_none_are_refused_together(capsys, table_of):
    path = str(table_of(injection()))
    assert run(["data", "nca", path, "--interval", "4-1", "--interval", "x", "--after", "second"]) == 2
    said = capsys.readouterr().err
    assert "`4-1` is no interval" in said and "`x` is no interval" in said and "`second` is not known" in said
    assert run(["data", "nca", path, "--interval", "0-4", "--after", "last"]) == 2
    assert run(["data", "nca", path, "--after", "last"]) == 3
    assert run(["data", "nca", path, "--interval", "0-4"]) == 0
    assert "AUC_0_4" in capsys.readouterr().out
