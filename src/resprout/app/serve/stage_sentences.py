"""A sentence under each panel: one patient's trajectory in, what it shows in plain words out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resprout.app.serve.path_simulation import Trajectory
from resprout.dosing.dose_records import drug_words
from resprout.figures.spoken_units import format_time

Numbers = NDArray[np.float64]
SAME = 0.01  # peaks of repeated doses that differ by less are the same
NOTHING = 0.02  # a change below this share of baseline is not reported
POOLS = {
    "PV_NMDA_block": "PV interneurons",
    "SST_NMDA_block": "SST interneurons",
    "pyramidal_synaptic_NMDA_block": "pyramidal synapses",
    "pyramidal_extrasynaptic_NMDA_block": "extrasynaptic sites of pyramidal cells",
}
SIGNALS = {"BDNF_release": "BDNF release", "TrkB": "TrkB", "p_mTOR": "p-mTOR", "synaptic_protein": "synaptic protein"}


def sentences(trajectory: Trajectory) -> dict[str, str]:
    """One sentence or two a stage, in the order of the stages."""
    return {
        "dose": dose_sentence(trajectory),
        "receptor": receptor_sentence(trajectory),
        "circuit": circuit_sentence(trajectory),
        "signal": signal_sentence(trajectory),
        "spine": spine_sentence(trajectory),
        "score": score_sentence(trajectory),
    }


def dose_sentence(trajectory: Trajectory) -> str:
    """Peak in plasma and brain, and the time of elimination from brain."""
    plasma, brain = trajectory.value["ketamine_venous"], trajectory.value["ketamine_brain"]
    others = [drug_words(drug) for drug in trajectory.drugs if f"{drug}_plasma" in trajectory.drug_levels]
    beside = f" The plasma concentration of {' and '.join(others)} stands beside it." if others else ""
    if plasma.max() <= 0:
        return (
            ("No ketamine is given." + beside) if others else "Nothing is given, so nothing moves that is not blocked."
        )
    gone = after(trajectory, brain)
    leaves = f"it falls below a tenth of that {gone}" if gone else "it stays above a tenth of that to the end"
    return (
        f"Venous plasma {trajectory.ketamine or 'ketamine'} peaks at {plasma.max():.3g} ng/mL {at(trajectory, plasma)}; unbound in brain it reaches "
        f"{brain.max():.2g} µM {at(trajectory, brain)}, and {leaves}.{beside}"
    )


def receptor_sentence(trajectory: Trajectory) -> str:
    """Which pool is blocked most and which least."""
    peaks = {words: trajectory.value[name].max() for name, words in POOLS.items()}
    if max(peaks.values()) < 0.005:
        return "Hardly an NMDA receptor is blocked."
    most, least = max(peaks, key=peaks.__getitem__), min(peaks, key=peaks.__getitem__)
    name = next(name for name, words in POOLS.items() if words == most)
    return (
        f"Most is blocked at {most}, {peaks[most]:.0%} {at(trajectory, trajectory.value[name])}; "
        f"least at {least}, {peaks[least]:.0%}."
    )


def circuit_sentence(trajectory: Trajectory) -> str:
    """How the cells and glutamate release move, each against its baseline."""
    moves = [
        move(trajectory, name, words)
        for name, words in (
            ("PV_rate", "PV cells fire"),
            ("SST_rate", "SST cells"),
            ("pyramidal_rate", "pyramidal cells"),
            ("glutamate_release", "glutamate release"),
        )
    ]
    told = [words for words in moves if words]
    if not told:
        return "Firing and glutamate release stay within 2 % of this patient's baseline."
    return f"Relative to this patient's baseline: {', '.join(told)}."


def move(trajectory: Trajectory, name: str, words: str) -> str:
    """The largest move of one output against its baseline, with its time; empty if it hardly moves."""
    value = trajectory.value[name]
    baseline = value[0] if value[0] else 1.0
    farthest = peak_place(np.abs(value - value[0]))
    share = value[farthest] / baseline - 1
    if abs(share) < NOTHING:
        return ""
    return f"{words} {abs(share):.0%} {'more' if share > 0 else 'less'} ({since_dose(trajectory, trajectory.time_h[farthest])})"


def signal_sentence(trajectory: Trajectory) -> str:
    """In which order the growth signals peak, and how much protein is gained."""
    hours = trajectory.time_h
    peaks = []
    for name, words in SIGNALS.items():
        value = trajectory.value[name]
        rise = value.max() - value[0]
        if rise > NOTHING * max(abs(value[0]), 0.1):
            peaks.append((hours[peak_place(value)], words))
    if not peaks:
        return "No growth signal rises above its baseline."
    order = ", then ".join(f"{words} ({since_dose(trajectory, hour)})" for hour, words in sorted(peaks))
    protein = trajectory.value["synaptic_protein"]
    gain = protein.max() / protein[0] - 1
    gained = f" Synaptic protein gains {gain:.0%}." if gain > NOTHING else " Synaptic protein hardly changes."
    return f"Peaks come in this order: {order}.{gained}"


def spine_sentence(trajectory: Trajectory) -> str:
    """Spine density at baseline, at its extreme, and what is left at the end."""
    hours, spines = trajectory.time_h, trajectory.value["spine_density"]
    before = f"Spine density starts at {spines[0]:.0%} of health"
    farthest = int(np.abs(spines - spines[0]).argmax())
    change = spines[farthest] - spines[0]
    if abs(change) < 0.005:
        return f"{before} and stays there."
    word = "rises" if change > 0 else "falls"
    told = f"{before} and {word} to {spines[farthest]:.0%} after {format_time(hours[farthest])}"
    if farthest == len(hours) - 1:
        return f"{told}, the end of the run."
    left = (spines[-1] - spines[0]) / change
    return f"{told}; {max(left, 0):.0%} of that change is left at {format_time(hours[-1])}."


def score_sentence(trajectory: Trajectory) -> str:
    """How far depression falls, when, whether that is a response, and how strong dissociation was."""
    hours, score, odd = trajectory.time_h, trajectory.value["HDRS17"], trajectory.value["CADSS"]
    lowest = int(score.argmin())
    fall = score[0] - score[lowest]
    share = fall / score[0] if score[0] > 0 else 0.0
    if fall < 0.5:
        worst = int(score.argmax())
        told = f"HDRS-17 stays at {score[0]:.0f} points"
        if score[worst] - score[0] >= 0.5:
            told = f"HDRS-17 rises from {score[0]:.0f} to {score[worst]:.0f} points after {format_time(hours[worst])}"
    else:
        half = "at least half, a response" if share >= 0.5 else "less than half, no response"
        told = (
            f"HDRS-17 falls from {score[0]:.1f} to {score[lowest]:.1f} points after {format_time(hours[lowest])} "
            f"({share:.0%}: {half}) and stands at {score[-1]:.1f} at {format_time(hours[-1])}"
        )
    if odd.max() < 1:
        return f"{told}. No dissociation to speak of."
    gone = after(trajectory, odd)
    return f"{told}. Dissociation (CADSS) peaks at {odd.max():.0f} of 92 {at(trajectory, odd)}{' and fades ' + gone if gone else ''}."


def at(trajectory: Trajectory, value: Numbers) -> str:
    """When a curve peaks, in words."""
    told = since_dose(trajectory, float(trajectory.time_h[peak_place(value)]))
    return f"({told})" if " after " in told else f"after {told}"


def peak_place(value: Numbers) -> int:
    """The first place at which a curve is at its peak, but for a hundredth of its height over the lowest: later doses peak alike."""
    low, high = float(value.min()), float(value.max())
    return int((value >= high - SAME * (high - low)).argmax())


def since_dose(trajectory: Trajectory, hour: float) -> str:
    """The time of one dose; of several, the time since the last one before it, and which that is."""
    starts = trajectory.dose_h
    if len(starts) < 2:
        return format_time(hour)
    number = max(sum(start <= hour for start in starts), 1)
    return f"{format_time(hour - starts[number - 1])} after dose {number} of {len(starts)}"


def after(trajectory: Trajectory, value: Numbers) -> str:
    """When a curve first falls below a tenth of its peak, in words; empty if never."""
    hours = trajectory.time_h
    late = (value <= 0.1 * value.max()) & (np.arange(len(hours)) > peak_place(value))
    if not late.any():
        return ""
    told = since_dose(trajectory, float(hours[int(late.argmax())]))
    return told if " after " in told else f"after {told}"
