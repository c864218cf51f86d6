"""Measures whether 90 % intervals of posteriors of simulated people hold the truth: run by `make posterior-coverage`.

People of the model get one infusion, four levels and five ratings; their traits and their next two ratings are known. With --people 20000
the people are streamed: they are recruited and sampled in blocks, so that memory holds one block whatever their number. While it runs,
a line says how many are done, how long the rest will take, and the coverage so far. Each finished block is kept in out/posterior-coverage: a run
that was stopped goes on from there, as long as model, program and seed are the same.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np

import resprout as rs
from resprout.dosing.regimen import parse_regimen
from resprout.patients.dataset import LEVEL, RATING, Dataset, Observation, Occasion, Person, Setting
from resprout.patients.expected_ratings import History, expected_values, solve_history
from resprout.patients.individual_posteriors import map_people, population_of, sampled, weighted_quantiles
from resprout.patients.person_traits import trait_values
from resprout.patients.rating_errors import further_ratings, on_scale, rating_spread
from resprout.patients.simulated_observations import observed_values

REGIMEN = parse_regimen("ketamine 0.5 mg/kg iv over 40 min")
LEVELS_H = (2 / 3, 1.5, 3.0, 6.0)
VISITS_H, NEXT_H = (0.0, 24.0, 72.0, 168.0, 336.0), (504.0, 672.0)
KNOWN = {"age": "age", "sex": "sex", "weight": "weight_kg", "genotype": "genotype", "CYP2B6": "CYP2B6"}
BLOCK = 500
KEPT = Path(__file__).parents[1] / "out" / "posterior-coverage"
LAYERS = ("patients", "trial", "simulation", "dosing", "people", "statistics", "solve", "compile", "language", "model")
"""Folders of the package that results depend on."""
SAID_EVERY_S = 20.0
SHARE = 0.9


def people(model, first, many, seed):
    """A block of observed people with their true traits and next ratings; each block has a seed of its own."""
    history = History(REGIMEN, (), {"MADRS": VISITS_H + NEXT_H, "ketamine_venous": LEVELS_H}, Setting())
    block = rs.recruit(many, seed=seed + first // BLOCK, model=model)
    solved = solve_history(model, block, history)
    seen = observed_values(model, block, history, expected_values(model, block, history, solved))
    traits = trait_values(model, block, [solved])
    for row in range(len(block)):
        truth = {name: value[row] for name, value in traits.items()}
        truth |= {f"MADRS at {hour / 24:g} d": seen["MADRS"][row, 5 + k] for k, hour in enumerate(NEXT_H)}
        yield observed(block, seen, first, row), truth


def observed(block, seen, first, row):
    """One person as a table would have them."""
    levels = [
        Observation("ketamine_venous", LEVEL, hour, float(seen["ketamine_venous"][row, k]))
        for k, hour in enumerate(LEVELS_H)
    ]
    ratings = [Observation("MADRS", RATING, hour, float(seen["MADRS"][row, k])) for k, hour in enumerate(VISITS_H)]
    in_order = tuple(sorted(levels + ratings, key=lambda each: each.time_h))
    covariates = {name: block.columns[column][row].item() for name, column in KNOWN.items()}
    return Person(f"{first + row}", (Occasion(0.0, REGIMEN.doses, in_order),), covariates)


def intervals(model, person, setting, sampling):
    """90 % intervals of traits and of the next two ratings, and the effective sample size."""
    posterior, size = sampled(model, person, setting, sampling)
    traits = trait_values(model, posterior.people, posterior.solved)
    found = {name: weighted_quantiles(value, posterior.weights, (0.05, 0.95)) for name, value in traits.items()}
    history = History(REGIMEN, (), {"MADRS": VISITS_H + NEXT_H}, setting)
    expected = expected_values(model, posterior.people, history, solve_history(model, posterior.people, history, 1))
    spread = rating_spread(model, ("MADRS",) * 7, np.array(VISITS_H + NEXT_H), expected["MADRS"])
    ratings = np.array([each.value for _, each in person.observations if each.kind == RATING])
    noise = np.random.default_rng(int(person.name)).standard_normal((len(spread.mean), len(NEXT_H)))
    further = on_scale(model, "MADRS", further_ratings(spread, ratings, noise))
    for k, hour in enumerate(NEXT_H):
        order = np.argsort(further[:, k])
        place = np.cumsum(posterior.weights[order])
        limits = [further[order[min(np.searchsorted(place, share), len(order) - 1)], k] for share in (0.05, 0.95)]
        found[f"MADRS at {hour / 24:g} d"] = limits
    return found, size


class Coverage:
    """How many true values lay inside their intervals so far, by name, and the effective sample sizes."""

    def __init__(self, whole):
        """Begin with nobody; `whole` is how many there will be."""
        self.whole, self.done, self.kept, self.inside, self.sizes = whole, 0, 0, {}, []
        self.begun = self.said = time.perf_counter()

    def add(self, truth, found, size):
        """Add one person, and say from time to time how far it is; returns whether each true value lay inside."""
        inside = {name: bool(found[name][0] <= value <= found[name][1]) for name, value in truth.items()}
        self.count(inside, size)
        now = time.perf_counter()
        if now - self.said >= SAID_EVERY_S or self.done == self.whole:
            self.said = now
            print(self.progress(now - self.begun), flush=True)
        return {"inside": inside, "size": float(size)}

    def add_kept(self, block):
        """Add the people of a block that an earlier run has kept."""
        for person in block:
            self.count(person["inside"], person["size"])
        self.kept += len(block)

    def count(self, inside, size):
        """Count one person."""
        self.done += 1
        self.sizes.append(size)
        for name, each in inside.items():
            self.inside[name] = self.inside.get(name, 0) + each

    def progress(self, elapsed_s):
        """How far it is, and the coverage so far: lowest, median and highest over traits and ratings."""
        shares = {name: each / self.done for name, each in self.inside.items()}
        lowest, highest = min(shares, key=shares.get), max(shares, key=shares.get)
        left = elapsed_s / max(self.done - self.kept, 1) * (self.whole - self.done)
        return (
            f"{self.done:,} of {self.whole:,} people, {elapsed_s:.0f} s, {left:.0f} s left; inside 90 %: median "
            f"{np.median(list(shares.values())):.1%}, {lowest} {shares[lowest]:.1%}, {highest} {shares[highest]:.1%}"
        )

    def table(self):
        """The coverage of every trait and rating with its standard error."""
        error = np.sqrt(SHARE * (1 - SHARE) / self.done)
        for name, each in self.inside.items():
            yield f"{name:28} {each / self.done:6.1%} inside the 90 % interval (standard error {error:.1%})"
        yield f"effective sample size: median {np.median(self.sizes):.0f}, 5th percentile {np.quantile(self.sizes, 0.05):.0f}"


def measure(model, first, many, asked, coverage):
    """Sample the people of a block and count them."""
    some = list(people(model, first, many, asked.seed))
    data = Dataset(tuple(person for person, _ in some), Setting(), (), (), ("simulated",))
    sampling, data = population_of(None, data, model)
    results = map_people(intervals, model, data, sampling)
    return [coverage.add(truth, found, size) for (_, truth), (found, size) in zip(some, results, strict=True)]


def program_digest():
    """Identifies what of the program and of this script the results depend on."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for layer in LAYERS:
        for path in sorted((Path(rs.__file__).parent / layer).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--kept", type=Path, default=KEPT, help="folder in which finished blocks are kept")
    asked = parser.parse_args()
    model, coverage, program = rs.load_model(), Coverage(asked.people), program_digest()
    asked.kept.mkdir(parents=True, exist_ok=True)
    for first in range(0, asked.people, BLOCK):
        many = min(BLOCK, asked.people - first)
        path = asked.kept / f"{program}-{asked.seed}-{first}-{many}.json"
        if path.exists():
            coverage.add_kept(json.loads(path.read_text(encoding="utf-8")))
            continue
        block = measure(model, first, many, asked, coverage)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(block), encoding="utf-8")
        part.replace(path)
    if coverage.kept:
        print(f"{coverage.kept:,} of {coverage.done:,} people were kept from an earlier run")
    print("\n".join(coverage.table()))


if __name__ == "__main__":
    import posterior_coverage  # processes find `intervals` by this name, not in __main__

    posterior_coverage.main()
