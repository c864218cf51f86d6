"""Writes what the program prints into the README, between its marks: run by `make readme`, checked by the tests."""

import json
import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

import resprout as rs
from resprout.app.model_facts import GRADES, about_model
from resprout.app.scoreboard_tables import share, signed
from resprout.app.trial_commands import show_trial
from resprout.calibrate.scoreboard_entry import recorded_entries
from resprout.calibrate.scoreboard_totals import scoreboard_facts

README = Path(__file__).parents[1] / "README.md"
RECORDED = Path(__file__).parents[1] / "benchmarks" / "recorded.json"


def demo_text():
    """The tables that `resprout demo` prints."""
    paper = StringIO()
    show_trial(
        Console(file=paper, width=80, highlight=False),
        rs.run_trial("berman2000", replicates=200, seed=1),
        published=False,
    )
    lines = [line.rstrip() for line in paper.getvalue().splitlines()]
    return "```text\n" + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n```"


def grades_text():
    """How many constants of each stage bear each grade."""
    facts = about_model(rs.load_model())
    rows = [(f"{stage['number']} {stage['stage']}", stage) for stage in facts["stages"]] + [("all of the chain", facts)]
    rows.append(("drugs beside ketamine", facts["library"]))
    cells = [[name, *map(str, row["grades"].values()), f"{row['share_assumed']:.0%}"] for name, row in rows]
    head = [["stage", *GRADES, "share assumed"], ["---", *["--:"] * (len(GRADES) + 1)]]
    return "\n".join("| " + " | ".join(row) + " |" for row in head + cells)


def bench_text():
    """What `resprout bench` measured when `python benchmarks/record.py` was last run."""
    if not RECORDED.exists():
        return "*Nothing is recorded for this model yet: `python benchmarks/record.py` measures.*"
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    head = [["program", "patients/s on one core", "beside libRoadRunner", "largest error", "model ready in"]]
    cells = [
        [
            row["tool"],
            f"{row['patients_per_second_per_core']:,.{0 if row['patients_per_second_per_core'] >= 10 else 1}f}",
            _times(row["ratio_to_libroadrunner"]),
            f"{row['max_relative_error']:.0e}",
            f"{row['model_build_s']:.1f} s",
        ]
        for row in recorded["bench"]["0.0001"]
    ]
    rule = [["---", "--:", "--:", "--:", "--:"]]
    return "\n".join("| " + " | ".join(row) + " |" for row in head + rule + cells)


def _times(ratio):
    """A ratio with two digits, and all of them before the point."""
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2g}x"


def scoreboard_text(entries=None):
    """How many published rows pass, beside the null and with skill; of the recorded scoreboard unless entries are given."""
    facts = scoreboard_facts(recorded_entries() if entries is None else entries)
    parts = [
        *facts["by_group"].items(),
        ("trials the fit has not seen", facts["trials_by_use"]["not_used_in_fit"]),
        ("directions only", facts["by_kind"]["direction"]),
        ("all", facts),
    ]
    cells = [
        [
            name,
            str(part["passed"]),
            str(part["total"]),
            str(part["passed_null"]),
            signed(part["skill"]),
            signed(part["skill_mbma"]),
            share(part["covered_90"]),
        ]
        for name, part in parts
    ]
    titles = [
        "published rows",
        "passed",
        "of",
        "passed if no drug changed mood",
        "skill against that",
        "against meta-analysis",
    ]
    head = [[*titles, "inside 90 % interval"], ["---", *["--:"] * 6]]
    return "\n".join("| " + " | ".join(row) + " |" for row in head + cells)


def marked(name):
    """The pattern of a marked block and its content."""
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(\n<!-- /{name} -->)", re.DOTALL)


def fill(text, name, content):
    """Replace the content of a marked block."""
    return marked(name).sub(lambda found: found.group(1) + content + found.group(3), text)


def main():
    """Refresh every marked block of the README."""
    text = README.read_text(encoding="utf-8")
    made = {"demo": demo_text, "grades": grades_text, "scoreboard": scoreboard_text, "bench": bench_text}
    for name, content in made.items():
        text = fill(text, name, content())
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
