"""Rating scales: what each can read, its steps, and what counts as remission."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A rating scale.

    lowest, highest  points   its range             step       points   readings are multiples of it
    remission        points   at or below, a patient is well; None where the word has no meaning
    mood             it rates depression: placebo, mood swings and response apply
    """

    name: str
    unit: str
    lowest: float
    highest: float
    step: float
    mood: bool
    remission: float | None = None


# Cut-offs: HDRS17 <= 7 is the usual one; those of its longer and shorter versions and of MADRS vary between trials.
SCALES = {
    scale.name: scale
    for scale in (
        Scale("HDRS6", "points", 0, 22, 1, True, 4),
        Scale("HDRS17", "points", 0, 52, 1, True, 7),
        Scale("HDRS21", "points", 0, 64, 1, True, 7),
        Scale("HDRS24", "points", 0, 75, 1, True, 9),
        Scale("HDRS25", "points", 0, 76, 1, True, 9),
        Scale("MADRS", "points", 0, 60, 1, True, 9),
        Scale("VAS_high", "points", 0, 100, 1, False),
        Scale("BPRS_positive", "points", 4, 28, 1, False),
        Scale("CADSS", "points", 0, 92, 1, False),
        Scale("SBP", "mmHg", 60, 260, 1, False),
        Scale("DBP", "mmHg", 30, 180, 1, False),
    )
}
MOOD_SCALES = tuple(name for name, scale in SCALES.items() if scale.mood)
