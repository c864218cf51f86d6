"""Figures in a notebook: drawn by Jupyter itself, and in what is made of the notebook, such as HTML."""

from __future__ import annotations

import sys

JUPYTER_ALONE = "plotly_mimetype"
EVERYWHERE = "plotly_mimetype+notebook"


def show_in_exports() -> None:
    """Have Plotly write figures of this kernel as HTML too, unless the reader has chosen otherwise.

    Within a kernel Plotly writes data for Jupyter alone by default, which nbconvert leaves out of HTML.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if type(shell).__module__.startswith("ipykernel."):
        import plotly.io

        if plotly.io.renderers.default == JUPYTER_ALONE:
            plotly.io.renderers.default = EVERYWHERE
