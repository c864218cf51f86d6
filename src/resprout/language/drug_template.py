"""drug.ant and its tables -> equations of any number of named drugs: one template, instantiated under each drug's own name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resprout.errors import Fault, nearest
from resprout.language.records import Constant, Equation
from resprout.language.stages import read_statements
from resprout.language.tables import read_number, read_table

LIBRARY = "library"
"""The row of molecules.tsv that any drug given by a scenario follows."""
_SECTION = re.compile(r"// section (?P<name>\w+)(?: \(stage (?P<stage>[1-6])\))?\s*$")
_LINE = re.compile(r"(?P<name>[A-Za-z]\w*)(?P<prime>')?\s*(?P<sign>:=|\+=|\*=|=)\s*(?P<text>.*)", re.DOTALL)
_COMMENT = re.compile(r"\[(?P<unit>\w+)\]\s*(?P<meaning>\S.*)")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Line:
    """One line of the template, with its placeholders.

    sign   `'=` rate of a state, `:=` assigned quantity, `+=` a further term, `*=` a further factor
    """

    section: str
    stage: int
    name: str
    sign: str
    text: str
    unit: str
    meaning: str
    line: int


@dataclass(frozen=True)
class Molecule:
    """What is instantiated: the name it gets, the sections it has, the drug it is formed from, the targets it acts on."""

    name: str
    sections: tuple[str, ...]
    parent: str = ""
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Property:
    """A constant of every drug: name after the drug's (`M1_Kd`), neutral default (None: none), unit, role, bounds, meaning."""

    name: str
    default: float | None
    unit: str
    stage: int
    role: str
    lower: float | None
    upper: float | None
    meaning: str
    line: int


@dataclass(frozen=True)
class Template:
    """The template of one drug and everything that fills it.

    lines        of drug.ant                         molecules   that every model holds, by name
    library      sections of any other drug          targets     target -> name of its half-maximal concentration
    properties   constants of every drug, by name    bindings    quantities of molecules that follow from other constants
    """

    lines: tuple[Line, ...]
    molecules: tuple[Molecule, ...]
    library: Molecule
    targets: Mapping[str, str]
    properties: Mapping[str, Property]
    bindings: tuple[Equation, ...]


def read_template(folder: Path, faults: list[Fault]) -> Template | None:
    """The drug template of a model folder; None if the folder has none."""
    if not (folder / "drug.ant").exists():
        return None
    lines = _read_lines(folder / "drug.ant", faults)
    targets = {row["target"]: row["half_point"] for _, row in read_table(folder / "drug_targets.tsv", faults)}
    found = _read_molecules(folder / "molecules.tsv", {line.section for line in lines}, targets, faults)
    library = found.pop(LIBRARY, Molecule(LIBRARY, ()))
    bindings = tuple(
        Equation(row["name"], "assigned", row["formula"], row["unit"], 1, row["meaning"], "bindings.tsv", line)
        for line, row in read_table(folder / "bindings.tsv", faults)
    )
    return Template(lines, tuple(found.values()), library, targets, read_properties(folder, faults), bindings)


def read_properties(folder: Path, faults: list[Fault]) -> dict[str, Property]:
    """Properties that a drug may have, by name: `clearance`, or with the target before it, `M1_Kd`."""
    found = {}
    path = folder / "drug_properties.tsv"
    for line, row in read_table(path, faults) if path.exists() else []:
        name = "_".join(part for part in (row["target"], row["property"]) if part)
        number = {
            key: read_number(row[key], f"{path.name}:{line}", faults) if row[key] else None
            for key in ("default", "lower", "upper")
        }
        stage = 2 if row["target"] and row["target"] != "CYP2D6" else 1
        told = {"unit": row["unit"], "role": row["role"], "meaning": row["meaning"], "line": line}
        found[name] = Property(name=name, stage=stage, **number, **told)  # type: ignore[arg-type]
    return found


def _read_lines(path: Path, faults: list[Fault]) -> tuple[Line, ...]:
    sections = _sections(path)
    found = []
    for statement in read_statements(path, faults):
        section, stage = sections[statement.line]
        match = _LINE.fullmatch(statement.text)
        wrong = {"=": None, ":=": "'"}
        if match is None or wrong.get(match["sign"], "") == match["prime"]:
            said = "Expected `drug_x' = ...`, `drug_x := ...`, `x += ...` or `x *= ...`."
            faults.append(Fault(f"`{statement.text[:60]}` is not understood.", statement.place, said))
            continue
        adds = match["sign"] in ("+=", "*=")
        comment = _COMMENT.fullmatch(statement.comment)
        if comment is None and not adds:
            expected = "Expected a comment `// [unit] meaning` on the line."
            faults.append(Fault(f"`{match['name']}` has no unit and meaning.", statement.place, expected))
            continue
        unit, meaning = (comment["unit"], comment["meaning"].strip()) if comment else ("", "")
        sign = "'=" if match["sign"] == "=" else match["sign"]
        found.append(Line(section, stage, match["name"], sign, match["text"].strip(), unit, meaning, statement.line))
    return tuple(found)


def _sections(path: Path) -> dict[int, tuple[str, int]]:
    """The section and stage that each line of the file belongs to."""
    section, stage, found = "", 1, {}
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = _SECTION.fullmatch(text)
        if match:
            section, stage = match["name"], int(match["stage"] or 1)
        found[number] = (section, stage)
    return found


def _read_molecules(
    path: Path, sections: set[str], targets: Mapping[str, str], faults: list[Fault]
) -> dict[str, Molecule]:
    found = {}
    for line, row in read_table(path, faults):
        where = f"{path.name}:{line}"
        for section in set(row["sections"].split()) - sections:
            faults.append(Fault(f"`{section}` is no section of drug.ant.", where, remedy=nearest(section, sections)))
        for target in set(row["targets"].split()) - set(targets):
            faults.append(Fault(f"`{target}` is no target of a drug.", where, remedy=nearest(target, targets)))
        chosen = tuple(row["targets"].split()) or tuple(targets)
        found[row["molecule"]] = Molecule(row["molecule"], tuple(row["sections"].split()), row["parent"], chosen)
    return found


def instantiate(template: Template, molecules: Iterable[Molecule]) -> tuple[list[Equation], list[Line]]:
    """Equations of these molecules under their own names, and the terms and factors they add to other quantities."""
    equations, additions = [], []
    for molecule in molecules:
        for line in template.lines:
            if line.section not in molecule.sections:
                continue
            named = _every_target(line, molecule, template.targets)
            for own in (_named(each, molecule) for each in named):
                if own.sign in ("+=", "*="):
                    additions.append(own)
                else:
                    kind = "state" if own.sign == "'=" else "assigned"
                    told = (own.unit, own.stage, own.meaning, "drug.ant", own.line)
                    equations.append(Equation(own.name, kind, own.text, *told))
    return equations, additions


def _every_target(line: Line, molecule: Molecule, targets: Mapping[str, str]) -> list[Line]:
    """A line about `target` once for each target of the molecule; any other line as it is."""
    if not line.name.startswith("target_") and "_target_" not in line.text:
        return [line]

    def about(target: str, text: str) -> str:
        text = text.replace("_target_half_point", f"_{target}_{targets[target]}").replace("_target_", f"_{target}_")
        return re.sub(r"\btarget_", f"{target}_", text)

    return [replace(line, name=about(t, line.name), text=about(t, line.text)) for t in molecule.targets]


def _named(line: Line, molecule: Molecule) -> Line:
    def own(word: re.Match[str]) -> str:
        for placeholder, name in (("drug_", molecule.name), ("parent_", molecule.parent)):
            if word[0].startswith(placeholder):
                return f"{name}_{word[0].removeprefix(placeholder)}"
        return word[0]

    meaning = re.sub(r"\bdrug\b", molecule.name.replace("_", "-"), line.meaning)
    return replace(line, name=_WORD.sub(own, line.name), text=_WORD.sub(own, line.text), meaning=meaning)


def combine(equations: Sequence[Equation], additions: Iterable[Line], faults: list[Fault]) -> list[Equation]:
    """Equations with the terms and factors that drugs add; one that starts from 0 (terms) or 1 (factors) has those alone."""
    text = {equation.name: equation.text for equation in equations}
    started = {name: value for name, value in text.items() if value in ("0", "1")}
    for line in additions:
        if line.name not in text:
            remedy = nearest(line.name, text)
            faults.append(Fault(f"`{line.name}` is defined nowhere.", f"drug.ant:{line.line}", remedy=remedy))
        elif line.name in started and started[line.name] == ("0" if line.sign == "+=" else "1"):
            text[line.name] = line.text if line.sign == "+=" else f"({line.text})"
            del started[line.name]
        elif line.sign == "+=":
            term = f"- {line.text[1:]}" if line.text.startswith("-") else f"+ {line.text}"
            text[line.name] = f"{text[line.name]} {term}"
        else:
            before = text[line.name]
            text[line.name] = f"{before if before.startswith('(') else f'({before})'} * ({line.text})"
    return [replace(equation, text=text[equation.name]) for equation in equations]


def default_constants(
    template: Template, molecules: Iterable[Molecule], equations: Iterable[Equation], known: set[str]
) -> list[Constant]:
    """Neutral constants for what the equations of these molecules read and no table gives."""
    words = {word for equation in equations for word in _WORD.findall(equation.text)} - known
    found = []
    for molecule in molecules:
        for part, property_ in template.properties.items():
            if f"{molecule.name}_{part}" in words and property_.default is not None:
                found.append(default_constant(molecule.name, property_))
    return found


def default_constant(drug: str, property_: Property) -> Constant:
    """The neutral value of a property of one drug."""
    return Constant(
        name=f"{drug}_{property_.name}",
        value=float(property_.default or 0.0),
        unit=property_.unit,
        stage=property_.stage,
        role="input" if property_.role == "input" else "default",
        spread="",
        shared="",
        source="",
        grade="assumed",
        evidence="",
        meaning=f"{property_.meaning}, {drug.replace('_', '-')}; neutral default",
        file="drug_properties.tsv",
        line=property_.line,
    )
