"""Many people on the page at once: scripted users slide on loopback for a while; median redraw, errors and memory are printed.

Each user sends a move, waits for its answer and moves on, as the page in a browser does.

    python benchmarks/page_load.py --users 50 --seconds 60 --pause 0.1
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

UPDATE = "/_dash-update-component"
WISH = {
    "output": "path-done.data",
    "outputs": {"id": "path-done", "property": "data"},
    "changedPropIds": ["path-request.data"],
}


def body_of(serial: int, fields: dict[str, str]) -> str:
    """One move as the browser sends it."""
    value = {"serial": serial, "fields": fields}
    return json.dumps({**WISH, "inputs": [{"id": "path-request", "property": "data", "value": value}]})


def slide(port: int, user: int, until: float, pause_s: float, took_ms: list[float], errors: list[str]) -> None:
    """One user: moves dose, glia and a block at random until the time is over."""
    chance = random.Random(user)
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    serial = 0
    while time.perf_counter() < until:
        serial += 1
        fields = {
            "amount": f"{chance.uniform(0.1, 1):.2f}",
            "glial": str(chance.randint(60, 100)),
            "mTORC1_block": str(chance.randint(0, 100)),
        }
        started = time.perf_counter()
        try:
            link.request("POST", UPDATE, body_of(serial, fields), {"Content-Type": "application/json"})
            answer = link.getresponse()
            done = json.loads(answer.read())["response"]["path-done"]["data"]
            if answer.status != 200 or done["serial"] != serial or not done.get("panels"):
                errors.append(f"status {answer.status}, {str(done)[:80]}")
        except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
            errors.append(repr(error)[:80])
            link.close()
        took_ms.append(1000 * (time.perf_counter() - started))
        time.sleep(pause_s * chance.random() * 2)
    link.close()


def memory_mb(process: int) -> float:
    """Memory that a process holds, MB; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def wait_for(port: int) -> float:
    """Seconds until the page answers a move."""
    started = time.perf_counter()
    while time.perf_counter() - started < 120:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            link.request("POST", UPDATE, body_of(0, {}), {"Content-Type": "application/json"})
            if link.getresponse().status == 200:
                return time.perf_counter() - started
        except OSError:
            pass
        finally:
            link.close()
        time.sleep(0.1)
    raise SystemExit("the page did not answer within two minutes")


def main() -> None:
    """Start the page, let users slide, print what came of it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--users", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=60)
    asked.add_argument("--pause", type=float, default=0.1, help="mean seconds between an answer and the next move")
    asked.add_argument("--port", type=int, default=8951)
    given = asked.parse_args()
    command = [
        sys.executable,
        "-c",
        "from resprout.app.cli import main; main()",
        "serve",
        "--port",
        str(given.port),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            ready = wait_for(given.port)
            time.sleep(5)  # usual trial kernels are built meanwhile
            before = memory_mb(server.pid)
            took: list[float] = []
            errors: list[str] = []
            until = time.perf_counter() + given.seconds
            users = [
                threading.Thread(target=slide, args=(given.port, user, until, given.pause, took, errors))
                for user in range(given.users)
            ]
            middle = threading.Timer(given.seconds / 2, lambda: half.append(memory_mb(server.pid)))
            half: list[float] = []
            middle.start()
            for user in users:
                user.start()
            for user in users:
                user.join()
            after = memory_mb(server.pid)
        finally:
            server.terminate()
    took.sort()
    print(f"{given.users} users for {given.seconds:g} s, pause {given.pause:g} s; first answer after {ready:.1f} s")
    print(f"{len(took)} redraws, {len(took) / given.seconds:.0f} a second, {len(errors)} errors {errors[:3] or ''}")
    print(f"redraw: median {statistics.median(took):.0f} ms, 95 % within {took[int(0.95 * len(took))]:.0f} ms")
    print(f"memory: {before:.0f} MB before, {half[0] if half else 0:.0f} MB halfway, {after:.0f} MB after")


if __name__ == "__main__":
    main()
