"""Rating scales: what each can read, its items, and what counts as remission."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A rating scale.

    lowest, highest  points   its range             step       points   readings are multiples of it
    remission        points   at or below, a patient is well; None where the word has no meaning
    mood             it rates depression: placebo response, within-subject variability and response apply
    items            names of its items or groups of items in items.tsv; none for a single line or reading
    output           the model's output that it rates; its own name if empty
    ratio            the model's constant that says how many of its points one of HDRS17 makes; empty where it is 1 or has none
    """

    name: str
    unit: str
    lowest: float
    highest: float
    step: float
    mood: bool
    remission: float | None = None
    items: tuple[str, ...] = ()
    output: str = ""
    ratio: str = ""

    @property
    def rates(self) -> str:
        """The model's output that it rates."""
        return self.output or self.name


SIX = ("HDRS core",)
SEVENTEEN = (*SIX, "HDRS rest")
TWENTY_ONE = (*SEVENTEEN, "HDRS 18-21")
TWENTY_FOUR = (*TWENTY_ONE, "HDRS 22-24")

# Cut-offs: HDRS17 <= 7 is the usual one; those of its longer and shorter versions and of MADRS vary between trials.
SCALES = {
    scale.name: scale
    for scale in (
        Scale("HDRS6", "points", 0, 22, 1, True, 4, SIX, ratio="HDRS6_per_HDRS17"),
        Scale("HDRS17", "points", 0, 52, 1, True, 7, SEVENTEEN),
        Scale("HDRS21", "points", 0, 64, 1, True, 7, TWENTY_ONE, ratio="HDRS21_per_HDRS17"),
        Scale("HDRS24", "points", 0, 76, 1, True, 9, TWENTY_FOUR, ratio="HDRS24_per_HDRS17"),
        Scale("HDRS25", "points", 0, 80, 1, True, 9, (*TWENTY_FOUR, "HDRS 25"), ratio="HDRS25_per_HDRS17"),
        Scale("MADRS", "points", 0, 60, 1, True, 9, ("MADRS",), ratio="MADRS_per_HDRS17"),
        # 0 or 1 is no more than weariness of life, which Price 2009 counted
        Scale("MADRS_suicidality", "points", 0, 6, 1, True, 1, ("MADRS_10",), "MADRS"),
        Scale("VAS_high", "points", 0, 100, 1, False),
        Scale("BPRS_positive", "points", 4, 28, 1, False, None, ("BPRS_positive",)),
        Scale("CADSS", "points", 0, 92, 1, False, None, ("CADSS",)),
        Scale("SBP", "mmHg", 60, 260, 1, False),
        Scale("DBP", "mmHg", 30, 180, 1, False),
    )
}
MOOD_SCALES = tuple(name for name, scale in SCALES.items() if scale.mood and not scale.output)
