"""The analogue of Fig 4 of Krystal, Sanacora & Duman (2013): spines and depression by BDNF genotype, with ketamine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from resprout.calibrate.experiments import Arm, moved_by, prepare_arm, read_persons
from resprout.calibrate.predicted_measurements import Group, run_group
from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR, faint, plain_template, whiskers
from resprout.figures.spoken_units import format_time
from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.people import recruit
from resprout.people.covariates import GENOTYPES
from resprout.people.draws import draws_words
from resprout.statistics.anova import group_by_time
from resprout.trial.protocol import read_protocol
from resprout.trial.replicates import run_series

Numbers = NDArray[np.float64]
PUBLISHED_SIZES = dict(zip(GENOTYPES, (41, 19, 2), strict=True))  # legend of the figure
PUBLISHED_P = 0.0007
TRIAL = "laje2012_genotype"
DASH = dict(zip(GENOTYPES, ("solid", "dash", "dot"), strict=True))
SYMBOL = dict(zip(GENOTYPES, ("circle", "square", "diamond"), strict=True))
ANIMAL_DOSE = "ketamine 10 mg/kg ip"
ANIMALS = 60  # mice of each genotype
ANIMAL_STAGES = (3, 4, 5)
"""Stages in whose constants mice differ: circuit, signal and spine."""


@dataclass(frozen=True)
class GenotypeTrial:
    """The genotyped trial: ratings by genotype [replicate, patient, visit], hours [visit], F and p [replicate]."""

    ratings: dict[str, Numbers]
    hours: tuple[float, ...]
    F: Numbers
    p: Numbers
    df: int


def figure4(*, replicates: int = 200, seed: int = 1, model: Model | None = None, point: bool = False) -> go.Figure:
    """Draw spines by genotype before and after ketamine, and HDRS17 by genotype with the interaction test.

    replicates   replicates of the genotyped trial, 41, 19 and 2 people each      seed   of people and raters
    point        use the point estimate; otherwise each replicate or patient takes a posterior draw
    """
    model = given_or_shipped(model)
    trial = genotype_trial(replicates, seed, model, point=point)
    figure = make_subplots(
        rows=1,
        cols=2,
        column_widths=[0.4, 0.6],
        horizontal_spacing=0.11,
        subplot_titles=("A  spines of mice a day after ketamine", "B  HDRS-17 of patients after ketamine"),
    )
    _draw_spines(figure, spines_by_genotype(seed, model, point=point))
    _draw_ratings(figure, trial)
    figure.update_layout(
        template=plain_template(),
        title={
            "text": f"{finding(trial)}<br><span style='font-size:13px'>{who(trial, draws_words(model, point))}</span>",
            "y": 0.97,
        },
        height=560,
        margin={"l": 65, "r": 40, "t": 148, "b": 105},
        legend={"orientation": "h", "x": 0.0, "y": -0.19, "yanchor": "top"},
    )
    return figure


def genotype_trial(replicates: int, seed: int, model: Model, *, point: bool = False) -> GenotypeTrial:
    """Repeat the genotyped trial with exactly the published numbers of each genotype.

    returns   ratings and, for each replicate, genotype x time with Met carriers as one group
    """
    protocol, regimens = read_protocol(TRIAL, model)
    arm, endpoint = protocol.arms[0], protocol.endpoints[0]
    ratings = {}
    for genotype, size in PUBLISHED_SIZES.items():
        entry = protocol.entry.model_copy(update={"genotype": (genotype,)})
        own = protocol.model_copy(update={"entry": entry, "arms": (arm.model_copy(update={"size": size}),)})
        _, outcome = run_series(own, regimens, model, replicates, seed, point=point)
        ratings[genotype] = outcome.ratings[arm.name, endpoint.name]
    whole = np.concatenate(list(ratings.values()), axis=1)
    carrier = np.repeat([0, 1, 1], list(PUBLISHED_SIZES.values()))
    found = group_by_time(whole, np.broadcast_to(carrier, whole.shape[:2]))
    return GenotypeTrial(ratings, endpoint.visits, found.F, found.p, found.df)


def spines_by_genotype(seed: int, model: Model, *, point: bool = False) -> dict[str, tuple[Numbers, Numbers]]:
    """Spine density at baseline and a day after ketamine of the same mice, had they been born with each genotype.

    Mice differ in the constants of circuit, signalling and spines as healthy people do, which is assumed; everything else is that of the
    rodent of persons.tsv.
    """
    people = recruit(ANIMALS, seed=seed, population="healthy", model=model, uncertain=not point)
    arm = Arm("rodent", ANIMAL_DOSE)
    moved = moved_by(model, prepare_arm(model, read_persons(model), arm))
    group = Group((arm,), ("spine_density",), moved, (0.0, 24.0))
    spread = [name for name, each in model.constants.items() if each.spread and each.stage in ANIMAL_STAGES]
    own = {name: people.constants[name] for name in spread if name in people.constants}
    found = {}
    for genotype in GENOTYPES:
        released = people.with_genotype(genotype, model).constants["BDNF_release_factor"]
        density = run_group(model, group, {**own, "BDNF_release_factor": released}, ANIMALS)[0, :, :, 0]
        found[genotype] = density[:, 0], density[:, 1]
    return found


def finding(trial: GenotypeTrial) -> str:
    """Say what the genotyped trial finds, and how often."""
    change = {name: (rating[:, :, -1] - rating[:, :, 0]).mean() for name, rating in trial.ratings.items()}
    word = "falls less" if change["Val/Met"] > change["Val/Val"] else "does not fall less"
    power = (trial.p < 0.05).mean()
    return f"With a Met allele HDRS-17 {word}; a trial of 62 finds it {power:.0%} of the time"


def who(trial: GenotypeTrial, constants: str) -> str:
    """Say what was tested and on whom."""
    sizes = ", ".join(f"{size} {name}" for name, size in PUBLISHED_SIZES.items())
    return (
        f"{len(trial.F):,} virtual trials of {sizes}; carriers x time: median F = {np.median(trial.F):.2f} (df {trial.df}), "
        f"p < .05 in {(trial.p < 0.05).mean():.0%}, p ≤ .0007 in {(trial.p <= PUBLISHED_P).mean():.0%}.<br>"
        f"Published: F = 5.59, df = 4, p = .0007. Small points are virtual mice (A: {ANIMALS} a genotype, {ANIMAL_DOSE}) and patients "
        "(B: those of the first trial); bars are 95 % intervals (A: over mice, B: prediction interval over trials), "
        f"{constants}.<br>Mice differ in constants of circuit, signalling and spines as people do (assumed); at baseline, health is 1 by definition."
    )


def _draw_spines(figure: go.Figure, spines: dict[str, tuple[Numbers, Numbers]]) -> None:
    """Draw spine density at baseline (open) and after ketamine (filled) for each genotype."""
    colour = STAGE_COLOUR["spine"]
    for after, word in ((False, "before ketamine"), (True, "a day after ketamine")):
        values = [spines[name][int(after)] for name in GENOTYPES]
        for place, each in enumerate(values):
            at = place + (0.12 if after else -0.12)
            _points(figure, at, 0.17 if after else -0.17, each, colour, 1, "mouse")
        figure.add_trace(
            go.Scatter(
                x=[place + (0.12 if after else -0.12) for place in range(len(GENOTYPES))],
                y=[each.mean() for each in values],
                error_y=whiskers(
                    [np.quantile(each, 0.975) - each.mean() for each in values],
                    [each.mean() - np.quantile(each, 0.025) for each in values],
                    colour,
                ),
                mode="markers",
                marker={"size": 11, "color": colour, "symbol": "circle" if after else "circle-open"},
                name=f"spines {word}",
                hovertemplate="%{y:.3f}<extra>" + word + "</extra>",
            ),
            row=1,
            col=1,
        )
    figure.update_xaxes(tickvals=list(range(len(GENOTYPES))), ticktext=list(GENOTYPES), range=[-0.5, 2.5], row=1, col=1)
    figure.update_yaxes(title_text="spine density (health = 1)", row=1, col=1)


def _points(  # many arguments: where and how the points stand, and what one is
    figure: go.Figure, x: float, width: float, values: Numbers, colour: str, column: int, who: str = "patient"
) -> None:
    """Draw virtual mice or patients, one point each, side by side in the order in which they were recruited.

    x, width   where the first point stands, and how far the last one lies from it
    """
    known = values[np.isfinite(values)]
    figure.add_trace(
        go.Scatter(
            x=x + width * np.linspace(0.15, 1.0, max(len(known), 1))[: len(known)],
            y=known,
            mode="markers",
            marker={"size": 3.5, "color": faint(colour, 0.4)},
            showlegend=False,
            hovertemplate="%{y:.2f}<extra>one virtual " + who + "</extra>",
        ),
        row=1,
        col=column,
    )


def _draw_ratings(figure: go.Figure, trial: GenotypeTrial) -> None:
    """Draw mean HDRS17 by visit for each genotype, with the 95 % prediction interval."""
    places = list(range(len(trial.hours)))
    for number, (genotype, rating) in enumerate(trial.ratings.items()):
        mean = rating.mean(axis=1)
        lower, upper = np.quantile(mean, [0.025, 0.975], axis=0)
        middle = mean.mean(axis=0)
        colour = STAGE_COLOUR["score"] if genotype == "Val/Val" else CONTROL_COLOUR
        for place, each in enumerate(rating[0].T):
            _points(figure, place + 0.1 * (number - 1), 0.09, each, colour, 2)
        figure.add_trace(
            go.Scatter(
                x=[place + 0.1 * (number - 1) for place in places],
                y=middle,
                error_y=whiskers(upper - middle, middle - lower, colour),
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": DASH[genotype]},
                marker={"size": 8, "symbol": SYMBOL[genotype], "color": colour},
                name=f"{genotype} (n={PUBLISHED_SIZES[genotype]})",
                hovertemplate="%{y:.1f}<extra>" + genotype + "</extra>",
            ),
            row=1,
            col=2,
        )
    figure.update_xaxes(
        tickvals=places,
        ticktext=[format_time(hour) for hour in trial.hours],
        range=[-0.4, len(places) - 0.6],
        title_text="time after the infusion began (visits evenly spaced)",
        row=1,
        col=2,
    )
    figure.update_yaxes(title_text="HDRS-17, points", rangemode="tozero", row=1, col=2)
