"""Runs the time courses of the SBML semantic test suite: `make suites SUITE=folder`, a checkout of sbmlteam/sbml-test-suite.

A case is right if every number lies within the case's own tolerances of its expected table. Each runs in a process of its own,
which is ended after a limit of time. With `--record` the table of docs/guides/exchange.md is written anew. Nothing of the suite is kept.
"""

import argparse
import math
import multiprocessing
import re
import sys
import time
from collections import Counter
from multiprocessing.connection import wait
from pathlib import Path

import libsbml
import numpy as np
import pandas as pd

from resprout.errors import ResproutError
from resprout.exchange.imported_model import import_model
from resprout.exchange.sbml_flattening import as_amount
from resprout.solve import Events, run_patients

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "exchange.md"
MARKS = re.compile(r"(<!-- test suite -->\n).*(<!-- end of test suite -->)", re.DOTALL)
ENDS = RIGHT, WRONG, REFUSED, UNSOLVED, ENDLESS = "right", "silently wrong", "refused by name", "unsolved", "no end"
NOT_SUPPORTED = re.compile(r"(?:\w+ `[^`]+`: |the model: )?(.*?) (?:is|are) not supported")


def settings_of(folder):
    """The settings of a case: what is asked for, and how closely."""
    text = (folder / f"{folder.name}-settings.txt").read_text(encoding="utf-8", errors="replace")
    found = dict(re.findall(r"^(\w+):[ \t]*(.*?)\s*$", text, re.MULTILINE))
    names = {key: [name.strip() for name in found.get(key, "").split(",") if name.strip()] for key in found}
    numbers = {key: float(found[key]) for key in ("start", "duration", "steps", "absolute", "relative")}
    return names, numbers


def document_of(folder):
    """The file of a case in the highest Level and Version that there is."""
    return max(folder.glob(f"{folder.name}-sbml-l?v?.xml"))


def _in_unit(model, names, name, values, sizes):
    """A quantity as the case wants it: a species as an amount or a concentration."""
    species = model.getSpecies(name)
    if species is None:
        return values[name]
    size = sizes[species.getCompartment()]
    if as_amount(model, species):
        # a compartment of no dimensions has no size
        return values[name] / size if name in names["concentration"] and size is not None else values[name]
    return values[name] * size if name in names["amount"] else values[name]


def simulated(folder, names, times):
    """Every variable of a case at these times, and how the run ended.

    returns   ({name: [time]}, what was said of it)
    """
    file = document_of(folder)
    model = import_model(file)
    known, homes = {*model.equations, *model.constants}, {}
    inner = libsbml.readSBMLFromString(model.original)
    for species in inner.getModel().getListOfSpecies():
        homes[species.getId()] = species.getCompartment()
    asked = [*names["variables"], *(homes[name] for name in names["variables"] if name in homes)]
    asked = [name for name in dict.fromkeys(asked) if name in known]
    found = run_patients(model, {}, Events.none(), times, asked, threads=1)
    values = {name: found.output(name)[0] for name in asked}
    sizes = {home: values.get(home) for home in homes.values()}
    said = "; ".join([*([] if found.status[0] == 0 else [found.message(0)]), *found.notes])
    return {name: _in_unit(inner.getModel(), names, name, values, sizes) for name in names["variables"]}, said


def run_case(folder):
    """How one case ends: one of ENDS, and what more is to be said."""
    names, numbers = settings_of(folder)
    # by place: a quantity may be called as the column of times is
    cells = pd.read_csv(folder / f"{folder.name}-results.csv", header=None, dtype=str, keep_default_na=False)
    expected = {str(name).strip(): cells[place][1:].to_numpy(dtype=float) for place, name in cells.loc[0, 1:].items()}
    times = cells[0][1:].to_numpy(dtype=float)
    try:
        found, said = simulated(folder, names, times)
    except ResproutError as error:
        features = [match[1] for match in map(NOT_SUPPORTED.match, (fault.found for fault in error.faults)) if match]
        return (REFUSED, ", ".join(dict.fromkeys(features))) if features else (UNSOLVED, str(error).splitlines()[0])
    worst, where = 0.0, ""
    for name in names["variables"]:
        wanted = expected[name]
        allowed = numbers["absolute"] + numbers["relative"] * np.abs(wanted)
        with np.errstate(invalid="ignore"):
            off = np.abs(found[name] - wanted) / allowed
        same = (found[name] == wanted) | (np.isnan(found[name]) & np.isnan(wanted))
        off = np.where(same, 0.0, np.where(np.isnan(off), math.inf, off))
        if off.max() > worst:
            row = int(off.argmax())
            worst, where = float(off.max()), f"`{name}` at {times[row]:g}: {found[name][row]:.9g} for {wanted[row]:.9g}"
    if worst <= 1.0:
        return RIGHT, ""
    broken = said and not re.fullmatch(r"(`\w+` is (not a number|infinite)[^;]*(; )?)+", said)
    return (UNSOLVED, said) if broken else (WRONG, where)


def _work(pipe):
    """Run cases as they come, until the process is ended."""
    while True:
        folder = pipe.recv()
        try:
            pipe.send(run_case(folder))
        except Exception as error:
            pipe.send((UNSOLVED, f"{type(error).__name__}: {error}"))


def tell(case, result):
    """Print how a case ends as soon as it is known, unless it is right."""
    end, more = result
    if end != RIGHT:
        print(f"{case} {end}: {more}", flush=True)


class Worker:
    """A process that runs cases one after the other.

    folder   of the case that it runs, None if it has none      begun   when it was handed over
    """

    def __init__(self):
        """Start it; it inherits what this process has loaded and compiled."""
        process_of = multiprocessing.get_context("fork")
        self.pipe, theirs = process_of.Pipe()
        self.process = process_of.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.folder, self.begun = None, 0.0

    def run(self, folder):
        """Hand a case over."""
        self.folder, self.begun = folder, time.monotonic()
        self.pipe.send(folder)

    def result(self, limit):
        """How its case has ended; None if it has not.

        limit   s   after which the process is ended
        """
        try:
            if self.pipe.poll():
                return self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            return UNSOLVED, "the process ended without a word"
        if time.monotonic() - self.begun <= limit:
            return None
        self.process.kill()
        # it is replaced where it is seen to have ended
        self.process.join()
        return ENDLESS, f"ended after {limit:g} s"


def run_all(folders, workers, limit):
    """How every case ends: name -> (one of ENDS, what more is to be said).

    workers   processes at a time      limit   s   after which a case is ended
    """
    run_case(folders[0])
    waiting, found = list(reversed(folders)), {}
    running = [Worker() for _ in range(min(workers, len(folders)))]
    while len(found) < len(folders):
        for index, worker in enumerate(running):
            if worker.folder is not None and (result := worker.result(limit)) is not None:
                found[worker.folder.name] = result
                tell(worker.folder.name, result)
                worker.folder = None
                if not worker.process.is_alive():
                    running[index] = Worker()
            if running[index].folder is None and waiting:
                running[index].run(waiting.pop())
        wait([worker.pipe for worker in running if worker.folder is not None], timeout=0.2)
    return dict(sorted(found.items()))


def table(found):
    """The results as Markdown: how cases end, and what they are refused for."""
    ends = Counter(end for end, _ in found.values())
    lines = ["| time courses | number |", "| --- | --: |"]
    lines += [f"| {end} | {ends[end]:,} |" for end in ENDS]
    lines += [f"| all | {len(found):,} |", "", "| refused for | cases |", "| --- | --: |"]
    reasons = Counter(reason for end, more in found.values() if end == REFUSED for reason in more.split(", "))
    lines += [f"| {reason} | {count} |" for reason, count in reasons.most_common()]
    return "\n".join(lines) + "\n"


def time_courses(root, only):
    """Folders of the cases that are time courses."""
    folders = [path for path in sorted(root.iterdir()) if path.is_dir() and (not only or path.name in only)]
    models = {path: (path / f"{path.name}-model.m").read_text(encoding="utf-8", errors="replace") for path in folders}
    return [path for path, text in models.items() if re.search(r"testType:\s*TimeCourse", text)]


def main():
    """Run the suite; 1 if any case is silently wrong or has no end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", type=Path, help="a checkout of the SBML test suite")
    parser.add_argument("--only", default="", help="numbers of cases, with commas")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count(), help="processes at a time")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a case is ended")
    parser.add_argument("--record", action="store_true", help="write the table of the guide")
    given = parser.parse_args()
    root = given.suite / "cases" / "semantic"
    if not root.is_dir():
        sys.exit(f"`{given.suite}` holds no `cases/semantic`: expected a checkout of the SBML test suite.")
    folders = time_courses(root, {name for name in given.only.split(",") if name})
    found = run_all(folders, given.workers, given.limit)
    print(table(found))
    if given.record:
        PAGE.write_text(MARKS.sub(lambda match: match[1] + table(found) + match[2], PAGE.read_text(encoding="utf-8")))
    sys.exit(any(end in (WRONG, ENDLESS) for end, _ in found.values()))


if __name__ == "__main__":
    main()
