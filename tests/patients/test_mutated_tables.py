"""300 tables with one mistake each are refused with row, column and remedy; changes that mean nothing change nothing."""

import csv
import io
import random
import re

import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.errors import InputError
from resprout.patients.read_data import EXAMPLE, read_data

MODEL = rs.load_model()
LINES = list(csv.reader(io.StringIO(EXAMPLE.read_text(encoding="utf-8"))))
LONG = (LINES[0], LINES[1:61])  # six people as a long table
MAPPING = "units: {time: h, amount: mg, rate: mg/h, ketamine: ng/mL}\ndrug: ketamine\nroute: iv\n"
MAPPING += "columns: {endpoint: DVID}\nendpoint: {1: ketamine, 2: MADRS}\n"
NONMEM_HEADER = [
    "ID",
    "TIME",
    "AMT",
    "RATE",
    "EVID",
    "CMT",
    "II",
    "ADDL",
    "SS",
    "DV",
    "DVID",
    "MDV",
    "LLOQ",
    "AGE",
    "WT",
]


def nonmem():
    """Five people as NONMEM takes them: a rating, an infusion with three more a week apart, two levels, two ratings."""
    chance = random.Random(5)
    rows = []
    for name in range(1, 6):
        age, weight = chance.randint(20, 60), chance.randint(50, 90)
        ends = [str(age), str(weight)]
        rows.append(
            [str(name), "0", "0", "0", "0", "1", "0", "0", "0", str(chance.randint(25, 40)), "2", "0", ".", *ends]
        )
        rows.append(
            [str(name), "0", str(weight / 2), str(weight * 0.75), "1", "1", "168", "3", "0", ".", ".", "1", ".", *ends]
        )
        for time, low in (("0.7", 90), ("3", 20)):
            rows.append(
                [
                    str(name),
                    time,
                    "0",
                    "0",
                    "0",
                    "1",
                    "0",
                    "0",
                    "0",
                    str(low + chance.randint(0, 30)),
                    "1",
                    "0",
                    "2",
                    *ends,
                ]
            )
        for time in ("24", "336"):
            rows.append(
                [str(name), time, "0", "0", "0", "1", "0", "0", "0", str(chance.randint(5, 30)), "2", "0", ".", *ends]
            )
    return NONMEM_HEADER, rows


BASES = {"long": LONG, "nonmem": nonmem()}
NAMES = {
    "long": {"who": "patient", "when": "time_h", "what": "endpoint", "value": "value", "amount": "dose_mg", "repeats": "addl",
             "interval": "ii_h", "evid": "evid", "limit": "lloq", "age": "age", "weight": "weight_kg"},
    "nonmem": {"who": "ID", "when": "TIME", "what": "DVID", "value": "DV", "amount": "AMT", "repeats": "ADDL", "interval": "II",
               "evid": "EVID", "limit": "LLOQ", "age": "AGE", "weight": "WT"},
}  # fmt: skip


def kind(base, row):
    """Whether a row is a dose, a level or a rating."""
    header, names = BASES[base][0], NAMES[base]
    if row[header.index(names["evid"])] == "1":
        return "dose"
    what = row[header.index(names["what"])]
    return {"ketamine": "level", "1": "level", "MADRS": "rating", "2": "rating"}.get(what, "") * bool(
        row[header.index(names["value"])]
    )


CELLS = {  # in a row of this kind, in a column: what is written there
    "no number": ("rating", "value", "twelve"),
    "a decimal comma in a score": ("rating", "value", "12,5"),
    "half a point": ("rating", "value", "12.5"),
    "a score above its scale": ("rating", "value", "61"),
    "a score below its scale": ("rating", "value", "-1"),
    "a score as a limit": ("rating", "value", "<9"),
    "a score with a unit": ("rating", "value", "12 points"),
    "an error of a spreadsheet": ("rating", "value", "#VALUE!"),
    "an unknown endpoint": ("rating", "what", "MARDS2"),
    "no endpoint": ("rating", "what", ""),
    "a negative level": ("level", "value", "-3"),
    "an infinite level": ("level", "value", "inf"),
    "a level that is nan": ("level", "value", "nan"),
    "a level too large for a number": ("level", "value", "1e999"),
    "a level of another unit": ("level", "value", "250000"),
    "a level above a limit": ("level", "value", ">500"),
    "a level below another limit": ("level", "value", "<5"),
    "a limit beyond belief": ("level", "limit", "1e30"),
    "a negative limit": ("level", "limit", "-2"),
    "a limit in words": ("level", "limit", "low"),
    "a dose of nothing": ("dose", "amount", "0"),
    "no amount": ("dose", "amount", ""),
    "a negative dose": ("dose", "amount", "-35"),
    "a dose beyond belief": ("dose", "amount", "35000"),
    "an infinite dose": ("dose", "amount", "Infinity"),
    "a dose with a decimal comma": ("dose", "amount", "35,5"),
    "a dose with a unit in the cell": ("dose", "amount", "35mg"),
    "half of an additional dose": ("dose", "repeats", "2.5"),
    "a negative interval": ("dose", "interval", "-84"),
    "an event of no known kind": ("any", "evid", "7"),
    "no patient": ("any", "who", ""),
    "a mark in place of a patient": ("any", "who", "-"),
    "an error in place of a patient": ("any", "who", "#N/A"),
    "no time": ("any", "when", "."),
    "a time in words": ("any", "when", "noon"),
    "a time of day": ("any", "when", "08:30"),
    "a date that there is not": ("any", "when", "2019-02-30 08:30"),
    "a date as others write it": ("any", "when", "28/03/2019"),
    "a time ten years from now": ("any", "when", "87660"),
    "an age beyond belief": ("any", "age", "523"),
    "a weight in words": ("any", "weight", "heavy"),
    "a weight of nothing": ("any", "weight", "0"),
    "a dose in an observation": ("rating", "amount", "35"),
    "repeats in an observation": ("level", "repeats", "3"),
}
LONG_CELLS = {
    "a score in a unit of levels": ("rating", "unit", "ng/mL"),
    "a level without a unit": ("level", "unit", ""),
    "a level in an unknown unit": ("level", "unit", "mmol"),
    "an unknown drug": ("dose", "drug", "ketamin"),
    "no drug": ("dose", "drug", ""),
    "an unknown route": ("dose", "route", "ivv"),
    "a duration of a tablet": ("dose", "route", "oral"),
    "a genotype of no allele": ("any", "genotype", "Val/Mat"),
    "another sex": ("any", "sex", "mann"),
    "a negative duration": ("dose", "duration_min", "-40"),
}
NONMEM_CELLS = {
    "a rate that a model estimates": ("dose", "RATE", "-1"),
    "a negative rate": ("dose", "RATE", "-5"),
    "a kind of steady state": ("dose", "SS", "3"),
    "a mark of missing": ("rating", "MDV", "2"),
}
TABLE_WIDE = ("a row twice", "a row that goes back in time", "rows that stand apart", "another spelling of a patient", "a row too short",
              "a row after death", "a dose twice")  # fmt: skip
CASES = [(base, name) for base in BASES for name in (*CELLS, *TABLE_WIDE)]
CASES += [("long", name) for name in LONG_CELLS] + [("nonmem", name) for name in NONMEM_CELLS]
CASES = [(base, name, number) for base, name in CASES for number in range(3)]
COLUMN_ELSEWHERE = {
    ("long", "a duration of a tablet"): "duration_min",
    ("long", "a level of another unit"): "unit",
    ("long", "a limit beyond belief"): "unit",
    ("nonmem", "a limit beyond belief"): "DV",
}


def mutated(base, name, number):
    """A table with one mistake: its text, the line of the mistake, and the column; no column where the row is at fault."""
    chance = random.Random(f"{base} {name} {number}")
    header, rows = BASES[base][0], [list(row) for row in BASES[base][1]]
    cells = CELLS | LONG_CELLS | NONMEM_CELLS
    if name in cells:
        where, what, text = cells[name]
        column = NAMES[base].get(what, what)
        place = chance.choice([at for at, row in enumerate(rows) if where in ("any", kind(base, row))])
        rows[place][header.index(column)] = text
        told = COLUMN_ELSEWHERE.get((base, name), column)
    else:
        rows, place, told = wide(base, name, rows, chance)
    return text_of(header, rows), place + 2, told


def wide(base, name, rows, chance):
    """Rows with a mistake that is not in one cell, the place of the row that is told, and the column."""
    header, names = BASES[base][0], NAMES[base]
    who, when = header.index(names["who"]), header.index(names["when"])
    of_kind = {each: [at for at, row in enumerate(rows) if kind(base, row) == each] for each in ("dose", "rating")}
    last = [at for at, row in enumerate(rows[:-1]) if rows[at + 1][who] != row[who]]
    if name in ("a row twice", "a dose twice"):
        place = chance.choice(of_kind["rating" if name == "a row twice" else "dose"])
        told = names["value"] if name == "a row twice" else names["when"]
        return [*rows[: place + 1], rows[place], *rows[place + 1 :]], place + 1, told
    if name == "a row that goes back in time":
        place = chance.choice([at for at, row in enumerate(rows) if float(row[when]) > 0])
        rows[place][when] = "-1"
        return rows, place, names["when"]
    if name == "rows that stand apart":
        place = chance.choice(last)
        return [*rows, rows[place]], len(rows), names["who"]
    if name == "another spelling of a patient":
        place = chance.choice(last)
        rows[place][who] += chance.choice([".0", "\u200b", "e0"])
        return rows, place, names["who"]
    if name == "a row after death":
        place = chance.choice(last)
        row = [*rows[place]]
        row[header.index(names["what"])], row[header.index(names["value"])] = "death", "1"
        return (
            [*rows[:place], row, *[[*rows[place][:when], "999", *rows[place][when + 1 :]]], *rows[place + 1 :]],
            place + 1,
            names["when"],
        )
    place = chance.choice(range(len(rows)))
    rows[place] = rows[place][:-1]
    return rows, place, ""


def text_of(header, rows):
    """Rows as the text of a file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def files(tmp_path, text, base):
    """The paths of a table and of its mapping file, if it needs one."""
    table, mapping = tmp_path / "a.csv", tmp_path / "a.yaml"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    mapping.write_text(MAPPING, encoding="utf-8")
    return table, mapping if base == "nonmem" else None


def people(tmp_path, text, base):
    """Everybody in a table."""
    return read_data(*files(tmp_path, text, base), model=MODEL).people


@pytest.mark.parametrize("base", BASES)
def test_tables_without_mistakes_are_read_and_there_are_three_hundred_with_one(tmp_path, base):
    assert len(people(tmp_path, text_of(*BASES[base]), base)) == {"long": 6, "nonmem": 5}[base]
    assert len(CASES) >= 300


@pytest.mark.parametrize(("base", "name", "number"), CASES)
def test_a_table_with_a_mistake_is_refused_with_row_column_and_remedy(tmp_path, base, name, number):
    text, line, column = mutated(base, name, number)
    with pytest.raises(InputError) as refused:
        people(tmp_path, text, base)
    here = re.compile(rf"a\.csv:{line}(?!\d)" + (rf".*column {re.escape(column)}\)" if column else ""))
    told = [fault for fault in refused.value.faults if here.match(fault.where)]
    assert told, str(refused.value)
    assert all(fault.found and fault.remedy for fault in refused.value.faults), str(refused.value)


@pytest.mark.parametrize(("base", "name"), dict.fromkeys((base, name) for base, name, _ in CASES))
def test_the_command_ends_with_code_2_and_prints_the_row(tmp_path, capsys, base, name):
    text, line, _ = mutated(base, name, 0)
    table, mapping = files(tmp_path, text, base)
    assert run(["data", "check", str(table), *(["--mapping", str(mapping)] if mapping else [])]) == 2
    out, err = capsys.readouterr()
    assert f"a.csv:{line}" in err and not out


def spelt_otherwise(base, name):
    """A table that says the same in another way, as bytes."""
    header, rows = BASES[base][0], [list(row) for row in BASES[base][1]]
    text = text_of(header, rows)
    amount, value = header.index(NAMES[base]["amount"]), header.index(NAMES[base]["value"])
    if name == "columns in another order":
        return text_of(header[::-1], [row[::-1] for row in rows]).encode()
    if name == "numbers written otherwise":
        for row in rows:
            row[amount] = f"{float(row[amount]):.6e}" if row[amount] else ""
            row[value] = f"+{row[value]}.0" if row[value].isdigit() else row[value]
        return text_of(header, rows).encode()
    if name == "missing cells as a dot":
        return text_of(header, [[cell or "." for cell in row] for row in rows]).encode()
    return {
        "a byte order mark": b"\xef\xbb\xbf" + text.encode(),
        "semicolons": text.replace(",", ";").encode(),
        "tabulators": text.replace(",", "\t").encode(),
        "lines of Windows": text.replace("\n", "\r\n").encode(),
        "lines of old Macs": text.replace("\n", "\r").encode(),
        "blank lines": text.replace("\n", "\n\n").encode(),
        "quoted cells": "\n".join(",".join(f'"{cell}"' for cell in row) for row in [header, *rows]).encode(),
        "spaces around cells": text.replace(",", " , ").encode(),
        "names of columns in capitals": text.replace(",".join(header), ",".join(header).upper(), 1).encode(),
    }[name]


SAME = (
    "columns in another order", "numbers written otherwise", "missing cells as a dot", "a byte order mark", "semicolons", "tabulators",
    "lines of Windows", "lines of old Macs", "blank lines", "quoted cells", "spaces around cells", "names of columns in capitals",
)  # fmt: skip


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("base", BASES)
def test_a_table_that_says_the_same_otherwise_is_read_as_the_same_people(tmp_path, base, name):
    rows = re.compile(r"row=\d+")
    first = people(tmp_path, text_of(*BASES[base]), base)
    assert rows.sub("", repr(people(tmp_path, spelt_otherwise(base, name), base))) == rows.sub("", repr(first))


def refused(tmp_path, content):
    """What is said of a file with this content."""
    with pytest.raises(InputError) as error:
        people(tmp_path, content, "long")
    assert all(fault.where and (fault.remedy or fault.expected) for fault in error.value.faults)
    return str(error.value)


def test_files_that_are_no_tables_are_refused(tmp_path):
    assert "is empty" in refused(tmp_path, "")
    assert "no rows" in refused(tmp_path, "patient,time_h,endpoint,value\n")
    assert "a.csv:2  byte" in refused(tmp_path, "patient,time_h,endpoint,value\n1,0,MADRS,\xe9\n".encode("latin-1"))
    assert "the row has 3 cells" in refused(tmp_path, "patient,time_h,endpoint,value\n1,0,MADRS\n")
    assert "a.csv:2  is no CSV" in refused(tmp_path, 'patient,time_h,endpoint,value\n1,0,"MADRS,2\n')


def test_headers_in_which_a_needed_column_is_missing_or_double_are_refused(tmp_path):
    assert "`value` stands twice" in refused(tmp_path, "patient,time_h,value,value\n1,0,2,2\n")
    assert "no column means `patient`" in refused(tmp_path, "who,time_h,value\n1,0,2\n")
    assert "no column means `patient`" in refused(tmp_path, "1,0,MADRS,2\n1,24,MADRS,2\n")
    assert "`time` has no unit" in refused(tmp_path, "id,time,endpoint,value\n1,2,MADRS,2\n")
    assert "no column means `amount`" in refused(tmp_path, "id,time_h,drug,dosis,endpoint,value\n1,0,ketamine,35,,\n")
    assert "no column means `value`" in refused(tmp_path, "id,time_h,dose_mg,drug,endpoint,score\n1,0,,,MADRS,2\n")
    assert "both mean value" in refused(tmp_path, "id,time_h,endpoint,value,DV\n1,0,MADRS,2,2\n")


def test_a_name_of_a_column_that_is_nearly_known_is_noted_with_the_known_one(tmp_path):
    (tmp_path / "a.csv").write_text("patient,time_h,endpoint,value,wieght_kg\n1,0,MADRS,20,70\n", encoding="utf-8")
    told = read_data(tmp_path / "a.csv", model=MODEL).not_read
    assert told == (("column wieght_kg", 1, 1, "no meaning is known of this column; did you mean `weight_kg`?"),)


def test_a_drug_without_an_amount_is_no_other_event(tmp_path):
    said = refused(tmp_path, "id,time_h,drug,route,dose_mg,endpoint,value\n1,0,ketamine,iv,,,\n1,2,,,,MADRS,9\n")
    assert "a.csv:2 (patient 1, column drug)" in said and "State the amount" in said


def test_dates_and_hours_in_one_person_are_refused_and_dates_of_two_files_are_of_one_clock(tmp_path):
    mixed = "id,time_h,endpoint,value\n1,2019-03-04 09:00,MADRS,20\n1,24,MADRS,9\n"
    assert "a.csv:3 (patient 1, column time_h)  the row states hours" in refused(tmp_path, mixed)
    (tmp_path / "doses.csv").write_text("id,date,clock,drug,route,dose_mg\n1,2019-03-04,09:30,ketamine,iv,35\n")
    (tmp_path / "ratings.csv").write_text("id,date,endpoint,value\n1,2019-03-01,MADRS,30\n1,2019-03-11,MADRS,9\n")
    own = read_data([tmp_path / "doses.csv", tmp_path / "ratings.csv"], model=MODEL).people[0].occasions[0]
    assert [dose.times_h for dose in own.doses] == [(81.5,)]  # three days and 9.5 h after midnight of the first date
    assert [each.time_h for each in own.observations] == [0, 240]


def test_a_date_without_a_clock_time_on_the_day_of_a_dose_with_one_is_refused(tmp_path):
    table = "id,date,clock,drug,route,dose_mg,endpoint,value\n1,2019-03-04,,,,,MADRS,30\n1,2019-03-04,09:30,ketamine,iv,35,,\n"
    assert "a.csv:2 (patient 1, column clock)  2019-03-04 stands without a time of day" in refused(tmp_path, table)


def test_doses_of_somebody_whom_no_other_file_knows_are_refused_with_the_nearest_name(tmp_path):
    (tmp_path / "doses.csv").write_text("id,time_h,drug,route,dose_mg\nP01,0,ketamine,iv,35\nP20,0,ketamine,iv,35\n")
    (tmp_path / "ratings.csv").write_text("id,time_h,endpoint,value\nP01,0,MADRS,30\nP02,0,MADRS,30\n")
    with pytest.raises(InputError) as error:
        read_data([tmp_path / "doses.csv", tmp_path / "ratings.csv"], model=MODEL)
    assert [fault.where for fault in error.value.faults] == ["doses.csv:3 (patient P20, column id)"]
    assert "Did you mean `P0" in str(error.value)


def test_a_value_in_a_dose_record_is_noted(tmp_path):
    table = "id,time_h,evid,drug,route,dose_mg,endpoint,value\n1,0,1,ketamine,iv,35,,12\n1,2,0,,,,MADRS,9\n"
    (tmp_path / "a.csv").write_text(table, encoding="utf-8")
    assert read_data(tmp_path / "a.csv", model=MODEL).not_read == (("1 row", 1, 2, "the value in a record of EVID 1"),)


def test_no_more_than_twenty_faults_are_told_and_the_number_of_the_others(tmp_path):
    rows = "".join(f"{number},0,MADRS,99\n" for number in range(50))
    assert "30 more faults" in refused(tmp_path, "id,time_h,endpoint,value\n" + rows)


def test_patients_without_a_dose_or_without_an_observation_are_noted(tmp_path):
    table = "id,time_h,drug,route,dose_mg,endpoint,value\n1,0,ketamine,iv,35,,\n1,2,,,,MADRS,9\n2,0,,,,MADRS,9\n3,0,ketamine,iv,35,,\n"
    (tmp_path / "a.csv").write_text(table, encoding="utf-8")
    told = {what: row for what, _, row, _ in read_data(tmp_path / "a.csv", model=MODEL).not_read}
    assert told == {"patient without a dose or placebo": 4, "patient without a level or rating": 5}
