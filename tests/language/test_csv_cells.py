"""CSV files hold no cell that a spreadsheet runs as a formula, and every number and text comes back."""

import csv
import io
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resprout.app.output_files import save_rows, save_table
from resprout.language.csv_cells import csv_cell, write_csv

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "=",
    "-",
    "+nan",
    "-inf",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_begins_as_a_formula_is_marked_as_text(text):
    assert csv_cell(text) == "'" + text.replace("\r", "\n")


@pytest.mark.parametrize("text", ["-1.5", "+2", "-1e-3", "ketamine", "a=1", "", " =1", "'=1", "1-2"])
def test_numbers_and_other_text_stay_as_they_are(text):
    assert csv_cell(text) == text


def test_both_writers_mark_text_in_cells_and_headings(tmp_path):
    table, rows = tmp_path / "a.csv", tmp_path / "b.csv"
    save_table(pd.DataFrame({"=x": ["=1+1", "b"], "y": [-1.5, math.nan], "n": [-1, 2]}), table)
    save_rows([("=1+1", -1.5, -1), ("b", math.nan, 2)], ["=x", "y", "n"], rows)
    assert table.read_text(encoding="utf-8") == rows.read_text(encoding="utf-8") == "'=x,y,n\n'=1+1,-1.5,-1\nb,,2\n"


CELLS = (
    st.text(st.sampled_from("=+-@\t\r\n,\"' a1.e\uff1d"), max_size=6) | st.floats(allow_infinity=False) | st.integers()
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=4))
def test_no_cell_of_any_table_begins_as_a_formula_unless_it_is_a_number(rows):
    file = io.StringIO(newline="")
    write_csv(file, ["a", "b"], rows)
    read = list(csv.reader(io.StringIO(file.getvalue(), newline="")))[1:]
    assert len(read) == len(rows)
    for cells, given_cells in zip(read, rows, strict=True):
        for cell, value in zip(cells, given_cells, strict=True):
            if isinstance(value, str):
                plain = value.replace("\r\n", "\n").replace("\r", "\n")
                assert cell in (plain, "'" + plain)
                assert not cell.startswith(("=", "@", "\t", "\r", "\n", "\uff1d"))
                if cell.startswith(("+", "-")):
                    assert math.isfinite(float(cell))
            else:
                assert (cell == "") if value != value else float(cell) == pytest.approx(value, rel=1e-7)
