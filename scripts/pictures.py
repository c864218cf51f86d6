"""Makes the pictures of the documentation: runs the commands of the gallery and of the stories, and opens each tab of the page.

    python scripts/pictures.py

Pictures go to out/pictures, from where the documentation takes them. Without Chromium the tabs of the page are left out, and said so.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import time
from pathlib import Path

from screens import CHROMIUM, opened_page, take

from resprout.app.cli import run

ROOT = Path(__file__).parents[1]
MADE = ROOT / "out" / "pictures"
TABS = ("path", "trial", "drugs", "figures", "patients", "model", "scoreboard")
PAGE = {f"{tab}.png": (f"?tab={tab}", tab, 1280, 900, "light") for tab in TABS}
PAGE |= {"clinician.png": ("?glial=70&stress=2", "path", 1280, 900, "light")}
PAGE |= {"dark.png": ("?glial=70", "path", 1280, 900, "dark"), "phone.png": ("?glial=70", "path", 390, 844, "light")}


def commands(page):
    """The command lines of a page of the documentation that begin with the program's name."""
    for block in re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        yield from (words[1:] for line in block.splitlines() if (words := shlex.split(line)) and words[0] == "resprout")


def run_page(page, folder):
    """Run the commands of a page in a folder of its own; what fails ends the program with the command that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    for words in commands(page):
        if words[0] == "serve":
            continue
        start, said = time.perf_counter(), io.StringIO()
        with contextlib.redirect_stdout(said):
            code = run(words)
        if code:
            raise SystemExit(f"{page}: `resprout {shlex.join(words)}` ended with code {code}")
        print(f"{time.perf_counter() - start:5.1f} s  resprout {shlex.join(words)}", flush=True)


def main():
    """Make every picture, and say which of those that pages name are missing."""
    docs = ROOT / "docs"
    run_page(docs / "gallery.md", MADE / "gallery")
    for story in sorted((docs / "stories").glob("*.md")):
        run_page(story, MADE / "stories" / story.stem)
    if CHROMIUM is None:
        print("No Chromium here: the tabs of the page are left out.")
    else:
        (MADE / "page").mkdir(parents=True, exist_ok=True)
        with opened_page() as (browser, address):
            for name, (query, tab, *size) in PAGE.items():
                take(browser, address + query, tab, *size, MADE / "page" / name)
    missing = [name for name in named_pictures(docs) if not (MADE / name).exists()]
    if missing and (CHROMIUM is not None or not all(name.startswith("page/") for name in missing)):
        raise SystemExit(f"Named in the documentation, and not made: {', '.join(missing)}")


def named_pictures(docs):
    """The pictures that pages of the documentation name."""
    for page in sorted(docs.rglob("*.md")):
        yield from re.findall(r"<!-- picture ([\w/.-]+):", page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
