"""`resprout mbma`: what it prints and writes."""

import functools
import json

import resprout.app.mbma_command as mbma_command


def test_effects_coverage_and_pictures_and_every_row_in_json(resprout, tmp_path, monkeypatch):
    # both commands show the same fit, which takes ten seconds
    monkeypatch.setattr(mbma_command, "fit_and_leave_out", functools.cache(mbma_command.fit_and_leave_out))
    code, out, _ = resprout("mbma", "--forest", "f.html", "--over-time", "t.svg.html", "--table", "rows.csv")
    assert code == 0
    for words in ("ketamine", "placebo, first days", "each predicted without its trial", "inside 90 %", "not medical"):
        assert words in out
    assert "plotly" in (tmp_path / "f.html").read_text(encoding="utf-8").lower()
    assert (
        (tmp_path / "rows.csv")
        .read_text(encoding="utf-8")
        .startswith("trial,evidence,arm,control,endpoint,time_h,improvement")
    )
    code, out, _ = resprout("mbma", "--json")
    facts = json.loads(out)
    assert code == 0 and len(facts["rows"]) > 30
    assert set(facts["coverage"]) == {"50", "80", "90", "95"}
    assert {row["covered_90"] for row in facts["rows"]} == {True, False}


def test_a_file_of_another_kind_is_refused(resprout):
    code, _, said = resprout("mbma", "--forest", "forest.docx")
    assert code == 2 and "forest.docx" in said
