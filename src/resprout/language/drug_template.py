"""drug.ant and its tables -> equations of any number of named drugs: one template, instantiated under each drug's own name."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resprout.errors import Fault, nearest
from resprout.language.bounds import number_or_nan
from resprout.language.drug_schemas import BindingRow, DrugTargetRow, MoleculeRow, PropertyRow
from resprout.language.records import Constant, Equation
from resprout.language.rows import Placed, name_faults, read_rows
from resprout.language.stages import read_statements
from resprout.language.units import known_units

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
    target: str
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


def read_template(folder: Path, properties: Mapping[str, Property], faults: list[Fault]) -> Template | None:
    """The drug template of a model folder; None if the folder has none.

    properties   that a drug may have, as `read_properties` gives them
    """
    if not (folder / "drug.ant").exists():
        return None
    lines = _read_lines(folder / "drug.ant", faults)
    targets = _read_targets(folder / "drug_targets.tsv", properties, faults)
    found = _read_molecules(folder / "molecules.tsv", {line.section for line in lines}, targets, faults)
    library = found.pop(LIBRARY, Molecule(LIBRARY, ()))
    rows = read_rows(folder / "bindings.tsv", BindingRow, faults)
    faults += name_faults(BindingRow, rows, {"units": known_units(folder)})
    bindings = tuple(
        Equation(cells["name"], "assigned", cells["formula"], cells["unit"], 1, cells["meaning"], "bindings.tsv", line)
        for line, cells in ((row.line, row.cells) for row in rows)
    )
    return Template(lines, tuple(found.values()), library, targets, properties, bindings)


def read_properties(folder: Path, faults: list[Fault]) -> dict[str, Property]:
    """Properties that a drug may have, by name: `clearance`, or with the target before it, `M1_Kd`."""
    path = folder / "drug_properties.tsv"
    rows = read_rows(path, PropertyRow, faults) if path.exists() else []
    faults += name_faults(PropertyRow, rows, {"units": known_units(folder)})
    found = [_property(row) for row in rows]
    return {known.name: known for known in found}


def _property(placed: Placed[PropertyRow]) -> Property:
    """The property of a row; of a row with a fault what can be read."""
    cells = placed.cells
    numbers = {key: number_or_nan(cells[key]) for key in ("default", "lower", "upper")}
    return Property(
        name="_".join(part for part in (cells["target"], cells["property"]) if part),
        stage=2 if cells["target"] not in ("", "CYP2D6") else 1,
        line=placed.line,
        default=None if math.isnan(numbers["default"]) else numbers["default"],
        lower=None if math.isnan(numbers["lower"]) else numbers["lower"],
        upper=None if math.isnan(numbers["upper"]) else numbers["upper"],
        **{key: cells[key] for key in ("target", "unit", "role", "meaning")},
    )


def _read_targets(path: Path, properties: Mapping[str, Property], faults: list[Fault]) -> dict[str, str]:
    """Name of the half-maximal concentration by target; drugs have it, a Hill coefficient and a maximal effect there."""
    rows = read_rows(path, DrugTargetRow, faults)
    known = list(dict.fromkeys(each.target for each in properties.values() if each.target))
    faults += name_faults(DrugTargetRow, rows, {"targets": known} if known else {})
    for row in rows:
        target, half_point = row.cells["target"], row.cells["half_point"]
        for part, field in ((half_point, "half_point"), ("hill", "target"), ("Emax", "target")):
            if row.row is not None and target in known and f"{target}_{part}" not in properties:
                expected = "Expected a property of drug_properties.tsv."
                faults.append(Fault(f"drugs have no `{part}` at {target}.", row.where, expected, field=field))
    return {row.cells["target"]: row.cells["half_point"] for row in rows}


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
    path: Path, sections: Collection[str], targets: Mapping[str, str], faults: list[Fault]
) -> dict[str, Molecule]:
    """Molecules by name, with the row for any other drug."""
    rows = read_rows(path, MoleculeRow, faults)
    names = [row.cells["molecule"] for row in rows]
    known = {"molecules": names, "sections": sections, **({"drug targets": targets} if targets else {})}
    faults += name_faults(MoleculeRow, rows, known)
    if rows and LIBRARY not in names:
        expected = "Expected one, for every drug that a scenario gives follows it."
        faults.append(Fault(f"no row for `{LIBRARY}`.", path.name, expected, nearest(LIBRARY, names), "molecule"))
    found = {}
    for cells in (row.cells for row in rows):
        chosen = tuple(cells["targets"].split()) or tuple(targets)
        found[cells["molecule"]] = Molecule(
            cells["molecule"], tuple(cells["sections"].split()), cells["parent"], chosen
        )
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
        lower=property_.lower,
        upper=property_.upper,
    )
