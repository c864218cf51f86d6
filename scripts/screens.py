"""Take the pictures of the page that the documentation shows: starts the page, opens it in Chromium, writes docs/images/.

    python scripts/screens.py [--all FOLDER]

With --all, every tab is taken 390, 1024 and 1440 pixels wide instead, in light and dark, to be looked at and thrown away.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("RESPROUT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
IMAGES = Path(__file__).parents[1] / "docs" / "images"
PORT = 8963
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
FLAGS += ("--disable-component-update", "--disable-sync")
DONE = {"path": "[data-bands-serial]", "trial": "[data-trial-serial]", "drugs": "[data-drugs-serial]"}
DONE |= {"figures": "[data-figure-serial]"}
SHOWN = {
    "page-path.png": ("?glial=70", "path", 1240, 800, "light"),
    "page-trial.png": ("?tab=trial&n=60&control=midazolam", "trial", 1280, 1240, "dark"),
    "page-scoreboard.png": ("?tab=scoreboard", "scoreboard", 1240, 700, "light"),
}
SIZES = {
    f"{width}-{scheme}": (width, height, scheme)
    for width, height in ((390, 844), (1024, 800), (1440, 1000))
    for scheme in ("light", "dark")
}


def wait_for(address):
    """Wait until the page answers."""
    for _ in range(3000):
        try:
            urllib.request.urlopen(address).close()
            return
        except (urllib.error.HTTPError, OSError):
            time.sleep(0.1)
    raise SystemExit("the page did not answer within five minutes")


def take(browser, address, tab, width, height, scheme, target, whole=False):
    """One picture of one tab."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(f"body{DONE.get(tab, '[data-path-serial]')}", timeout=300_000)
    page.wait_for_selector(f"#panel-{tab}", timeout=60_000)
    page.wait_for_timeout(2500)
    page.screenshot(path=target, full_page=whole)
    context.close()
    print(f"wrote {target}, {Path(target).stat().st_size / 1000:.0f} kB")


@contextlib.contextmanager
def opened_page():
    """A browser, and the address of a page that answers; both are ended behind the block."""
    command = [sys.executable, "-c", "from resprout.app.cli import main; main()", "serve", "--port", str(PORT)]
    address = f"http://127.0.0.1:{PORT}/"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server, sync_playwright() as play:
        try:
            wait_for(address)
            browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            yield browser, address
            browser.close()
        finally:
            server.terminate()


def main():
    """Start the page, take pictures, end the page."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument(
        "--all", type=Path, help="folder for pictures of every tab; those of the documentation stay as they are"
    )
    folder = asked.parse_args().all
    if CHROMIUM is None:
        raise SystemExit("no Chromium here; set RESPROUT_CHROMIUM to its path")
    with opened_page() as (browser, address):
        if folder is None:
            IMAGES.mkdir(exist_ok=True)
            for name, (query, tab, *size) in SHOWN.items():
                take(browser, address + query, tab, *size, IMAGES / name)
            return
        folder.mkdir(parents=True, exist_ok=True)
        for tab in (*DONE, "patients", "model", "scoreboard"):
            for name, size in SIZES.items():
                take(browser, f"{address}?tab={tab}", tab, *size, folder / f"{tab}-{name}.png", whole=True)


if __name__ == "__main__":
    main()
