"""`--size`: figures of one and two columns by the command, and what is said where the option makes no sense."""

import pytest


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_a_figure_is_written_without_a_browser(resprout, tmp_path, monkeypatch, form):
    monkeypatch.setenv("PATH", "")
    code, out, said = resprout("figure", "3", "--point", "--out", f"f.{form}", "--size", "single")
    assert (code, said) == (0, "") and f"wrote f.{form}" in out
    assert (tmp_path / f"f.{form}").stat().st_size > 10_000


def test_all_faults_of_a_width_and_a_file_are_told_at_once(resprout, tmp_path):
    code, _, said = resprout("figure", "3", "--out", "f.bmp", "--size", "triple")
    assert code == 2 and "triple" in said and "single (85 mm)" in said and ".pdf" in said and "f.bmp" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("figure", "3", "--size", "single"), "--out fig3.pdf"),
        (("compare", "--size", "double"), "no figure to give a width"),
        (("mbma", "--table", "t.csv", "--size", "double"), "no figure to give a width"),
        (("sensitivity", "--size", "double", "--out", "s.html"), "--out s.pdf"),
        (("trial", "berman2000", "--size", "single"), "no figure to give a width"),
    ],
)
def test_a_width_without_a_figure_for_print_is_refused(resprout, words, told):
    code, _, said = resprout(*words)
    assert code == 2 and told in " ".join(said.split())
