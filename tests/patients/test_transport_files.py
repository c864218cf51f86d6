"""SAS transport files: tables as CDISC names them, in both versions of the format, with every row and date."""

import datetime

import pandas as pd
import pyreadstat
import pytest

import resprout as rs
from resprout.patients.read_data import read_data
from resprout.patients.table_cells import read_cells

MODEL = rs.load_model()
MAPPING = """
columns: {patient: USUBJID, date: ADTM, amount: EXDOSE, unit: AVALU, duration: EXDUR, route: EXROUTE, endpoint: PARAMCD, value: AVAL}
units: {amount: mg, duration: min}
drug: ketamine
endpoint: {KETAM: ketamine, MADRS: MADRS}
values: {sex: {M: male, F: female}}
"""


def at(day, hour, minute=0):
    return datetime.datetime(2019, 3, day, hour, minute)


def written(folder, version):
    """ADEX, ADPC and ADQS of two people as transport files."""
    tables = {
        "adex": pd.DataFrame({"USUBJID": ["01-001", "01-002"], "ADTM": [at(4, 9), at(5, 10)], "EXDOSE": [40.0, 35.5],
                              "EXDUR": [40.0, 40.0], "EXROUTE": ["IV", "IV"], "SEX": ["M", "F"]}),
        "adpc": pd.DataFrame({"USUBJID": ["01-001", "01-002"], "ADTM": [at(4, 9, 40), at(5, 10, 40)], "PARAMCD": ["KETAM"] * 2,
                              "AVAL": [190.5, 210.25], "AVALU": ["ng/mL", "ug/L"]}),
        "adqs": pd.DataFrame({"USUBJID": ["01-001", "01-001", "01-002", "01-002"], "PARAMCD": ["MADRS"] * 4,
                              "ADTM": [at(4, 9), at(5, 9), at(5, 10), at(6, 10)], "AVAL": [33.0, 21.0, 29.0, 0.0]}),
    }  # fmt: skip
    for name, table in tables.items():
        pyreadstat.write_xport(table, folder / f"{name}.xpt", file_format_version=version)
    (folder / "cdisc.yaml").write_text(MAPPING, encoding="utf-8")
    return [folder / f"{name}.xpt" for name in tables]


@pytest.mark.parametrize("version", [5, 8])
def test_cdisc_tables_are_read_by_mapping_their_columns(tmp_path, version):
    found = read_data(written(tmp_path, version), tmp_path / "cdisc.yaml", model=MODEL)
    first, second = found.people
    assert (first.name, second.name) == ("01-001", "01-002")
    assert [who.covariates["sex"] for who in found.people] == ["male", "female"]
    dose = second.occasions[0].doses[0]
    assert (dose.amount_mg, dose.route, dose.times_h) == (35.5, "iv", (0.0,))
    assert dose.duration_h == pytest.approx(2 / 3)
    seen = [(each.endpoint, each.time_h, each.value) for each in second.occasions[0].observations]
    assert seen == [("MADRS", 0, 29), ("ketamine_venous", pytest.approx(2 / 3), 210.25), ("MADRS", 24, 0)]


def test_a_score_of_0_and_letters_beyond_ascii_in_the_last_row_are_kept(tmp_path):
    # another reader of transport files loses this row
    table = pd.DataFrame({"USUBJID": ["1", "1", "2"], "AVAL": [30.0, None, 0.0], "SITE": ["Bonn", "Bonn", "Köln"]})
    pyreadstat.write_xport(table, tmp_path / "a.xpt", file_format_version=5)
    assert read_cells(tmp_path / "a.xpt").rows == [["1", "30", "Bonn"], ["1", "", "Bonn"], ["2", "0", "Köln"]]


def test_a_file_that_is_no_transport_file_is_refused(tmp_path):
    (tmp_path / "a.xpt").write_text("patient,time_h\n1,0\n", encoding="utf-8")
    with pytest.raises(rs.InputError, match=r"a\.xpt.*cannot be read as xpt"):
        read_data(tmp_path / "a.xpt", model=MODEL)
