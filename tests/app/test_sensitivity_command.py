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


DECAY = "x = 8; k = 0.5; idle = 3; x' = -k*x;"


def test_a_model_file_is_analysed_too(resprout, tmp_path):
    (tmp_path / "m.ant").write_text(DECAY, encoding="utf-8")
    given = ("x@2", "--model", "m.ant", "--samples", "64", "--table", "s.csv", "--out", "s.svg")
    code, out, _ = resprout("sensitivity", *given, "--json")
    said = json.loads(out)
    assert code == 0 and [row["constant"] for row in said["rows"]] == ["k", "idle"]
    # only k is read
    assert said["rows"][0]["total"] > 0.8 and said["rows"][1]["total"] == 0
    assert "person" not in said and "grade" not in said["rows"][0] and said["provenance"]["file"].endswith("m.ant")
    assert (tmp_path / "s.csv").exists() and "<svg" in (tmp_path / "s.svg").read_text(encoding="utf-8")
    code, out, _ = resprout("sensitivity", *given[:5], "--vary", "k=uniform(0.4, 0.6)", "--set", "idle=1")
    assert code == 0 and "uniform 0.4, 0.6" in out and "copies solved" in out and "idle" not in out


def test_options_of_the_other_form_of_model_are_refused_all_at_once(resprout, tmp_path):
    (tmp_path / "m.ant").write_text(DECAY, encoding="utf-8")
    code, _, said = resprout("sensitivity", "--model", "m.ant", "--person", "rodent", "--vary", "k=normal(1")
    assert code == 2 and "--person" in said and "no output is named" in said and "says nothing" in said
    code, _, said = resprout("sensitivity", "--vary", "k=normal(1, 1)", "--dose", "x: 1")
    assert code == 2 and "--vary" in said and "--dose" in said and "--model FILE" in said
    code, _, said = resprout("sensitivity", "y@2", "--model", "m.ant")
    assert code == 2 and "no output of the model" in said
