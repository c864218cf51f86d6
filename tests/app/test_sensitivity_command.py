"""`resprout sensitivity`: its table, its files, and what it says of mistakes."""

import json

QUICK = ("ketamine_brain@1h", "--person", "healthy", "--samples", "32")


def test_rows_are_ordered_and_complete(resprout):
    code, out, _ = resprout("sensitivity", *QUICK, "--json")
    said = json.loads(out)
    assert code == 0 and said["runs"] > 32 * len(said["rows"]) and said["lost"] == 0
    totals = [row["total"] for row in said["rows"]]
    assert totals == sorted(totals, reverse=True)
    assert {"constant", "stage", "grade", "range", "mu_star", "first", "total", "total_lower"} <= set(said["rows"][0])


def test_files_are_written(resprout, tmp_path):
    code, out, _ = resprout("sensitivity", *QUICK, "--method", "morris", "--out", "s.html", "--table", "s.csv")
    assert code == 0 and "1 dose" in out
    assert "ketamine" in (tmp_path / "s.html").read_text(encoding="utf-8")
    assert (tmp_path / "s.csv").read_text(encoding="utf-8").startswith("output,time_h,constant,")


def test_all_mistakes_are_told_with_what_to_do(resprout):
    code, _, said = resprout("sensitivity", "--samples", "1000", "--method", "sobel", "--out", "s.bmp")
    assert code == 2
    assert "--samples 512" in said and "sobol" in said and "s.bmp" in said
    code, _, said = resprout("sensitivity", "HDRS17@24h", "--person", "patiant")
    assert code == 2 and "patient" in said


def test_the_help_has_an_example(resprout):
    code, out, _ = resprout("sensitivity", "--help")
    assert code == 0 and "resprout sensitivity" in out.split("Example:")[1]
