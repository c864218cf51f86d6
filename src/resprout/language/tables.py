"""The model's tab-separated tables -> constants: takes parameters.tsv, drugs.tsv, targets.tsv, gives Constant records and all faults at once."""

from __future__ import annotations

import math
import re
from pathlib import Path

from resprout.errors import Fault, nearest
from resprout.language.records import Constant

GRADES = ("measured", "fitted", "assumed")
ROLES = ("constant", "input", "cause")  # a fourth, default, is for properties that no table gives for a drug
SPREADS = ("cv", "logsd", "logit", "odds", "margin", "distance")
COLUMNS = {
    "parameters": "name value unit stage role spread shared source grade evidence meaning",
    "people": "name value unit source grade evidence meaning",
    "ratings": "name value unit source grade evidence meaning",
    "items": "group item highest slope thresholds domain source grade meaning",
    "drugs": "drug property value unit source grade evidence meaning",
    "targets": "drug target property value unit source grade evidence meaning",
    "draws": "draw name value",
    "correlations": "first second correlation source evidence",
    "drug_properties": "target property default unit role lower upper meaning",
    "drug_targets": "target half_point meaning",
    "molecules": "molecule sections parent targets meaning",
    "bindings": "name formula unit meaning",
    "species": "species constant value unit source grade evidence meaning",
    "interventions": "id intervention target agent dose readout time_h expected verification source species person given "
    "manipulation measure note",
    "persons": "person species constants standard meaning",
    "facts": "id fact source evidence expected person given manipulation measure",
    "agents": "agent given family note",
    "variant": "constant value source meaning",
    "measurements": "id stage seed_row source verification person given manipulation measure compare reference unit rule "
    "observed lower upper sd used_in_fit spread note",
    "left_out": "evidence reason",
    "misses": "id reason",
    "fitted": "name holds scale prior prior_sd part",
    "held": "constant reason",
    "trials": "trial seed_row replicates quick",
    "scoreboard": "id group stage seed_row what observed predicted lower upper unit z pass used_in_fit verification source "
    "reason",
    "annotations": "name qualifier id meaning",
}
QUALIFIERS = ("is", "isVersionOf", "hasVersion", "isPartOf", "isPropertyOf", "isDescribedBy", "hasTaxon")
IDENTIFIER = re.compile(r"(taxonomy:\d+|CHEBI:\d+|GO:\d{7}|uniprot:[OPQ]\d[A-Z0-9]{3}\d|doi:10\.\S+)")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

Row = dict[str, str]


def read_table(path: Path, faults: list[Fault], kind: str = "") -> list[tuple[int, Row]]:
    """Rows of one table with their line numbers; lines that are empty or start with # are passed over.

    kind   name of its columns in COLUMNS; empty for the name of the file
    """
    expected = COLUMNS[kind or path.stem].split()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        faults.append(Fault(f"cannot read the table: {trouble}.", path.name, "A UTF-8 text file was expected."))
        return []
    numbered = [(number, text) for number, text in enumerate(lines, 1) if text.strip() and not text.startswith("#")]
    if not numbered or numbered[0][1].split("\t") != expected:
        faults.append(
            Fault("the header line is not right.", f"{path.name}:1", f"Expected columns: {', '.join(expected)}.")
        )
        return []
    rows = []
    for number, text in numbered[1:]:
        cells = [cell.strip() for cell in text.split("\t")]
        cells += [""] * (len(expected) - len(cells))
        if len(cells) > len(expected):
            faults.append(
                Fault(
                    f"{len(cells)} cells in this row.",
                    f"{path.name}:{number}",
                    f"Expected {len(expected)}.",
                    "Remove the extra tab.",
                )
            )
            continue
        rows.append((number, dict(zip(expected, cells, strict=True))))
    return rows


def read_number(text: str, where: str, faults: list[Fault]) -> float:
    """A finite number from a cell; NaN, with a fault, where there is none."""
    try:
        value = float(text)
    except ValueError:
        faults.append(Fault(f"`{text}` is no number.", where, "A value was expected, such as 0.25 or 1e-6."))
        return math.nan
    if not math.isfinite(value):
        faults.append(Fault(f"`{text}` is not finite.", where, "A finite value was expected."))
    return value


def _check_grade(row: Row, where: str, sources: set[str], faults: list[Fault]) -> None:
    if row["grade"] not in GRADES:
        faults.append(
            Fault(
                f"grade `{row['grade']}`.",
                where,
                f"Expected one of {', '.join(GRADES)}.",
                nearest(row["grade"], GRADES),
            )
        )
    elif row["grade"] != "assumed" and not row["source"]:
        faults.append(
            Fault(f"graded {row['grade']} without a source.", where, "Give a key of sources.bib, or grade it assumed.")
        )
    for key in row["source"].split():
        if key not in sources:
            faults.append(Fault(f"source `{key}` is not in sources.bib.", where, remedy=nearest(key, sources)))
    if not row["meaning"]:
        faults.append(Fault("no meaning is given.", where, "Say in one phrase what the constant is."))


def _check_spread(spread: str, where: str, faults: list[Fault]) -> None:
    if not spread:
        return
    words = spread.split()
    if len(words) != 2 or words[0] not in SPREADS:
        faults.append(
            Fault(f"spread `{spread}`.", where, f"Expected one of {', '.join(SPREADS)} and a number, such as `cv 0.2`.")
        )
        return
    read_number(words[1], where, faults)


def parameter_constants(folder: Path, sources: set[str], faults: list[Fault]) -> list[Constant]:
    """Constants of parameters.tsv."""
    path = folder / "parameters.tsv"
    found = []
    for line, row in read_table(path, faults):
        where = f"{path.name}:{line}"
        _check_grade(row, where, sources, faults)
        _check_spread(row["spread"], where, faults)
        if row["role"] not in ROLES:
            faults.append(Fault(f"role `{row['role']}`.", where, f"Expected one of {', '.join(ROLES)}."))
        if row["stage"] not in tuple("123456"):
            faults.append(Fault(f"stage `{row['stage']}`.", where, "Expected 1 to 6."))
            continue
        value = read_number(row["value"], where, faults)
        taken = {
            key: row[key]
            for key in ("name", "unit", "role", "spread", "shared", "source", "grade", "evidence", "meaning")
        }
        found.append(Constant(value=value, stage=int(row["stage"]), file=path.name, line=line, **taken))
    return found


def fact_constants(folder: Path, table: str, role: str, sources: set[str], faults: list[Fault]) -> list[Constant]:
    """Constants of people.tsv or ratings.tsv, if the folder has them; no equation reads them."""
    path = folder / f"{table}.tsv"
    found = []
    for line, row in read_table(path, faults) if path.exists() else []:
        where = f"{path.name}:{line}"
        _check_grade(row, where, sources, faults)
        taken = {key: row[key] for key in ("name", "unit", "source", "grade", "evidence", "meaning")}
        value = read_number(row["value"], where, faults)
        found.append(
            Constant(value=value, stage=0, role=role, spread="", shared="", file=path.name, line=line, **taken)
        )
    return found


def item_constants(folder: Path, sources: set[str], faults: list[Fault]) -> list[Constant]:
    """Constants of items.tsv, if the folder has it: `HDRS_1_slope`, `HDRS_1_threshold_1` and so on."""
    path = folder / "items.tsv"
    found = []
    for line, row in read_table(path, faults) if path.exists() else []:
        where = f"{path.name}:{line}"
        _check_grade(row, where, sources, faults)
        numbers = {"slope": row["slope"]}
        numbers |= {f"threshold_{number}": cell for number, cell in enumerate(row["thresholds"].split(), start=1)}
        for part, cell in numbers.items():
            found.append(
                Constant(
                    name=f"{row['item']}_{part}",
                    value=read_number(cell, where, faults),
                    unit="per_latent" if part == "slope" else "latent",
                    stage=0,
                    role="rating",
                    spread="",
                    shared="",
                    source=row["source"],
                    grade=row["grade"],
                    evidence="",
                    meaning=f"{part.replace('_', ' ')} of item {row['item']}, {row['meaning']}",
                    file=path.name,
                    line=line,
                )
            )
    return found


def drug_constants(folder: Path, table: str, stage: int, sources: set[str], faults: list[Fault]) -> list[Constant]:
    """Constants of drugs.tsv (`drug_property`) or targets.tsv (`drug_target_property`)."""
    path = folder / f"{table}.tsv"
    found = []
    for line, row in read_table(path, faults):
        where = f"{path.name}:{line}"
        _check_grade(row, where, sources, faults)
        parts = [row["drug"], *([row["target"]] if table == "targets" else []), row["property"]]
        value = read_number(row["value"], where, faults)
        taken = {key: row[key] for key in ("unit", "source", "grade", "evidence", "meaning")}
        name = "_".join(parts)
        found.append(
            Constant(
                name=name,
                value=value,
                stage=stage,
                role="constant",
                spread="",
                shared="",
                file=path.name,
                line=line,
                **taken,
            )
        )
    return found


def check_annotations(folder: Path, known: set[str], faults: list[Fault]) -> None:
    """Refuse an annotation of what the model has not, or of a form that no catalogue uses."""
    path = folder / "annotations.tsv"
    for line, row in read_table(path, faults) if path.exists() else []:
        where = f"{path.name}:{line}"
        if row["name"] not in known and row["name"] != "model":
            faults.append(
                Fault(f"`{row['name']}` is no quantity of the model.", where, remedy=nearest(row["name"], known))
            )
        if row["qualifier"] not in QUALIFIERS:
            faults.append(Fault(f"qualifier `{row['qualifier']}`.", where, f"Expected one of {', '.join(QUALIFIERS)}."))
        if not IDENTIFIER.fullmatch(row["id"]):
            faults.append(Fault(f"identifier `{row['id']}`.", where, "Expected for instance CHEBI:6121 or doi:10.1/x."))


def check_names(constants: list[Constant], faults: list[Fault]) -> dict[str, Constant]:
    """Constants by name; a name given twice or ill-formed is a fault."""
    named: dict[str, Constant] = {}
    for constant in constants:
        where = f"{constant.file}:{constant.line}"
        if not NAME.fullmatch(constant.name):
            faults.append(
                Fault(f"`{constant.name}` is no name.", where, "Letters, digits and _ are allowed, a letter first.")
            )
        elif constant.name in named:
            first = named[constant.name]
            faults.append(
                Fault(f"`{constant.name}` is given twice.", where, f"It stands at {first.file}:{first.line} already.")
            )
        else:
            named[constant.name] = constant
    return named
