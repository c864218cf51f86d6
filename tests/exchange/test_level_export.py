"""Observed people for NONMEM and nlmixr2: the exported formulas, integrated by SciPy, give the levels of the engine; the table is read back."""

import math
import re

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import resprout as rs
from resprout.app.cli import run
from resprout.exchange.level_model import parse_infix, written
from resprout.exchange.level_records import COLUMNS, level_records
from resprout.exchange.nlmixr_script import nlmixr_script
from resprout.exchange.nonmem_control import control_stream, short_names
from resprout.patients.dataset import Setting
from resprout.patients.expected_ratings import history_of, solve_history
from resprout.patients.read_data import read_data
from resprout.people.typical import typical_patient

MODEL = rs.load_model()
HEADER = "patient,time_h,evid,drug,route,dose_mg,duration_min,endpoint,value,unit,lloq,weight_kg,CYP2B6\n"
LEVELS = ("ketamine", "norketamine", "hydroxynorketamine")
TOLERANCE = 3e-3  # of the engine 1e-3 of a level, see expected_ratings.LOOSE


def read(tmp_path, rows, name="a.csv"):
    """A table from its rows."""
    (tmp_path / name).write_text(HEADER + rows, encoding="utf-8")
    return read_data(tmp_path / name, model=MODEL)


def table(drug, route, dose, minutes, endpoints, weight=92, enzyme="slow"):
    """One person with two doses a day apart, and levels after both."""
    ends = f"{weight},{enzyme}\n"
    rows = f"1,0,1,{drug},{route},{dose},{minutes},,,,,{ends}"
    rows += "".join(f"1,{hour},0,,,,,{name},50,ng/mL,2,{ends}" for hour in (0.5, 2, 9) for name in endpoints)
    rows += f"1,24,1,{drug},{route},{dose},{minutes},,,,,{ends}1,24.5,0,,,,,MADRS,20,,,{ends}"
    return rows + "".join(f"1,{hour},0,,,,,{name},50,ng/mL,2,{ends}" for hour in (25, 30) for name in endpoints)


CASES = {
    "infusion of the racemate with metabolites": table("ketamine", "iv", 40, 40, LEVELS),
    "bolus of the enantiomer": table("esketamine", "iv", 20, "", ("ketamine",)),
    "tablets of the racemate": table("ketamine", "oral", 100, "", ("ketamine", "norketamine")),
    "spray": table("esketamine", "nasal", 56, "", ("ketamine",)),
    "muscle": table("ketamine", "im", 40, "", ("ketamine",)),
    "another drug by mouth": table("midazolam", "oral", 10, "", ("midazolam",)),
}


def by_engine(data):
    """The levels that the engine expects of the typical person of a table, by endpoint and hour."""
    person, own = data.people[0], data.people[0].occasions[0]
    who = typical_patient(weight_kg=person.covariates["weight"], CYP2B6=person.covariates["CYP2B6"], model=MODEL)
    history = history_of(own, Setting(), resistant=False)
    solved = solve_history(MODEL, who, history)
    levels = [name for name in history.visits if name != "MADRS"]
    return {(name, hour): solved.at(name, np.array([hour]))[0, 0] for name in levels for hour in history.visits[name]}


def integrated(rates, names, rows, at):
    """Amounts at the records of a person, by SciPy: doses enter at once or at their rate.

    rates   (amounts) -> rates of change          at   called with each record and the amounts then
    """
    amounts, hour, flows = np.zeros(len(names)), 0.0, []
    ends = [row["TIME"] + row["AMT"] / row["RATE"] for row in rows if row.get("RATE")]
    for moment in sorted({*(row["TIME"] for row in rows), *ends}):
        if moment > hour:
            running = [flow for flow in flows if flow[2] > hour]

            def change(_, y, running=running):
                found = np.array(rates(y))
                for place, rate, _ in running:
                    found[place] += rate
                return found

            amounts = solve_ivp(change, (hour, moment), amounts, "LSODA", rtol=1e-8, atol=1e-10).y[:, -1]
            hour = moment
        for row in (row for row in rows if row["TIME"] == moment):
            place = int(row["CMT"]) - 1
            if row.get("RATE"):
                flows.append((place, row["RATE"], moment + row["AMT"] / row["RATE"]))
            elif row["EVID"] == 1:
                amounts[place] += row["AMT"]
            else:
                at(row, amounts)


def by_control_stream(text, records):
    """The levels that a control stream says of its first person, at the first estimates and without random effects."""
    parts = re.split(r"^\$(\w+)", re.sub(r" &\n", " ", re.sub(r";.*", "", text)), flags=re.MULTILINE)
    blocks = {
        name: body
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
        if name in ("PK", "DES", "ERROR", "THETA")
    }
    theta = [0.0] + [float(each.split(",")[1].strip(" )")) for each in re.findall(r"\(.*\)", blocks["THETA"])]
    words = {"EXP": math.exp, "LOG": math.log, "SQRT": math.sqrt, "PHI": lambda x: x, "THETA": theta.__getitem__}
    words |= {"ETA": lambda number: 0.0, "EPS": lambda number: 0.0}

    def python(body):
        body = re.sub(r"\.EQ\.", " == ", re.sub(r"\.LE\.", " <= ", body)).replace("ENDIF", "")
        body = re.sub(
            r"^IF \((.*?)\) (?!THEN)", r"if \1: ", re.sub(r"^\s*(?=Y =|F_FLAG)", "  ", body, flags=re.M), flags=re.M
        )
        body = re.sub(
            r"^  (F_FLAG = 0)", r"\1", re.sub(r"IF \((.*)\) THEN", r"if \1:", body).replace("ELSE", "else:"), flags=re.M
        )
        return compile(re.sub(r"DADT\((\d+)\)", r"DADT[\1]", body), "control stream", "exec")

    pk, des, error = (python(blocks[name]) for name in ("PK", "DES", "ERROR"))
    scope = dict(words) | dict.fromkeys(COLUMNS, 0.0) | dict(records.rows[0])
    exec(pk, scope)
    names = records.compartments

    def rates(y):
        scope["A"], scope["DADT"] = lambda number: y[number - 1], [0.0] * (len(names) + 1)
        exec(des, scope)
        return scope["DADT"][1:]

    found = {}

    def at(row, y):
        scope.update(dict.fromkeys(("LLOQ", "BLQ", "DVID"), 0) | row, A=lambda number: y[number - 1])
        exec(error, scope)
        if row["DVID"] < 11:
            found[records.endpoints[row["DVID"]], row["TIME"]] = scope["IPRED"]

    integrated(rates, names, records.rows, at)
    return found


def by_r_script(text, records):
    """The levels that an R script says of the first person, at the first estimates and without random effects."""
    lines = [re.sub(r"#.*", "", line).strip() for line in text.splitlines()]
    start, model = lines.index("ini({"), lines.index("model({")
    scope = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt}
    scope |= {"expit": lambda x: 1 / (1 + math.exp(-x)), "logit": lambda x: math.log(x / (1 - x))} | dict(
        records.rows[0]
    )
    for line in lines[start:model]:
        if line.startswith("tv_"):
            exec(line.replace("<-", "="), scope)
        elif " ~ " in line:
            scope |= dict.fromkeys(line.partition(" ~ ")[0].split(" + "), 0.0)
    body = [
        line.replace("^", "**").replace(" <- ", " = ")
        for line in lines[model + 1 :]
        if " <- " in line and "nlmixr2(" not in line
    ]
    code = compile(re.sub(r"d/dt\((\w+)\)", r"rate_\1", "\n".join(body)), "R script", "exec")
    names = records.compartments

    def rates(y):
        scope.update(zip(names, y, strict=True))
        exec(code, scope)
        return [scope[f"rate_{name}"] for name in names]

    found = {}

    def at(row, y):
        rates(y)
        if row["DVID"] < 11:
            found[records.endpoints[row["DVID"]], row["TIME"]] = scope[records.endpoints[row["DVID"]]]

    integrated(rates, names, records.rows, at)
    return found


@pytest.mark.parametrize("name", CASES)
def test_exported_formulas_give_the_levels_of_the_engine(tmp_path, name):
    data = read(tmp_path, CASES[name])
    records = level_records(data, MODEL)
    expected = by_engine(data)
    assert len(expected) >= 5
    assert by_control_stream(control_stream(records, 0.15, "test"), records) == pytest.approx(expected, rel=TOLERANCE)
    assert by_r_script(nlmixr_script(records, 0.15, "test"), records) == pytest.approx(expected, rel=TOLERANCE)


def test_the_exported_table_is_read_as_the_same_people(tmp_path, capsys):
    assert run(["data", "export", "example", "--to", "nonmem", "--out", str(tmp_path / "out")]) == 0
    assert "not carried: MADRS" in capsys.readouterr().out
    first, again = (
        read_data("example", model=MODEL),
        read_data(tmp_path / "out/data.csv", tmp_path / "out/mapping.yaml", model=MODEL),
    )
    assert again.setting == first.setting and len(again) == len(first)
    for one, other in zip(first.people, again.people, strict=True):
        assert {name: one.covariates[name] for name in ("age", "sex", "weight", "CYP2B6")} == other.covariates
        for occasion, same in zip(one.occasions, other.occasions, strict=True):
            seen = [(each.endpoint, each.time_h, each.value, each.below) for each in occasion.observations]
            assert [(each.endpoint, each.time_h, each.value, each.below) for each in same.observations] == seen
            # racemic ketamine is half S-ketamine and half R-ketamine
            halves = {
                (dose.drug, time): (dose.amount_mg, dose.duration_h) for dose in same.doses for time in dose.times_h
            }
            whole = {time: (dose.amount_mg / 2, dose.duration_h) for dose in occasion.doses for time in dose.times_h}
            assert {time for _, time in halves} == set(whole) and len(halves) == 2 * len(whole)
            for (_, time), half in halves.items():
                assert half == pytest.approx(whole[time], rel=1e-9)  # ten digits are written


def test_limits_resets_and_dots_are_those_of_nonmem(tmp_path):
    rows = "1,0,1,ketamine,iv,40,40,,,,,70,normal\n1,9,0,,,,,ketamine,<2,ng/mL,,70,normal\n1,20,3,,,,,,,,,70,normal\n"
    rows += "1,21,4,ketamine,iv,30,40,,,,,70,normal\n1,22,0,,,,,ketamine,80,ng/mL,2,70,normal\n"
    (tmp_path / "a.csv").write_text(HEADER + rows, encoding="utf-8")
    assert run(["data", "export", str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]) == 0
    lines = (tmp_path / "out/data.csv").read_text().splitlines()
    cells = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    told = [tuple(row[name] for name in ("TIME", "EVID", "AMT", "DV", "LLOQ", "BLQ")) for row in cells]
    assert told == [
        ("0", "1", "20", ".", ".", "."), ("0", "1", "20", ".", ".", "."), ("9", "0", ".", "2", "2", "1"),
        ("21", "3", ".", ".", ".", "."), ("21", "1", "15", ".", ".", "."), ("21", "1", "15", ".", ".", "."),
        ("22", "0", ".", "80", "2", "0"),
    ]  # fmt: skip
    control = (tmp_path / "out/model.ctl").read_text()
    assert f"$INPUT {' '.join(COLUMNS)}" in control and lines[0] == ",".join(COLUMNS) and "LAPLACIAN" in control
    assert max(map(len, control.splitlines())) <= 160  # what NM-TRAN reads of a line


def test_names_are_short_and_each_stands_once():
    names = short_names([*MODEL.constants, *MODEL.equations])
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch(r"[A-Z]\w{0,19}", name) for name in names.values())


@pytest.mark.parametrize(
    "text", ["a - (b - c)", "a / (b * c)", "-(a + b) * c", "a ^ (b + 1)", "a + (-b)", "a - b * c", "(a / b) / c"]
)
def test_a_formula_written_for_another_program_keeps_its_value(text):
    values = {"a": 1.7, "b": 0.3, "c": 2.9}
    assert eval(written(parse_infix(text), str, "**", {}), values) == pytest.approx(
        eval(text.replace("^", "**"), values), rel=1e-15
    )
    assert "+ -" not in written(parse_infix(text), str, "**", {})


def test_what_cannot_be_exported_is_refused_with_what_to_do(tmp_path, capsys):
    mixed = table("ketamine", "im", 40, "", ("ketamine",)) + "2,48,1,ketamine,nasal,56,,,,,,92,slow\n"
    (tmp_path / "a.csv").write_text(HEADER + mixed, encoding="utf-8")
    assert run(["data", "export", str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]) == 2
    assert "routes with different absorption" in capsys.readouterr().err
    assert run(["data", "export", "example", "--drug", "midazolam", "--out", str(tmp_path / "out")]) == 2
    assert "Expected one of ketamine" in capsys.readouterr().err
    assert run(["data", "export", "example", "--to", "monolix", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "Expected one of nonmem, nlmixr2" in said and "holds other things, such as `a.csv`" in said
    assert not (tmp_path / "out").exists()
