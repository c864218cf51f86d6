"""Model files that libSBML or Antimony cannot read in bounded time and memory are refused before these see them."""

import os
import re
import resource
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resprout as rs
from resprout.exchange.assignment_chains import dependent_pairs
from resprout.exchange.file_limits import check_antimony_text, check_sbml_text

libsbml = pytest.importorskip("libsbml")
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'


def sbml(formula, functions="", more="", assignments=0):
    """A model of x' = formula, with a chain of assigned parameters."""
    chain = "".join(f'<parameter id="p{n}" value="1" constant="false"/>' for n in range(assignments))
    rules = "".join(
        f'<assignmentRule variable="p{n}">{MATH}<ci>p{n - 1}</ci></math></assignmentRule>'
        for n in range(1, assignments)
    )
    listed = f"<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>" if functions else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">\n'
        f'{more}{listed}<listOfParameters><parameter id="x" value="1" constant="false"/>{chain}</listOfParameters>\n'
        f'<listOfRules>{rules}<rateRule variable="x">{MATH}{formula}</math></rateRule></listOfRules></model></sbml>'
    )


def function(name, body):
    """A function of one argument."""
    return f'<functionDefinition id="{name}">{MATH}<lambda><bvar><ci>a</ci></bvar>{body}</lambda></math></functionDefinition>'


TWICE = "<apply><plus/><apply><ci>f{0}</ci><ci>a</ci></apply><apply><ci>f{0}</ci><ci>a</ci></apply></apply>"
DOUBLING = function("f0", "<ci>a</ci>") + "".join(function(f"f{n}", TWICE.format(n - 1)) for n in range(1, 60))
SQUARE = function("f", "<apply><times/><ci>a</ci><ci>a</ci></apply>")
BOMBS = {
    "deep.xml": (sbml("<apply><minus/>" * 20_000 + "<ci>x</ci>" + "</apply>" * 20_000), "deep.xml:4  .*1,000 deep"),
    "notes.xml": (sbml("<ci>x</ci>", more="<notes>" + "<p>" * 20_000 + "</p>" * 20_000 + "</notes>"), "1,000 deep"),
    "sum.xml": (sbml("<apply><plus/>" + "<ci>x</ci>" * 70_000 + "</apply>"), "more than 60,000 numbers, names"),
    "doubling.xml": (sbml("<apply><ci>f59</ci><ci>x</ci></apply>", DOUBLING), "more than a thousand million"),
    "argument.xml": (sbml("<apply><ci>f</ci>" * 50 + "<ci>x</ci>" + "</apply>" * 50, SQUARE), "thousand million"),
    "entities.xml": (
        sbml("<ci>x</ci>").replace("?>\n", '?>\n<!DOCTYPE s [<!ENTITY a "b">]>\n', 1),
        "entities.xml:2  .*document type",
    ),
    "parameters.xml": (sbml("<ci>x</ci>", more='<parameter id="p"/>' * 30_000), "more than 20,000 quantities"),
    "sum.ant": ("x = 1\nx' = " + "+".join(["x"] * 30_000), "sum.ant:2  a statement has too many terms"),
    "brackets.ant": ("x = 1\nx' = " + "(" * 3000 + "x" + ")" * 3000, "brackets.ant:2  brackets nest more than 200"),
    "doubling.ant": (
        "function f0(a)\n a\nend\n"
        + "".join(f"function f{n}(a)\n f{n - 1}(a) + f{n - 1}(a)\nend\n" for n in range(1, 60))
        + "x = 1\nx' = f59(x)",
        "thousand million",
    ),
    "argument.ant": ("function f(a)\n a*a\nend\nx = 1\nx' = " + "f(" * 50 + "x" + ")" * 50, "thousand million"),
    "submodels.ant": (
        "model m0()\n x = 1\n x' = -x\nend\n"
        + "".join(f"model m{n}()\n A: m{n - 1}()\n B: m{n - 1}();\nend\n" for n in range(1, 40)),
        "thousand million submodels",
    ),
    "chain.ant": ("p0 = 1\n" + "".join(f"p{n} := p{n - 1} + 1\n" for n in range(1, 2000)), "pairs of its assignments"),
    "chain.xml": (sbml("<ci>x</ci>", assignments=2000), "chain.xml  1,997,001 pairs of its assignments"),
    "dash.ant": ("x = 1\nx' = 2 \u2013 x", "dash.ant:2  column 8: `\u2013` .U.2013, en dash.*Write `-`"),
    "minus.ant": ("k = \u22121\nx = k", "minus.ant:1  column 5: .*minus sign.*Write `-`"),
    "blank.ant": ("x\u00a0= 1", "blank.ant:1  column 2: .*no-break space.*Write a space"),
    "times.ant": ("x = 2\u00b73", "column 6: .*middle dot.*Write `\\*`"),
}
TRY = """
import sys, resprout as rs
for name in sys.argv[1:]:
    try:
        rs.import_model(name)
    except rs.ModelError as error:
        print(error)
"""


def bounded():
    """1.5 GB: what the libraries map when they are imported, and little more."""
    resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))


def test_files_that_grow_when_they_are_read_end_with_a_sentence_in_seconds_and_little_memory(tmp_path):
    for name, (text, _) in BOMBS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    # a doubling function alone would take centuries
    done = subprocess.run(
        [sys.executable, "-c", TRY, *BOMBS],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=60,
        preexec_fn=bounded,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert len(told) == len(BOMBS)
    assert [line for line, (_, says) in zip(told, BOMBS.values(), strict=True) if not re.search(says, line)] == []


def test_letters_of_other_alphabets_may_stand_in_comments_and_names():
    check_antimony_text('// größe \u2013 µ\nx is "Größe"; x = 1 # \u2013\n/* \u2212\n */ y = 2', "a.ant")


@pytest.mark.parametrize("depth", [3, 300])
def test_a_nested_formula_of_usual_depth_is_read(tmp_path, depth):
    path = tmp_path / "nested.xml"
    path.write_text(sbml("<apply><minus/>" * (2 * depth) + "<ci>x</ci>" + "</apply>" * (2 * depth)), encoding="utf-8")
    run = rs.simulate_imported(rs.import_model(path), 1)
    assert float(run["x"][0, -1]) == pytest.approx(2.718281828459045, rel=1e-6)  # an even number of signs: x' = x


def test_a_sum_of_thousands_of_terms_is_solved(tmp_path):
    path = tmp_path / "sum.xml"
    path.write_text(sbml("<apply><minus/><apply><plus/>" + "<ci>x</ci>" * 3000 + "</apply></apply>"), encoding="utf-8")
    run = rs.simulate_imported(rs.import_model(path), 1e-3)
    assert float(run["x"][0, -1]) == pytest.approx(0.049787068367863944, rel=1e-6)  # exp(-3)


TERMS = st.recursive(
    st.sampled_from(["a", "2"]),
    lambda inner: (
        st.tuples(st.sampled_from(["f0({})", "f1({})", "exp({})"]), inner).map(lambda t: t[0].format(t[1]))
        | st.tuples(inner, inner).map(lambda t: f"{t[0]} + {t[1]}")
    ),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(TERMS, min_size=2, max_size=2), TERMS)
def test_the_size_of_a_formula_is_that_which_libsbml_writes_out(bodies, formula):
    from resprout.exchange.expanded_size import expanded_symbols

    names = [
        f"function f{n}(a)\n {body.replace('f1', 'f0') if n else body.replace('f0', '').replace('f1', '')}\nend\n"
        for n, body in enumerate(bodies)
    ]
    import antimony

    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString("".join(names) + f"a = 1; x = 1\nx' = {formula}") >= 0
    text = antimony.getSBMLString(antimony.getMainModuleName())
    check_sbml_text(text, "a.xml")
    document = libsbml.readSBMLFromString(text)
    expected, _ = expanded_symbols(document.getModel())
    document.expandFunctionDefinitions()
    waiting, written = [document.getModel().getRule(0).getMath()], 0
    while waiting:
        tree = waiting.pop()
        written += 1
        waiting += [tree.getChild(index) for index in range(tree.getNumChildren())]
    assert expected == written


def test_pairs_of_assignments_that_depend_on_each_other_are_counted_once():
    assert dependent_pairs({"a": {"k"}, "b": {"a"}, "c": {"b", "a"}, "d": {"c"}}) == 6  # b-a, c-b, c-a, d-c, d-b, d-a
    assert dependent_pairs({f"p{n}": {f"p{n - 1}"} for n in range(100)}) == 99 * 100 // 2
    assert dependent_pairs({"a": {"b"}, "b": {"a"}}) <= 4  # a circle ends
