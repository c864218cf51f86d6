"""What a person sees who makes a mistake: exit code 2, what was found, what to do, no traceback, no file."""

import shutil
from pathlib import Path

import pytest

from resprout.language import shipped_folder

KETAMINE = "ketamine 0.5 mg/kg iv over 40 min"
FILES = ("--table", "t.csv", "--out", "run.nc", "--report", "r.html")
FEW = ("--patients", "2", "--days", "1")

REGIMENS = {
    "ketamin 0.5 mg/kg iv over 40 min": "`ketamine`",  # wrong drug
    "ketamine 0.5 mg/stone iv": "mg/stone",  # wrong unit
    "ketamine 0.5 mg/kg ivv over 40 min": "ivv",  # wrong route
    "ketamine -0.5 mg/kg iv over 40 min": "-0.5",  # negative dose
    "ketamine mg/kg iv over 40 min": "amount",  # no number
    "ketamine nan mg/kg iv over 40 min": "nan",  # not finite
    "": "empty",
}


def no_traceback(text):
    return "Traceback" not in text and 'File "' not in text


@pytest.mark.parametrize(("regimen", "named"), REGIMENS.items())
def test_a_wrong_regimen_is_named_and_leaves_no_file(resprout, tmp_path, regimen, named):
    code, out, err = resprout("simulate", regimen, *FEW, *FILES)
    assert code == 2
    assert err.startswith("error") and named in err
    assert out == "" and no_traceback(err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--outputs", "spine_densty"), "`spine_density`"),
        (("--set", "glial_uptak=0.7"), "`glial_uptake`"),
        (("--block", "mTORC=0.9"), "`mTORC1`"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(resprout, tmp_path, options, named):
    code, out, err = resprout("simulate", KETAMINE, *FEW, *FILES, *options)
    assert code == 2
    assert f"Did you mean {named}?" in err
    assert out == "" and no_traceback(err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--set", "glial_uptake=nan"), "nan"),
        (("--set", "glial_uptake=inf"), "inf"),
        (("--set", "glial_uptake=-1"), "-1"),
        (("--set", "ketamine_NMDA_trapping=1.2"), "1.2"),
        (("--set", "glial_uptake"), "NAME=VALUE"),
        (("--block", "AMPA=lots"), "lots"),
        (("--block", "AMPA=1.5"), "1.5"),
        (("--block", "AMPA=-0.1"), "-0.1"),
        (("--days", "nan"), "nan"),
        (("--days", "-3"), "-3"),
        (("--patients", "0"), "`--patients` is too small.\n       Expected 1 or more."),
        (("--patients", "many"), "`--patients` is not what it should be.\n       Expected a whole number."),
        (("--allow-failures", "3"), "`--allow-failures` is too large.\n       Expected 1 or less."),
        (("--hours", "ten"), "`--hours` is not what it should be.\n       Expected a number."),
        (("--genotype", "val/leu"), "val/leu"),
        (("--population", "mddd"), "mdd"),
        (("--entry", "HDRS17>=x"), "HDRS17>=x"),
        (("--entry", "HDRS177>=18"), "`HDRS17`"),
        (("--outputs", ","), "--outputs"),
        (("--table", "t.docx"), ".csv"),
        (("--out", "run.h5"), ".nc"),
        (("--report", "no/such/folder/r.html"), "no/such/folder"),
        (("--model", "nowhere"), "nowhere"),
        (("--bogus",), "--bogus"),
    ],
)
def test_a_wrong_option_says_what_was_expected(resprout, tmp_path, options, named):
    code, out, err = resprout("simulate", KETAMINE, *FEW, *options)
    assert code == 2
    assert err.startswith("error") and named in err
    assert out == "" and no_traceback(err)
    assert list(tmp_path.iterdir()) == []


def test_all_mistakes_of_a_command_line_are_told_at_once(resprout):
    _, _, err = resprout("simulate", KETAMINE, "--set", "a=nan", "--block", "b", "--table", "t.doc", "--days", "0")
    assert all(option in err for option in ("--set", "--block", "--table", "--days"))
    assert err.count("error  ") == 4


def test_a_broken_model_is_told_with_file_and_line(resprout, tmp_path_factory, tmp_path):
    folder = tmp_path_factory.mktemp("broken") / "model"
    shutil.copytree(shipped_folder(), folder)
    table = folder / "parameters.tsv"
    lines = table.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split("\t")
    cells[1] = "much"
    table.write_text("\n".join([lines[0], "\t".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    code, out, err = resprout("simulate", KETAMINE, *FEW, "--model", folder, *FILES)
    assert code == 2
    assert "parameters.tsv:2" in err and "`much`" in err
    assert out == "" and no_traceback(err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("describe", "glial_uptak"), "`glial_uptake`"),
        (("simualte",), "simulate"),
        (("trial", "berman200"), "berman2000"),
        (("trial", "berman2000", "--table", "t.xls"), ".csv"),
        (("figure", "9"), "figure 1"),
        (("figure", "1", "--out", "f.docx"), ".html"),
        (("export", "--to", "sbmll", "m.xml"), "`sbml`"),
        (("export", "--to", "sbml", "m.doc"), ".xml"),
    ],
)
def test_other_commands_answer_a_mistake_alike(resprout, tmp_path, words, named):
    code, _, err = resprout(*words)
    assert code == 2
    assert err.startswith("error") and named in err and no_traceback(err)
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_the_program_shows_no_traceback_unless_asked(resprout, monkeypatch):
    def broken(folder):
        raise RuntimeError("a wire came loose")

    monkeypatch.setattr("resprout.language.load_model", broken)
    code, _, err = resprout("describe")
    assert code == 1
    assert "a wire came loose" in err and "RESPROUT_DEBUG=1" in err and no_traceback(err)
    monkeypatch.setenv("RESPROUT_DEBUG", "1")
    assert "Traceback" in resprout("describe")[2]


def test_an_interruption_stops_quietly(resprout, monkeypatch):
    def interrupted(folder):
        raise KeyboardInterrupt

    monkeypatch.setattr("resprout.language.load_model", interrupted)
    code, _, err = resprout("describe")
    assert code == 130 and no_traceback(err)


def test_a_killed_writing_leaves_nothing_that_looks_whole(tmp_path):
    from resprout.app.output_files import atomic_path

    target = Path(tmp_path / "t.csv")
    target.write_text("the old table", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as draft:
        draft.write_text("half a ta", encoding="utf-8")
        raise KeyboardInterrupt
    assert target.read_text(encoding="utf-8") == "the old table"
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_patients_that_cannot_be_solved_end_with_code_3(resprout, tmp_path):
    # with the ceiling of spines at the healthy density there is no place for any spine, and nobody can be solved
    code, out, err = resprout("simulate", KETAMINE, "--patients", "5", "--set", "spine_ceiling=1.0", *FILES)
    assert code == 3
    assert "patient 0  5 of 5 patients could not be solved." in err and out == ""
    assert list(tmp_path.iterdir()) == []
