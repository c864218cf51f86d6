"""The page of a model file in a real browser: curves at once, doses and patients, a fault at its field, both themes, a phone."""

import subprocess
import sys

import pytest

from conftest import free_port, waited

pytestmark = pytest.mark.browser
TEXT = """model two_steps
  gut = 0; central = 0; ka = 1.1; CL = 5; V = 50
  gut' = -ka*gut; central' = ka*gut - CL/V*central; concentration := central/V
end
"""
CURVES = "#curves .card .js-plotly-plot .scatterlayer path.js-line"
LONGEST_MS = 120_000


@pytest.fixture(scope="module")
def model_server(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "two_steps.ant"
    path.write_text(TEXT, encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-c", "from resprout.app.cli import main; main()"]
    command += ["serve", "--model", str(path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            waited(f"http://127.0.0.1:{port}/", process)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(10)


def opened(chromium, address, width=1280, scheme="light"):
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector(CURVES, state="attached", timeout=LONGEST_MS)
    return page


def test_doses_and_patients_are_drawn_and_a_fault_stands_at_its_field(chromium, model_server):
    page = opened(chromium, model_server)
    assert page.locator(CURVES).count() == 2
    assert "One run" in page.inner_text("#said")
    page.fill("#dose", "gut: 100; every 24 h x 4")
    page.fill("#vary", "CL=lognormal(cv=0.3)")
    page.locator("#vary").blur()
    page.wait_for_selector("#said:has-text('200 patients')", timeout=LONGEST_MS)
    # the median, and in grey what the file's own values give
    assert page.locator(CURVES).count() == 6
    assert "--vary 'CL=lognormal(cv=0.3)'" in page.inner_text("#command")
    page.fill("#dose", "nothing: 100")
    page.locator("#dose").blur()
    page.wait_for_selector("#said:has-text('those of before')", timeout=LONGEST_MS)
    assert page.complaints == []
    page.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_axe_finds_no_serious_fault_on_it(chromium, model_server, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(chromium, model_server, width, scheme)
    found = Axe().run(page).response["violations"]
    serious = [
        (each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    if width < 900:
        assert page.locator("#curves .card").first.bounding_box()["y"] < page.locator("#dose").bounding_box()["y"]
    page.context.close()
