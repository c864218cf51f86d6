"""A real browser on a real server; both are started here and ended here."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from hands import FLAGS, drawn

CHROMIUM = os.environ.get("RESPROUT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
WANTED = os.environ.get("RESPROUT_BROWSER", "") not in ("", "0")

collect_ignore_glob = [] if WANTED else ["test_*.py"]


TOOK = pytest.StashKey()


@pytest.fixture(scope="session")
def took(request):
    """How long things took, in words by what was timed; printed at the end, and no reason to fail."""
    return request.config.stash.setdefault(TOOK, {})


def pytest_terminal_summary(terminalreporter, config):
    """Print what was timed."""
    for what, time_taken in config.stash.get(TOOK, {}).items():
        terminalreporter.write_line(f"{what}: {time_taken}")


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


RUNNING = []
LONGEST_START_S = 300  # the first start compiles the model, and machines are busy


@pytest.fixture(scope="session")
def server_process(server):
    """The process of the running server."""
    return RUNNING[-1]


@pytest.fixture(scope="session")
def server():
    """The address of a running `resprout serve`, and the seconds it took to its first answer and to its page."""
    port = free_port()
    command = [sys.executable, "-c", "from resprout.app.cli import main; main()", "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        RUNNING.append(process)
        try:
            yield f"http://127.0.0.1:{port}/", waited(f"http://127.0.0.1:{port}/", process)
        finally:
            process.terminate()
            process.wait(10)


def waited(address, process):
    """Seconds to the first answer and to the page."""
    started, first = time.perf_counter(), None
    while time.perf_counter() - started < LONGEST_START_S:
        assert process.poll() is None, process.stderr.read().decode()
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.HTTPError:
            first = first or time.perf_counter() - started
        except OSError:
            pass
        else:
            whole = time.perf_counter() - started
            return first or whole, whole
        time.sleep(0.02)
    raise AssertionError(f"the server did not answer within {LONGEST_START_S} s")


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium without a window."""
    if not CHROMIUM:
        pytest.skip("no Chromium here; set RESPROUT_CHROMIUM to its path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, server):
    """An open page whose curves are drawn; anything the browser complains of fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.complaints = []
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.on(
        "console", lambda said: opened.complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    opened.goto(server[0])
    drawn(opened)
    yield opened
    context.close()
    assert opened.complaints == []
