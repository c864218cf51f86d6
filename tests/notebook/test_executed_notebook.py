"""The notebook of the documentation: it runs, shows at most a screen at a time, and its figures are there in Jupyter and in HTML."""

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

pytestmark = pytest.mark.notebook
ROOT = Path(__file__).parents[2]
SOURCE, MADE = ROOT / "docs" / "notebooks" / "tour.ipynb", ROOT / "out" / "notebooks"
CHROMIUM = os.environ.get("RESPROUT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SCREEN_ROWS, SCREEN_TEXT = 30, 3000  # of a table, and characters in it, on a screen of 1080 pixels
FIGURES = 4
PLOTLY = "application/vnd.plotly.v1+json"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook with its outputs, also kept for the documentation; a cell that fails ends this with its traceback."""
    notebook = nbformat.read(SOURCE, nbformat.NO_CONVERT)
    where = tmp_path_factory.mktemp("notebook")
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(where)}}).execute()
    assert (where / "synapse.pdf").read_bytes().startswith(b"%PDF")
    MADE.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, MADE / SOURCE.name)
    return notebook


@pytest.fixture(scope="module")
def exported(executed):
    """What nbconvert makes of it."""
    path = MADE / "tour.html"
    path.write_text(HTMLExporter().from_notebook_node(executed)[0], encoding="utf-8")
    return path


def outputs(notebook):
    """Every output of every cell, by the number of the cell."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            yield number, output


def test_no_cell_warns_or_writes_to_the_error_stream(executed):
    assert [(number, each.text) for number, each in outputs(executed) if each.get("name") == "stderr"] == []


def test_every_output_that_is_no_figure_fits_on_one_screen(executed):
    for number, output in outputs(executed):
        data = output.get("data", {})
        html = "" if PLOTLY in data else data.get("text/html", "")
        if "plotly.js v" in html[:2000]:
            continue  # the library that draws, once a notebook
        assert html.count("<tr") <= SCREEN_ROWS, number
        assert len(re.sub(r"<style.*?</style>|<[^>]+>", "", html, flags=re.DOTALL)) <= SCREEN_TEXT, number
        assert len(output.get("text", "").splitlines()) <= SCREEN_ROWS, number


def test_every_figure_is_there_for_jupyter_and_for_html(executed):
    drawn = [each.data for _, each in outputs(executed) if PLOTLY in each.get("data", {})]
    assert len(drawn) == FIGURES
    assert all("Plotly.newPlot" in data["text/html"] for data in drawn)


def test_nbconvert_shows_every_figure_in_a_browser_without_a_network(exported):
    if not CHROMIUM:
        pytest.skip("no Chromium here; set RESPROUT_CHROMIUM to its path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)  # the file has five megabytes, and machines are busy
        page.route(re.compile("^https?:"), lambda route: route.abort())
        page.goto(exported.as_uri())
        figures = page.locator(".js-plotly-plot")  # all scripts of a page have run once it is loaded
        assert figures.count() == FIGURES
        for at in range(FIGURES):
            figures.nth(at).locator(".scatterlayer path, .shapelayer path").first.wait_for(state="attached")
        wide = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert wide <= 1280
