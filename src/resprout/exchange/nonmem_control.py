"""The levels of one drug as a NONMEM control stream: ADVAN13, the population's values and spreads as first estimates."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from resprout.exchange.level_model import LOGIT, WEIGHT, Effect, LevelModel, needed, written
from resprout.exchange.level_records import COLUMNS, FACTORS, FIRST_RATING, LevelRecords

FUNCTIONS = {"exp": "EXP", "ln": "LOG", "sqrt": "SQRT"}
LONGEST_NAME, LONGEST_LINE = 20, 100
SHORT = {
    "ketamine": "KET", "norketamine": "NKET", "hydroxynorketamine": "HNK", "central": "CENT", "peripheral": "PERI", "volume": "VOL",
    "clearance": "CL", "concentration": "CONC", "elimination": "ELIM", "intrinsic": "INT", "hepatic": "HEP", "extraction": "EXTR",
    "weight": "WT", "reference": "REF", "exponent": "EXPO", "absorption": "ABS", "bioavailability": "BIO", "tissue": "TIS",
    "demethylation": "DEMET", "demethylated": "DEMETD", "molar": "MOL", "transit": "TRANS", "formation": "FORM", "formed": "FRMD",
    "forming": "FORMG", "share": "SHR", "venous": "VEN", "arterial": "ART", "total": "TOT", "other": "OTH",
}  # fmt: skip
RESERVED = {
    "CL",
    "F",
    "Y",
    "W",
    "T",
    "A",
    "IPRED",
    "WT",
    "AGE",
    "SEX",
    "MDV",
    "EVID",
    "TIME",
    "AMT",
    "RATE",
    "CMT",
    "DV",
    "ID",
}


def control_stream(records: LevelRecords, level_cv: float, source: str) -> str:
    """A control stream for the records in `data.csv`.

    records    with the formulas of the levels
    level_cv   coefficient of variation of a measured level, the first estimate of the residual error
    source     what the numbers are from, for the first line
    returns    text; amounts in mg, hours, ng/mL
    """
    model = records.model
    quantities = [*model.constants, *model.fixed, *model.moving]
    name_of = short_names(quantities)
    place = {name: f"A({number})" for number, name in enumerate(records.compartments, start=1)}
    called = name_of | place
    lines = [f"$PROBLEM {records.drug} levels, {source}", *_heading(records), *_model(records)]
    lines += ["$PK", *_parameters(model, name_of), *_formulas(model, model.fixed, called)]
    lines += ["", "$DES", *_formulas(model, needed(model.moving, model.states.values()), called)]
    for number, state in enumerate(records.compartments, start=1):
        lines += _broken(f"DADT({number}) = {_text(model.states[state], called)}")
    lines += ["", *_errors(records, called), "", *_estimates(model, name_of, level_cv), "", *_tasks(records)]
    return "\n".join(lines) + "\n"


def short_names(names: Iterable[str]) -> dict[str, str]:
    """A name of at most 20 capitals for each quantity, as NM-TRAN takes it.

    names    of the model
    returns  by name; each once
    """
    found: dict[str, str] = {}
    for name in names:
        short = name.upper()
        if len(short) > LONGEST_NAME or short in RESERVED:
            short = "_".join(SHORT.get(word, word[:4].upper()) for word in name.split("_"))[:LONGEST_NAME]
        number, first = 2, short
        while short in found.values() or short in RESERVED:
            short = f"{first[: LONGEST_NAME - 2]}_{number}"
            number += 1
        found[name] = short
    return found


def _heading(records: LevelRecords) -> list[str]:
    """What the table holds, and which records are read."""
    ratings = [f"{number} {name}" for number, name in records.endpoints.items() if number >= FIRST_RATING]
    levels = [f"{number} {name} (ng/mL)" for number, name in records.endpoints.items() if number < FIRST_RATING]
    told = ["Amounts in mg, times in hours, levels in ng/mL."]
    told.append(f"DVID: {', '.join([*levels, *ratings])}.")
    if ratings:
        told.append(f"Records with DVID from {FIRST_RATING} on are not read: the model of mood is not carried.")
    told += [f"Not carried: {what}." for what in records.left_out]
    told += ["FHEP and FDEM multiply hepatic flow (age) and demethylation (CYP2B6); LLOQ and BLQ are of levels."]
    lines = [part for each in told for part in textwrap.wrap(each, 96, initial_indent="; ", subsequent_indent=";   ")]
    lines += _broken(f"$INPUT {' '.join(COLUMNS)}")
    return [*lines, f"$DATA data.csv IGNORE=@ IGNORE=(DVID.GE.{FIRST_RATING})"]


def _model(records: LevelRecords) -> list[str]:
    """The compartments."""
    lines = ["$SUBROUTINES ADVAN13 TOL=9", "$MODEL"]
    for number, name in enumerate(records.compartments, start=1):
        lines.append(f"  COMP=(C{number}) ; {number} {name}, {records.model.meanings[name]}")
    return [*lines, ""]


def _parameters(model: LevelModel, name_of: Mapping[str, str]) -> list[str]:
    """Constants: those in which people differ as THETA and ETA, others as numbers."""
    lines = []
    thetas = {name: number for number, name in enumerate(model.spread, start=1)}
    for number, effect in enumerate(model.effects, start=1):
        first = effect.members[0][2]
        for name, kind, size in effect.members:
            eta = f"ETA({number})" if size == first else f"{size / first:.6g}*ETA({number})"
            told = f"THETA({thetas[name]})"
            text = f"{told}*EXP({eta})"
            if kind == LOGIT:
                text = f"1/(1 + EXP(-LOG({told}/(1 - {told})) - {eta}))"
            lines += _broken(f"{name_of[name]} = {text}{_factor(name)}", f"{name}, {model.meanings[name]}")
    for name, value in model.constants.items():
        if name == WEIGHT:
            lines += [f"{name_of[name]} = WT", f"IF (WT.LE.0) {name_of[name]} = {value:.10g} ; not stated"]
        elif name not in thetas:
            lines += _broken(f"{name_of[name]} = {value:.10g}{_factor(name)}", f"{name}, {model.meanings[name]}")
    return lines


def _factor(name: str) -> str:
    """The column that multiplies a constant, as the end of a formula."""
    return f"*{FACTORS[name]}" if name in FACTORS else ""


def _formulas(model: LevelModel, formulas: Mapping[str, object], called: Mapping[str, str]) -> list[str]:
    """Assignments, in order, with the names that quantities have in the model."""
    lines = []
    for name, tree in formulas.items():
        lines += _broken(f"{called[name]} = {_text(tree, called)}", f"{name}, {model.meanings[name]}")
    return lines


def _text(tree: object, called: Mapping[str, str]) -> str:
    """A formula in NM-TRAN."""
    return written(tree, lambda name: called[name], "**", FUNCTIONS)  # type: ignore[arg-type]


def _errors(records: LevelRecords, called: Mapping[str, str]) -> list[str]:
    """Levels from the amounts at a record, and the residual error; M3 for levels below their limit."""
    model = records.model
    outputs = {number: name for number, name in records.endpoints.items() if number < FIRST_RATING}
    # quantities of $DES have to be computed again, under names of their own
    read = needed(model.moving, model.outputs)
    again = {name: f"E{number:02d}" for number, name in enumerate(read, start=1)}
    own = {**called, **again}
    lines = ["$ERROR"]
    for name, tree in read.items():
        lines += _broken(f"{again[name]} = {_text(tree, own)}", name)
    lines += ["IPRED = 0"]
    for number, name in outputs.items():
        lines += [
            f"IF (DVID.EQ.{number}) IPRED = {again[name]}",
            f"IF (DVID.EQ.{number}) SDEV = THETA({len(model.spread) + number})",
        ]
    lines += ["W = IPRED*SDEV", "IF (W.LE.0) W = 1", "F_FLAG = 0", "IF (BLQ.EQ.1) THEN"]
    lines += ["  F_FLAG = 1", "  Y = PHI((LLOQ - IPRED)/W) ; probability of a level below its limit (M3)", "ELSE"]
    return [*lines, "  Y = IPRED + W*EPS(1)", "ENDIF"]


def _estimates(model: LevelModel, name_of: Mapping[str, str], level_cv: float) -> list[str]:
    """First estimates: medians, variances of random effects with their correlations, the error of a level."""
    lines = ["$THETA"]
    kinds = {name: kind for effect in model.effects for name, kind, _ in effect.members}
    for name in model.spread:
        limits = (
            f"(0, {model.constants[name]:.10g}, 1)" if kinds[name] == LOGIT else f"(0, {model.constants[name]:.10g})"
        )
        lines.append(f"  {limits} ; {name_of[name]}")
    for output in model.outputs:
        lines.append(f"  (0, {level_cv:g}) ; coefficient of variation of a level of {output}")
    for block in blocks(model):
        lines.append("$OMEGA" if len(block) == 1 else f"$OMEGA BLOCK({len(block)})")
        for row, each in enumerate(block):
            numbers = [f"{covariance(model, each, other):.6g}" for other in block[: row + 1]]
            lines.append(f"  {' '.join(numbers)} ; {model.effects[each].name}")
    return [*lines, "$SIGMA 1 FIX"]


def blocks(model: LevelModel) -> list[list[int]]:
    """Random effects in order, those that correlate together; correlated ones have to stand beside each other.

    returns   positions of effects by block
    """
    found: list[list[int]] = []
    for number in range(len(model.effects)):
        linked = [block for block in found if any(model.correlation[number, other] for other in block)]
        joined = [each for block in linked for each in block] + [number]
        found = [block for block in found if block not in linked] + [joined]
    return found


def covariance(model: LevelModel, one: int, other: int) -> float:
    """The covariance of two random effects, each on the scale of its first constant.

    model   with their correlations           one, other   positions of the effects
    """
    sizes = [_size(model.effects[each]) for each in (one, other)]
    return float(model.correlation[one, other] * sizes[0] * sizes[1])


def _size(effect: Effect) -> float:
    return effect.members[0][2]


def _tasks(records: LevelRecords) -> list[str]:
    """What is estimated and written."""
    laplace = " LAPLACIAN" if any(row.get("BLQ") for row in records.rows) else ""
    return [
        f"$ESTIMATION METHOD=1 INTERACTION{laplace} MAXEVAL=9999 PRINT=5 NOABORT",
        "$COVARIANCE PRINT=E",
        "$TABLE ID TIME DVID DV IPRED CWRES ONEHEADER NOPRINT FILE=levels.tab",
    ]


def _broken(text: str, comment: str = "") -> list[str]:
    """A statement on lines of bearable length, with `&` where it goes on, and a comment before it."""
    lines: Sequence[str] = [text]
    if len(text) > LONGEST_LINE:
        lines = textwrap.wrap(
            re.sub(r"([*/])\(", r"\1 (", text), LONGEST_LINE, break_long_words=False, subsequent_indent="  "
        )
    joined = [f"{line} &" for line in lines[:-1]] + [lines[-1]]
    return [f"; {comment}", *joined] if comment else joined
