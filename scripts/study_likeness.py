"""Ask the published trials how alike the people of one study are: prints the log likelihood of each value.

    python scripts/study_likeness.py

The shipped `study_likeness` (model/people.tsv) is the most likely of these values at the shipped constants.
"""

from resprout.calibrate.study_heterogeneity import VALUES, likelihoods
from resprout.language import load_model


def main():
    """Print a line a value."""
    found = likelihoods(load_model())
    for value, score in zip(VALUES, found, strict=True):
        print(f"{value:5g}  {score - found.max():+7.1f}{'  most likely' if score == found.max() else ''}")


if __name__ == "__main__":
    main()
