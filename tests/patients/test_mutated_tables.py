"""300 tables with one mistake each: every one is refused, with its row, and none is read otherwise than it stands."""

import csv
import io
import random

import pytest

import resprout as rs
from resprout.errors import InputError
from resprout.patients.read_data import EXAMPLE, read_data

MODEL = rs.load_model()
LINES = list(csv.reader(io.StringIO(EXAMPLE.read_text(encoding="utf-8"))))
HEADER, ROWS = LINES[0], LINES[1:61]  # six people
AT = {name: place for place, name in enumerate(HEADER)}
TIMES = 10


def rows_where(test):
    """Positions of rows that a mistake can be made in."""
    return [number for number, row in enumerate(ROWS) if test(row)]


RATED = rows_where(lambda row: row[AT["endpoint"]] == "MADRS" and row[AT["value"]])
LEVEL = rows_where(lambda row: row[AT["endpoint"]] == "ketamine")
DOSED = rows_where(lambda row: row[AT["evid"]] == "1")
ANY = rows_where(lambda row: True)
LATER = rows_where(lambda row: float(row[AT["time_h"]]) > 0)
WRITTEN = {
    "a score that is no number": (RATED, {"value": "twelve"}),
    "a score with a decimal comma": (RATED, {"value": "12,5"}),
    "half a point": (RATED, {"value": "12.5"}),
    "a score above the scale": (RATED, {"value": "61"}),
    "a score below the scale": (RATED, {"value": "-1"}),
    "a score as a limit": (RATED, {"value": "<9"}),
    "an unknown scale": (RATED, {"endpoint": "MARDS2"}),
    "a score in a unit of levels": (RATED, {"unit": "ng/mL"}),
    "a level without a unit": (LEVEL, {"unit": ""}),
    "a level in an unknown unit": (LEVEL, {"unit": "mmol"}),
    "a negative level": (LEVEL, {"value": "-3", "lloq": ""}),
    "a level that is infinite": (LEVEL, {"value": "inf"}),
    "a level that is nan": (LEVEL, {"value": "nan"}),
    "an unknown drug": (DOSED, {"drug": "ketamin"}),
    "no drug": (DOSED, {"drug": ""}),
    "an unknown route": (DOSED, {"route": "ivv"}),
    "a dose of nothing": (DOSED, {"dose_mg": "0"}),
    "a negative dose": (DOSED, {"dose_mg": "-35"}),
    "a dose beyond belief": (DOSED, {"dose_mg": "35000"}),
    "additional doses without an interval": (DOSED, {"addl": "3", "ii_h": ""}),
    "an interval without repeats": (DOSED, {"addl": "", "ii_h": "84"}),
    "a duration of a tablet": (DOSED, {"route": "oral"}),
    "an event of no known kind": (ANY, {"evid": "7"}),
    "no patient": (ANY, {"patient": ""}),
    "no time": (ANY, {"time_h": ""}),
    "an age beyond belief": (ANY, {"age": "523"}),
    "a genotype of no allele": (ANY, {"genotype": "Val/Mat"}),
    "a row that goes back in time": (LATER, {"time_h": "-1"}),
    "a dose in a record of observation": (RATED, {"dose_mg": "35"}),
}


def written(rows):
    """Rows as the text of a file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([HEADER, *rows])
    return out.getvalue()


def doubled(chance):
    """A row that stands twice, and the line of the second."""
    place = chance.choice(RATED)
    return [*ROWS[: place + 1], ROWS[place], *ROWS[place + 1 :]], place + 3


CASES = [(name, number) for name in [*WRITTEN, "a row that stands twice"] for number in range(TIMES)]


def test_there_are_three_hundred_tables_and_the_table_without_mistakes_is_read(tmp_path):
    assert len(CASES) == 300
    (tmp_path / "a.csv").write_text(written(ROWS), encoding="utf-8")
    assert len(read_data(tmp_path / "a.csv", model=MODEL)) == 6


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_table_with_a_mistake_is_refused_with_the_row(tmp_path, name, number):
    chance = random.Random(f"{name} {number}")
    if name in WRITTEN:
        places, cells = WRITTEN[name]
        place = chance.choice(places)
        rows, line = [list(row) for row in ROWS], place + 2
        for column, text in cells.items():
            rows[place][AT[column]] = text
    else:
        rows, line = doubled(chance)
    (tmp_path / "a.csv").write_text(written(rows), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_data(tmp_path / "a.csv", model=MODEL)
    told = [fault for fault in refused.value.faults if fault.where.split(" ")[0] == f"a.csv:{line}"]
    assert told, str(refused.value)
    assert all(fault.found and (fault.expected or fault.remedy) for fault in told)


def refused(tmp_path, content):
    """What is said of a file with this content."""
    (tmp_path / "a.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        read_data(tmp_path / "a.csv", model=MODEL)
    return str(error.value)


def test_files_that_are_no_tables_are_refused(tmp_path):
    assert "is empty" in refused(tmp_path, "")
    assert "no rows" in refused(tmp_path, "patient,time_h,endpoint,value\n")
    assert "no UTF-8" in refused(tmp_path, "patient,time_h,endpoint,value\n1,0,MADRS,\xe9\n".encode("latin-1"))
    assert "the row has 3 cells" in refused(tmp_path, "patient,time_h,endpoint,value\n1,0,MADRS\n")
    assert "stands twice" in refused(tmp_path, "patient,time_h,value,value\n1,0,2,2\n")
    assert "no column means `patient`" in refused(tmp_path, "who,time_h,value\n1,0,2\n")
    assert "has no unit" in refused(tmp_path, "id,time,endpoint,value\n1,2,MADRS,2\n")
    assert "stand apart" in refused(tmp_path, "id,time_h,endpoint,value\n1,0,MADRS,2\n2,0,MADRS,2\n1,4,MADRS,2\n")
    assert "after death" in refused(tmp_path, "id,time_h,endpoint,value\n1,0,death,1\n1,4,MADRS,2\n")


def test_a_byte_order_mark_and_other_delimiters_are_read(tmp_path):
    for text in ("\ufeffid,time_h,endpoint,value\n1,0,MADRS,2\n", "id;time_h;endpoint;value\n1;0;MADRS;2\n"):
        (tmp_path / "a.csv").write_text(text, encoding="utf-8")
        assert read_data(tmp_path / "a.csv", model=MODEL).people[0].name == "1"


def test_no_more_than_twenty_faults_are_told_and_the_number_of_the_others(tmp_path):
    rows = "".join(f"{number},0,MADRS,99\n" for number in range(50))
    assert "30 more faults" in refused(tmp_path, "id,time_h,endpoint,value\n" + rows)
