"""The model as plain data, before it runs: stages, quantities, sources and the share assumed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from resprout.language import STAGES, Constant, Equation, Model

GRADES = ("measured", "fitted", "assumed", "defined")
Facts = dict[str, Any]
SOURCE_COLUMNS = ("source", "remission_source")
OUTSIDE_WORDS = {"people": "parameter of people", "rating": "parameter of ratings"}

HALF_POINTS = ("Kd", "EC50", "IC50")
"""Words for the concentration of a half-maximal effect; which one stands in the tables."""


def about_model(model: Model) -> Facts:
    """Everything `describe` prints: stages with their equations and constants, and how well each is known."""
    return {
        "model": model.name,
        "digest": model.digest,
        "states": len(model.states),
        "assigned": len(model.assigned),
        "constants": len(known_constants(model)) + sum(is_library(c) for c in model.constants.values()),
        "grades": grades_of(model),
        "share_assumed": share_assumed(grades_of(model)),
        "library": {**about_library(model), "drugs": drugs_of(model)},
        "sources": about_sources(model),
        "other_facts": {word: count_assumed(rows) for word, rows in other_facts(model).items()},
        "stages": [about_stage(model, number) for number in range(1, len(STAGES) + 1)],
    }


def about_stage(model: Model, number: int) -> Facts:
    """One stage: its equations in order of evaluation, its constants and the count of their grades."""
    grades = grades_of(model, number)
    return {
        "number": number,
        "stage": STAGES[number - 1],
        "grades": grades,
        "share_assumed": share_assumed(grades),
        "equations": [
            equation_row(equation) for equation in (*model.states, *model.assigned) if equation.stage == number
        ],
        "constants": [
            constant_row(constant)
            for constant in model.constants.values()
            if constant.stage == number and constant.role != "default" and not is_library(constant)
        ],
    }


def about_library(model: Model) -> Facts:
    """How well the numbers of the drugs beside ketamine are known; they count apart from the chain's own."""
    counts = Counter(constant.grade for constant in model.constants.values() if is_library(constant))
    grades = {grade: counts.get(grade, 0) for grade in GRADES}
    return {"grades": grades, "share_assumed": share_assumed(grades)}


def about_sources(model: Model) -> Facts:
    """How many sources there are, which are cited but missing, and which neither model nor measurements cite."""
    from resprout.calibrate.data_tables import data_rows

    entries = {entry["key"] for entry in model.tables.get("sources", ())}
    cited = {key for constant in model.constants.values() for key in constant.source.split()}
    rows = [row for table in model.tables.values() for row in table] + list(data_rows("measurements"))
    cited |= {key for row in rows for column in SOURCE_COLUMNS for key in row.get(column, "").split()}
    return {"entries": len(entries), "dangling": sorted(cited - entries), "unused": sorted(entries - cited)}


def is_library(constant: Constant) -> bool:
    """Whether a constant belongs to a drug beside the ketamine family."""
    chain = ("ketamine_", "S_ketamine_", "R_ketamine_", "saline_")
    return constant.file in ("drugs.tsv", "targets.tsv") and not constant.name.startswith(chain)


def equation_row(equation: Equation) -> Facts:
    """One equation as it stands in the model text, with unit and meaning."""
    mark = "'" if equation.kind == "state" else ""
    sign = "=" if equation.kind == "state" else ":="
    row = {key: getattr(equation, key) for key in ("name", "kind", "unit", "meaning")}
    return {**row, "equation": f"{equation.name}{mark} {sign} {equation.text}", "where": place(equation)}


def constant_row(constant: Constant) -> Facts:
    """One constant with unit, spread between people, source and grade."""
    row = asdict(constant)
    row["where"] = place(constant)
    return {key: value for key, value in row.items() if key not in ("file", "line")}


def place(quantity: Constant | Equation) -> str:
    """File and line of a quantity."""
    return f"{quantity.file}:{quantity.line}"


def other_facts(model: Model) -> dict[str, list[Facts]]:
    """What a model takes to be true outside its equations: rows of people.tsv and of ratings.tsv."""
    return {
        word: [constant_row(constant) for constant in model.constants.values() if constant.file == f"{word}.tsv"]
        for word in ("people", "ratings")
    }


def count_assumed(rows: list[Facts]) -> str:
    """How many facts there are and how many of them are assumed, in words."""
    assumed = sum(row["grade"] == "assumed" for row in rows)
    return f"{len(rows)} facts, {assumed} ({assumed / max(len(rows), 1):.0%}) assumed"


def known_constants(model: Model, stage: int | None = None) -> list[Constant]:
    """Constants of the chain that stand for facts: inputs and neutral defaults are no facts, drugs count apart."""
    return [
        constant
        for constant in model.constants.values()
        if constant.in_chain and constant.role not in ("input", "default") and not is_library(constant)
        if stage is None or constant.stage == stage
    ]


def grades_of(model: Model, stage: int | None = None) -> dict[str, int]:
    """How many constants bear each grade."""
    counts = Counter(constant.grade for constant in known_constants(model, stage))
    return {grade: counts.get(grade, 0) for grade in GRADES}


def share_assumed(grades: dict[str, int]) -> float:
    """Share of constants that are assumed, 0 to 1."""
    return grades["assumed"] / max(sum(grades.values()), 1)


def about_quantity(model: Model, name: str) -> Facts:
    """One quantity: what it is, where it comes from, what reads it and what it reads."""
    readers = [equation.name for equation in (*model.states, *model.assigned) if name in equation.reads]
    if name in model.constants:
        constant = model.constants[name]
        facts = {
            "is": f"{constant.role} of stage {constant.stage}, {STAGES[constant.stage - 1]}"
            if constant.stage
            else OUTSIDE_WORDS[constant.role],
            **constant_row(constant),
        }
        from resprout.trial.citations import citations

        facts["sources"] = citations(model, constant.source)
        return {**facts, "reads": [], "read_by": readers}
    equation = model.equations[name]
    word = "state" if equation.kind == "state" else "assigned quantity"
    facts = {"is": f"{word} of stage {equation.stage}, {STAGES[equation.stage - 1]}", **equation_row(equation)}
    return {**facts, "reads": list(equation.reads), "read_by": readers}


def drugs_of(model: Model) -> dict[str, list[Facts]]:
    """Every drug with the rows of drugs.tsv and targets.tsv that make it."""
    drugs: dict[str, list[Facts]] = {}
    for table in ("drugs", "targets"):
        for row in model.tables.get(table, ()):
            drugs.setdefault(row["drug"], []).append(dict(row))
    return drugs


def targets_of(model: Model) -> dict[str, list[Facts]]:
    """Every target with the drugs that act on it: half-maximal concentration (uM) and its kind, maximal effect, source, grade."""
    actions: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for row in model.tables.get("targets", ()):
        actions.setdefault((row["target"], row["drug"]), {})[row["property"]] = dict(row)
    targets: dict[str, list[Facts]] = {}
    for (target, drug), rows in actions.items():
        kind = next((name for name in HALF_POINTS if name in rows), "")
        half = rows.get(kind, {})
        others = {name: float(row["value"]) for name, row in rows.items() if name != kind}
        known = {key: half.get(key, "") for key in ("source", "grade", "meaning")}
        value = float(half["value"]) if half else None
        told = {"drug": drug, "half_point": kind, "value_uM": value, **known, "properties": others}
        targets.setdefault(target, []).append(told)
    return dict(sorted(targets.items()))


def drug_list(model: Model) -> list[Facts]:
    """Every drug in a line: what it acts on, how it can be given, and how well its numbers are known."""
    acts: dict[str, list[str]] = {}
    for target, rows in targets_of(model).items():
        for row in rows:
            acts.setdefault(row["drug"], []).append(target)
    ketamines = {row["drug"] for row in model.tables.get("drugs", ()) if row["property"] == "S_share"}
    lines = []
    for drug, rows in drugs_of(model).items():
        people = drug in ketamines or f"{drug}_central_volume" in model.constants
        ways = [("people", people), ("rodents", drug in ketamines or f"{drug}_ip_brain_peak" in model.constants)]
        ways += [("into the brain", f"{drug}_local_brain_peak" in model.constants)]
        grades = Counter(row["grade"] for row in rows)
        given = ", ".join(word for word, there in ways if there)
        lines.append({"drug": drug, "acts_on": acts.get(drug, []), "given_to": given, **{g: grades[g] for g in GRADES}})
    return lines


def cited_by(model: Model, key: str) -> list[str]:
    """What rests on a source: constants, also of people and ratings, ids of interventions and facts, trials."""
    from resprout.trial.protocol import read_protocol, shipped_protocols

    names = [constant.name for constant in model.constants.values() if key in constant.source.split()]
    rows = [row for table in ("interventions", "facts") for row in model.tables.get(table, ())]
    names += [row["id"] for row in rows if key in row["source"].split()]
    names += [name for name, scale in model.scales.items() if key in scale.remission_source.split()]
    return names + [name for name in shipped_protocols() if key in read_protocol(name, model)[0].source.split()]
