"""Between-study heterogeneity given the published trials: log likelihood of each value, and the posterior with its prior.

    python scripts/study_heterogeneity.py [--ship]

With `--ship` every posterior draw of the package gets a value of its own, and people.tsv the posterior mean.
"""

import sys
from pathlib import Path

from resprout.cache import write_whole
from resprout.calibrate.study_heterogeneity import NAME, VALUES, likelihoods, posterior, with_heterogeneity
from resprout.calibrate.write_package import write_draws
from resprout.language import load_model
from resprout.people.draws import draws_of


def main():
    """Print one line per value, then the posterior."""
    model = load_model()
    likelihood = likelihoods(model)
    for value, score in zip(VALUES, likelihood, strict=True):
        print(f"{value:5g}  {score - likelihood.max():+7.1f}{'  most likely' if score == likelihood.max() else ''}")
    draws = draws_of(model)
    found = posterior(VALUES, likelihood, len(draws))
    print(f"posterior mean {found.mean:.3f}, 90 % interval {found.lower:.3f} to {found.upper:.3f}")
    if "--ship" in sys.argv:
        write_draws(model, with_heterogeneity(draws, found))
        path = Path(model.folder) / "people.tsv"
        rows = path.read_text(encoding="utf-8").splitlines()
        place = next(number for number, row in enumerate(rows) if row.startswith(f"{NAME}\t"))
        cells = rows[place].split("\t")
        cells[1] = f"{found.mean:.2g}"
        rows[place] = "\t".join(cells)
        write_whole(path, ("\n".join(rows) + "\n").encode())


if __name__ == "__main__":
    main()
