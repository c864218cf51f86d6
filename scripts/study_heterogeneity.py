"""Likelihood of between-study heterogeneity given the published trials: prints the log likelihood of each value.

    python scripts/study_heterogeneity.py

The shipped value (model/people.tsv) is the most likely of these values at the shipped constants.
"""

from resprout.calibrate.study_heterogeneity import VALUES, likelihoods
from resprout.language import load_model


def main():
    """Print one line per value."""
    found = likelihoods(load_model())
    for value, score in zip(VALUES, found, strict=True):
        print(f"{value:5g}  {score - found.max():+7.1f}{'  most likely' if score == found.max() else ''}")


if __name__ == "__main__":
    main()
