"""`resprout figure`: the figures of the review, drawn from the model, for screen and print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resprout.app.options import PictureSize, Point, Replicates, Seed
from resprout.app.output_files import check_figure_target, refuse, save_figure


def figure(
    number: Annotated[int, typer.Argument(help="Which figure of Krystal, Sanacora & Duman (2013): 1 to 4.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write: .html, .svg, .pdf or .png; figN.html if left out.")
    ] = None,
    replicates: Replicates = 200,
    seed: Seed = 1,
    point: Point = False,
    size: PictureSize = None,
) -> None:
    """Draw a figure of Krystal, Sanacora and Duman (2013) from the model.

    Example: `resprout figure 2 --out fig2.pdf --size single`
    """
    from resprout.figures import check_number
    from resprout.figures import figure as draw

    check_number(number)
    target = out or Path(f"fig{number}.html")
    refuse(check_figure_target("--out", target, size))
    from resprout.app.terminal import progress_bar
    from resprout.figures import pieces_of
    from resprout.simulation.progress_count import counted

    with progress_bar(*pieces_of(number, replicates)) as tell, counted(tell):
        drawn = draw(number, replicates=replicates, seed=seed, point=point)
    save_figure(drawn, target, size)
    typer.echo(f"wrote {target}")
