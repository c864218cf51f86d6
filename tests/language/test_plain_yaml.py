"""YAML is read by the core schema of version 1.2, whatever it holds, in bounded time."""

import json
import math
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from resprout.errors import InputError
from resprout.language.plain_yaml import read_yaml, write_yaml

LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff")
TEXT = st.text(LETTERS, max_size=12)
SIMPLE = (
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUES = st.recursive(
    SIMPLE, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
# words at which versions and readers of YAML differ
WORDS = "012 -08 0o14 0x1F 1:30 190:20:30 1_000 1e3 1. .5 +.5e-2 .inf -.INF .nan yes No on ~ null True 2001-01-01 << = 0b11 - ? 1,2"


def value(text):
    document = read_yaml(text, "f.yaml")
    assert document.faults == []
    return document.value


@pytest.mark.parametrize(
    ("text", "means"),  # YAML 1.2.2, section 10.3.2 and example 10.9
    [
        ("", None),
        ("~", None),
        ("NULL", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("0o7", 7),
        ("0x3A", 58),
        ("-19", -19),
        ("0.", 0.0),
        ("-0.0", 0.0),
        (".5", 0.5),
        ("+12e03", 12000.0),
        ("-2E+05", -200000.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("no", "no"),
        ("Yes", "Yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("2001-12-14", "2001-12-14"),
        ("<<", "<<"),
        ("nULL", "nULL"),
        ("0X1", "0X1"),
        ("1e", "1e"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 1", 1.0),
        ('"\\ud83d\\ude00"', "\U0001f600"),
    ],
)
def test_a_word_means_what_the_core_schema_says(text, means):
    found = value(f"a: {text}")["a"]
    assert found == means and type(found) is type(means)


def test_not_a_number_is_read_as_such():
    assert math.isnan(value("a: .NaN")["a"])


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_json_means_the_same_as_yaml(given_value):  # YAML 1.2 holds JSON; Python's own reader of JSON is the reference
    assert value(json.dumps(given_value, ensure_ascii=False)) == given_value


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXT, VALUES | st.sampled_from(WORDS.split()), max_size=4))
def test_what_is_written_is_read_again_by_both_versions(given_value):
    text = write_yaml(given_value)
    assert value(text) == given_value
    assert yaml.safe_load(text) == given_value  # PyYAML reads version 1.1


PIECES = [
    "a",
    "b: ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "\n",
    "\n  ",
    "&x ",
    "*x",
    "!!str ",
    "! ",
    "'",
    '"',
    "|\n",
    "#",
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([*PIECES, *WORDS.split(), "\t", "\x00", "---\n", "%YAML 1.1\n", "\\", "? "]), max_size=40)
)
def test_any_text_is_read_or_refused_with_its_line(pieces):
    try:
        read_yaml("".join(pieces), "f.yaml")
    except InputError as error:
        assert all(fault.where.startswith("f.yaml") for fault in error.faults)


TOWER = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: &a [*a]", "f.yaml:1  `\\*a` stands inside what it names"),
        ("a: *b", "names nothing that stands before it"),
        (TOWER, "f.yaml:5  .*alias of aliases"),
        ("a: &a [" + "x," * 9000 + "]\nb: [*a, *a, *a]", "f.yaml:2  holds too many values"),
        ("[" * 5000, "nested too deeply"),
        ("- " * 50_000, "nested too deeply"),
        ("a:\n" + "".join(" " * n + "a:\n" for n in range(1, 600)), "nested too deeply"),
        ("? " * 50_000, "nested too deeply"),
        ("".join(f"k{n}: 1\n" for n in range(20_000)), "holds too many values"),
        ("a" * 300_000, "too large"),
        ("a: 1\n---\nb: 2", "f.yaml:3  holds two documents"),
    ],
)
def test_text_that_grows_when_it_is_read_is_refused_at_once(text, says):
    # a tower of aliases that is read in full does not end
    with pytest.raises(InputError, match=says):
        read_yaml(text, "f.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("size: 012", "f.yaml:1  `012` has a leading zero.*expected `12`"),
        ("size: -08", "has a leading zero"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3  `a` stands twice"),
        ("a: {b: 1, b: 2}", "`b` stands twice"),
        ("? [a]\n: 1", "a field has no plain name"),
        ("a: !!python/object:os.system x", "tag .* is not supported"),
        ("a: !!set {x}", "tag .* is not supported"),
        ("a: !!int x", "cannot be read"),
        ("a: " + "9" * 5000, "cannot be read"),
        ('a: "\\e[31m"', "control character U\\+001B"),
        ('"\\0": 1', "control character U\\+0000"),
        ('a: "\\ud83d"', "half a character"),
    ],
)
def test_what_has_no_clear_meaning_is_a_fault_with_its_line(text, says):
    (fault,) = read_yaml(text, "f.yaml").faults
    assert re.search(says, str(fault))


def test_an_alias_stands_for_what_it_names():
    document = read_yaml("a: &x [1, {b: 2}]\nc: *x", "f.yaml")
    assert document.value == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
    assert document.lines["c",] == 2
