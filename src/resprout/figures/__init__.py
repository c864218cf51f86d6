"""Results as Plotly pictures: one colour per stage everywhere, titles that say the finding."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from resprout.errors import Fault, InputError
from resprout.figures.notebook_display import show_in_exports
from resprout.language.bounds import REPLICATES, SEED
from resprout.language.given_values import plain_of
from resprout.simulation.progress_count import counted

if TYPE_CHECKING:
    import plotly.graph_objects as go

FIGURES = {
    1: "ketamine against saline on depression, euphoria and psychosis (berman2000)",
    2: "response to ketamine in seven trials, pooled",
    3: "what illness does to each link of the chain, and what ketamine does",
    4: "spines and depression by BDNF genotype",
}
show_in_exports()


def figure(
    number: int,
    *,
    replicates: int = 200,
    seed: int = 1,
    point: bool = False,
    progress: Callable[[int], None] | None = None,
) -> go.Figure:
    """Draw a figure of Krystal, Sanacora & Duman (2013) from the model.

    number      which figure, 1 to 4
    replicates  number of replicates of the trials behind it; figure 3 shows patients, not trials
    seed        of the virtual patients and their raters
    point       use the point estimate of the constants; otherwise each replicate or patient takes a posterior draw
    progress    told how many people have been followed; None tells nobody
    returns     a Plotly figure
    raises      InputError for a figure that does not exist, and for replicates or a seed out of bounds
    """
    number, replicates, seed = plain_of(number), plain_of(replicates), plain_of(seed)
    check_number(number)
    faults = REPLICATES.faults("`replicates`", replicates, field="replicates")
    faults += SEED.faults("`seed`", seed, field="seed")
    if faults:
        raise InputError(*faults)
    with nullcontext() if progress is None else counted(progress):
        return _drawn(number, replicates, seed, point)


def _drawn(number: int, replicates: int, seed: int, point: bool) -> go.Figure:
    """A figure whose number, replicates and seed have been checked."""
    if number == 2:
        from resprout.figures.fig2 import figure2

        return figure2(replicates=replicates, seed=seed, point=point)
    if number == 3:
        from resprout.figures.fig3 import figure3

        return figure3(seed=seed, point=point)
    if number == 4:
        from resprout.figures.fig4 import figure4

        return figure4(replicates=replicates, seed=seed, point=point)
    from resprout.figures.fig1 import figure1
    from resprout.trial import run_trial

    trial = run_trial("berman2000", replicates=replicates, seed=seed, point=point)
    return figure1(trial.table, replicates=replicates, constants=trial.path.attrs["constants"], protocol=trial.protocol)


def check_number(number: int) -> None:
    """Raise InputError unless the figure exists.

    number   which figure, 1 to 4
    """
    if not isinstance(number, int) or number not in FIGURES:
        there = "; ".join(f"`figure {known}`: {what}" for known, what in FIGURES.items())
        raise InputError(
            Fault(f"There is no figure {number}.", "figure", f"There is {there}.", "Try `resprout figure 1`.")
        )


def pieces_of(number: int, replicates: int) -> tuple[int, str]:
    """What is computed for a figure, for those who wait: how many pieces, and what they are.

    number, replicates   as in `figure`
    """
    if number == 2:
        from resprout.figures.fig2 import CHOSEN

        return len(CHOSEN), "trials of figure 2"
    if number == 3:
        from resprout.figures.fig3 import PATIENTS

        return 2 * PATIENTS, "people of figure 3"
    if number == 4:
        from resprout.figures.fig4 import PUBLISHED_SIZES

        return replicates * sum(PUBLISHED_SIZES.values()), "people of figure 4"
    from resprout.language import load_model
    from resprout.trial.protocol import read_protocol
    from resprout.trial.trial import PATH_PATIENTS

    people = replicates * read_protocol("berman2000", load_model())[0].people
    return people + min(people, PATH_PATIENTS), "people of figure 1"
