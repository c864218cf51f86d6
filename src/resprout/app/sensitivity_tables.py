"""Indices of global sensitivity as flat records, plain data and tables of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.calibrate.sensitivity_indices import Sensitivity, Target, Varied

NUMBERS = ("mu_star", "sigma", "first", "first_lower", "first_upper", "total", "total_lower", "total_upper")


def index_rows(found: Sensitivity, targets: tuple[Target, ...]) -> list[dict[str, Any]]:
    """Every index as a flat record, the largest of each output first."""
    return [
        {
            "output": target.output,
            "time_h": target.time_h,
            "constant": index.factor.name,
            **({"stage": index.factor.stage, "grade": index.factor.grade} if index.factor.stage else {}),
            "range": index.factor.range,
            "range_from": range_from(index.factor),
            **{name: getattr(index, name) for name in NUMBERS},
        }
        for target in targets
        for index in found.of(target)
    ]


def sensitivity_facts(found: Sensitivity, targets: tuple[Target, ...]) -> dict[str, Any]:
    """All of it as plain data."""
    spread = [
        {"output": target.output, "time_h": target.time_h, "mean": mean, "sd": deviation}
        for target, (mean, deviation) in zip(targets, found.spread, strict=True)
    ]
    return {
        **({"person": found.person} if found.person else {}),
        "given": found.given,
        "samples": found.samples,
        "runs": found.runs,
        "lost": found.lost,
        "spread": spread,
        "rows": index_rows(found, targets),
    }


def show_sensitivity(console: Console, found: Sensitivity, targets: tuple[Target, ...], top: int) -> None:
    """Print the largest indices of each output."""
    from resprout.app.terminal import number, print_wrapped, table

    of_chain = ["stage", "grade"] if found.person else []
    columns = ["constant", *of_chain, "range", "effect", "alone", "95 % interval", "with others", "95 % interval "]
    for target, (mean, deviation) in zip(targets, found.spread, strict=True):
        rows = [
            [
                index.factor.name,
                *_labels(index.factor),
                number(index.mu_star),
                number(index.first, 2),
                say_interval(index.first_lower, index.first_upper),
                number(index.total, 2),
                say_interval(index.total_lower, index.total_upper),
            ]
            for index in found.of(target)[:top]
        ]
        title = f"{target.text}: mean {number(mean)}, SD {number(deviation)} over the ranges of all constants"
        console.print(table(columns, rows, title=title, right=columns[-5:]))
    others = "Effect is the mean size of a step through the range (Morris), alone and with others are shares of variance (Sobol)."
    lost = f" {found.lost} could not be solved and count nowhere." if found.lost else ""
    print_wrapped(console, f"{found.runs:,} {'people' if found.person else 'copies'} solved.{lost} {others}")


def range_from(factor: Varied) -> str:
    """What the range of a factor is from, in a word."""
    return "spread" if factor.own else "grade" if factor.stage else "default"


def _labels(factor: Varied) -> list[str]:
    """Stage and grade, where there are some, and the range in words."""
    from resprout.language import STAGES

    if not factor.stage:
        return [factor.range]
    return [
        f"{factor.stage} {STAGES[factor.stage - 1]}",
        factor.grade,
        f"{factor.range}{'' if factor.own else ', from its grade'}",
    ]


def say_interval(lower: float, upper: float) -> str:
    """An interval in two digits; a dash if there is none."""
    return "–" if lower != lower else f"{lower:.2f} to {upper:.2f}"
