"""The levels of one drug as an R script for nlmixr2: ordinary differential equations, the population's values as first estimates."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from resprout.exchange.level_model import LOGIT, WEIGHT, LevelModel, written
from resprout.exchange.level_records import FACTORS, FIRST_RATING, LevelRecords
from resprout.exchange.nonmem_control import blocks, covariance

FUNCTIONS = {"exp": "exp", "ln": "log", "sqrt": "sqrt"}


def nlmixr_script(records: LevelRecords, level_sd: float, source: str) -> str:
    """A script that reads `data.csv` and fits the levels.

    records    with the formulas of the levels
    level_sd   standard deviation of the logarithm of a measured level, the first estimate of the residual error
    source     what the numbers are from, for the first line
    returns    text; amounts in mg, hours, ng/mL
    """
    model = records.model
    lines = [f"# {records.drug} levels, {source}", *_heading(records), "library(nlmixr2)", "", *_data(records), ""]
    lines += ["levels <- function() {", "  ini({", *_estimates(model, level_sd), "  })", "  model({"]
    lines += [*_parameters(model), *_formulas(model, model.fixed), *_formulas(model, model.moving)]
    for state in records.compartments:
        lines.append(f"    d/dt({state}) <- {_text(model.states[state])}")
    for name in model.outputs:
        lines.append(f"    {name} ~ lnorm(sd_{name}) | {name}")
    lines += ["  })", "}", "", 'fit <- nlmixr2(levels, table, est = "focei")', "print(fit)"]
    return "\n".join(lines) + "\n"


def _heading(records: LevelRecords) -> list[str]:
    """What the table holds and the formulas do not carry."""
    told = ["Amounts in mg, times in hours, levels in ng/mL."]
    ratings = [name for number, name in records.endpoints.items() if number >= FIRST_RATING]
    if ratings:
        told.append(f"{', '.join(ratings)}: not read, since the model of mood is not carried.")
    told += [f"Not carried: {what}." for what in records.left_out]
    return [part for each in told for part in textwrap.wrap(each, 96, initial_indent="# ", subsequent_indent="#   ")]


def _data(records: LevelRecords) -> list[str]:
    """Statements that read the table and name compartments, levels and limits as nlmixr2 does."""
    states = ", ".join(f'"{name}"' for name in records.compartments)
    levels = ", ".join(f'"{name}"' for name in records.model.outputs)
    lines = [
        'table <- read.csv("data.csv", na.strings = ".")',
        f"table <- subset(table, is.na(DVID) | DVID < {FIRST_RATING})",
    ]
    lines += textwrap.wrap(f"compartments <- c({states})", 96, subsequent_indent="  ")
    lines += [
        f"observed <- c({levels})",
        "table$CMT <- ifelse(table$EVID == 0, observed[table$DVID], compartments[table$CMT])",
    ]
    weight = f"{records.model.constants.get(WEIGHT, 70.0):g}"
    lines += ["table$DVID <- NULL", f"table$WT[is.na(table$WT)] <- {weight}"]
    return [
        *lines,
        "table$CENS <- ifelse(is.na(table$BLQ), 0, table$BLQ)  # a level below its limit has the limit as DV",
    ]


def _estimates(model: LevelModel, level_sd: float) -> list[str]:
    """First estimates: medians on the scale on which people differ, variances with covariances, the error of a level."""
    lines = []
    for effect in model.effects:
        for name, kind, _ in effect.members:
            scale = "logit" if kind == LOGIT else "log"
            lines.append(f"    tv_{name} <- {scale}({model.constants[name]:.10g})")
    for block in blocks(model):
        names = " + ".join(f"eta_{model.effects[each].name}" for each in block)
        numbers = [covariance(model, each, other) for row, each in enumerate(block) for other in block[: row + 1]]
        told = ", ".join(f"{number:.6g}" for number in numbers)
        lines.append(f"    {names} ~ {told if len(block) == 1 else f'c({told})'}")
    return lines + [f"    sd_{name} <- c(0, {level_sd:.6g})" for name in model.outputs]


def _parameters(model: LevelModel) -> list[str]:
    """Constants of a person."""
    lines = []
    for effect in model.effects:
        first = effect.members[0][2]
        for name, kind, size in effect.members:
            eta = f"eta_{effect.name}" if size == first else f"{size / first:.6g}*eta_{effect.name}"
            scale = "expit" if kind == LOGIT else "exp"
            lines.append(f"    {name} <- {scale}(tv_{name} + {eta}){_factor(name)}  # {model.meanings[name]}")
    for name, value in model.constants.items():
        if name not in model.spread:
            told = "WT" if name == WEIGHT else f"{value:.10g}{_factor(name)}"
            lines.append(f"    {name} <- {told}  # {model.meanings[name]}")
    return lines


def _factor(name: str) -> str:
    """The column that multiplies a constant, as the end of a formula."""
    return f"*{FACTORS[name]}" if name in FACTORS else ""


def _formulas(model: LevelModel, formulas: Mapping[str, object]) -> list[str]:
    """Assignments, in order."""
    return [f"    {name} <- {_text(tree)}  # {model.meanings[name]}" for name, tree in formulas.items()]


def _text(tree: object) -> str:
    """A formula in R."""
    return written(tree, lambda name: name, "^", FUNCTIONS)  # type: ignore[arg-type]
