"""A hundred bad protocols made from good ones: each is refused with place and remedy, and none breaks the program."""

import random
import re

import pytest
import yaml

from resprout.app.cli import run
from resprout.language import load_model
from resprout.trial.protocol import read_protocol, shipped_protocols

MODEL = load_model()
MUTATIONS = 100
NAMES = sorted(shipped_protocols())


def misspell(text, chance):
    """A word that differs by one letter, so that it is no longer the word."""
    place = chance.randrange(len(text))
    return text[:place] + "zq" + text[place + 1 :]


def paths(node, at=()):
    """Every path to a value."""
    if isinstance(node, dict):
        return [path for key, value in node.items() for path in [(*at, key), *paths(value, (*at, key))]]
    if isinstance(node, list):
        return [path for index, value in enumerate(node) for path in paths(value, (*at, index))]
    return []


def parent(node, path):
    """The part that holds a path's last step."""
    for step in path[:-1]:
        node = node[step]
    return node


def rename_a_field(node, chance):
    path = chance.choice(
        [each for each in paths(node) if each[-1] not in ("minimum", "maximum") and "minimum" not in each]
    )
    holder = parent(node, path)
    holder[misspell(str(path[-1]), chance)] = holder.pop(path[-1])


def drop_a_needed_field(node, chance):
    needed = ["name", "title", "design", "control", "arms", "endpoints"]
    choice = chance.choice([*needed, "arm regimen", "arm name", "endpoint name", "visits"])
    if choice in needed:
        del node[choice]
    elif choice.startswith("arm"):
        del chance.choice(node["arms"])[choice.split()[1]]
    else:
        del chance.choice(node["endpoints"])["name" if choice == "endpoint name" else "visits"]


def misspell_a_choice(node, chance):
    field = chance.choice(["design", "control"])
    node[field] = misspell(node[field], chance)


def misspell_an_endpoint(node, chance):
    endpoint = chance.choice(node["endpoints"])
    endpoint["name"] = misspell(endpoint["name"], chance)


def misspell_a_regimen(node, chance):
    arm = chance.choice(node["arms"])
    arm["regimen"] = chance.choice(
        ["ketamin 0.5 mg/kg iv", "ketamine iv", "ketamine -1 mg iv", "", "ketamine nan mg iv", "🐎 1 mg"]
    )


def break_the_visits(node, chance):
    endpoint = chance.choice(node["endpoints"])
    endpoint["visits"] = chance.choice(
        [["0 min"], ["24 h", "0 min"], ["0 min", "soon"], [], "0 min", ["0 min", -1], None]
    )


def break_a_size(node, chance):
    arm = chance.choice(node["arms"])
    arm["first" if node["design"] == "crossover" else "size"] = chance.choice([-3, 2.5, "many", 10**9, None, [1]])


def break_the_entry(node, chance):
    node["entry"] = chance.choice(
        [
            {"minimum": {"HDRS99": 18}},
            {"age": [65, 18]},
            {"age": [18]},
            {"minimum": {"MADRS": 99}},
            {"genotype": ["Val"]},
            7,
        ]
    )


def break_the_type(node, chance):
    field = chance.choice(["arms", "endpoints", "entry", "replicates", "seed", "published", "analysis"])
    node[field] = chance.choice(["words", -1, {"a": 1}, [[]], 1e400])


def ask_for_an_impossible_analysis(node, chance):
    node["analysis"] = ["mmrm"] if node["design"] == "crossover" else ["rm_anova"]
    if len(node["arms"]) == 1:
        node["analysis"] = ["ancova"]


def name_a_primary_that_is_not_rated(node, chance):
    rated = [each["name"] for each in node["endpoints"]]
    other = next(scale for scale in MODEL.scales if scale not in rated)
    node["primary"] = chance.choice([{"endpoint": other, "time": "24 h"}, {"endpoint": rated[0], "time": "5 min"}])


def give_a_published_number_no_place(node, chance):
    row = {
        "evidence": "X1",
        "endpoint": node["endpoints"][0]["name"],
        "statistic": "mean",
        "value": 1,
        "verification": "read",
    }
    row |= chance.choice(
        [
            {"statistic": "meen", "time": "0 min"},
            {"time": "17 min"},
            {"arm": "ketamone", "time": "0 min"},
            {"value": "x"},
        ]
    )
    node["published"] = [row]


def break_the_phases(node, chance):
    good = {"name": "before", "regimen": "saline", "length": "7 d"}
    rule = {"endpoint": "MADRS", "at": ["7 d"], "fall": 0.5}
    bad = [
        {"length": "-7 d"},
        {"length": None},
        {"regimen": "ketamin 1 mg iv"},
        {"go_on": [rule | {"at": ["8 d"]}]},
        {"go_on": [rule | {"fall": 2}]},
        {"go_on": [rule | {"endpoint": "MDRS"}]},
        {"go_on": rule},
        {"visits": ["9 d"]},
        {"control": "sugar"},
    ]
    node["phases"] = chance.choice([7, [7], {}, [[]], [good | chance.choice(bad)], [good, good]])


def break_an_adjustment(node, chance):
    visit = node["endpoints"][0]["visits"][1]
    good = {"endpoint": node["endpoints"][0]["name"], "at": visit, "fall": 0.5, "regimen": "saline"}
    bad = [
        {"at": "17 s"},
        {"regimen": "ketamin 1 mg iv"},
        {"endpoint": "MDRS"},
        {"fall": 2},
        {"fall": None},
        {"arm": 1},
    ]
    chance.choice(node["arms"])["adjust"] = chance.choice([7, [7], good, [good | chance.choice(bad)]])


def break_the_rules(node, chance):
    bad = [
        7,
        [7],
        "if remission then stop",
        ["if remission then halt"],
        ["if remision then stop"],
        ["if XYZ at visit > 3 then stop"],
        ["if day > x then stop"],
        ["if remission then give ketamin 1 mg/kg iv"],
        ["if remission then dose up"],
        ["hold until SBP < 160"],
        ["if remission then stop, at most 0 times"],
        ["if SBP > 1.2 x basline then stop"],
    ]
    chance.choice(node["arms"])["rules"] = chance.choice(bad)


KINDS = [
    break_the_rules,
    break_an_adjustment,
    break_the_phases,
    rename_a_field,
    drop_a_needed_field,
    misspell_a_choice,
    misspell_an_endpoint,
    misspell_a_regimen,
    break_the_visits,
    break_a_size,
    break_the_entry,
    break_the_type,
    ask_for_an_impossible_analysis,
    name_a_primary_that_is_not_rated,
    give_a_published_number_no_place,
]


def mutated(number):
    """One bad protocol: a good one with one thing wrong."""
    chance = random.Random(number)
    node = yaml.safe_load(shipped_protocols()[NAMES[number % len(NAMES)]].read_text(encoding="utf-8"))
    KINDS[number % len(KINDS)](node, chance)
    return yaml.safe_dump(node, allow_unicode=True, sort_keys=False)


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_a_bad_protocol_is_refused_with_exit_2_place_and_remedy(number, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text(mutated(number), encoding="utf-8")
    code = run(["trial", "bad.yaml", "--replicates", "1", "--table", "t.csv"])
    told = capsys.readouterr()
    assert code == 2, mutated(number)
    assert "Traceback" not in told.err and told.out == ""
    first = told.err.splitlines()[0]
    assert re.match(r"error\s+bad\.yaml(:\d+)?  ", first), told.err
    # what was found stands on the first line; what was expected or what to do stands there or below
    assert re.search(r"Expected|Did you mean|Known|Try|Add|Use|needs|lists|takes|xpected", told.err)
    assert not (tmp_path / "t.csv").exists()


def test_every_shipped_protocol_can_be_read_before_it_is_broken():
    for name in NAMES:
        read_protocol(name, MODEL)
