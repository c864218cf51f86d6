"""The guard at the door: every request is checked, every answer carries its headers, and no fault of ours shows its inside."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from functools import lru_cache
from urllib.parse import urlsplit

from dash import Dash
from dash.exceptions import DashException
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

LARGEST_BODY = 1_000_000  # bytes; a whole page state with a protocol is under a tenth of it
DEEPEST = 20
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
UPDATE = "/_dash-update-component"
log = logging.getLogger("resprout.page")


def headers(script_hashes: Collection[str]) -> dict[str, str]:
    """Headers of every answer: only our own scripts run, nothing is sent elsewhere, nobody frames the page."""
    scripts = " ".join(["'self'", *script_hashes])
    # the drawing library writes styles into the page, so styles may be inline; scripts may not
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    }


def guard_app(app: Dash, hosts: Collection[str] | None) -> None:
    """Guard the server of a page that Dash draws.

    hosts   names under which the page may be asked for; None for any
    """

    @lru_cache(maxsize=1)
    def hashes() -> tuple[str, ...]:
        return tuple(f"'{digest}'" if not digest.startswith("'") else digest for digest in app.csp_hashes())

    install_guard(app.server, hashes, hosts)


def install_guard(server: Flask, script_hashes: Callable[[], Collection[str]], hosts: Collection[str] | None) -> None:
    """Guard a server.

    script_hashes   gives the hashes of scripts that stand in the page itself
    hosts           names under which the page may be asked for; None for any
    """
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    server.config["PROPAGATE_EXCEPTIONS"] = False

    @server.before_request
    def check() -> Response | None:
        if hosts is not None and host_of(request.host) not in hosts:
            return refuse(403, "This page answers on its own machine only.")
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            return refuse(403, "This request comes from another page.")
        if request.path == UPDATE and request.method == "POST" and not is_update(request.get_data(cache=True)):
            return refuse(400, "This is no request of this page.")
        return None

    @server.after_request
    def mark(answer: Response) -> Response:
        for name, value in headers(script_hashes()).items():
            answer.headers.setdefault(name, value)
        return answer

    @server.errorhandler(Exception)
    def say(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return refuse(error.code or 500, error.name)
        log.warning("%s on %s", type(error).__name__, request.path)
        if isinstance(error, DashException) and request.path != UPDATE:
            return refuse(404, "There is nothing here.")
        if request.path == UPDATE:  # a well-formed request that asks for what this page has not
            return refuse(400, "This is no request of this page.")
        return refuse(500, "This did not work. Nothing was kept.")


def refuse(code: int, words: str) -> Response:
    """A short answer in plain text."""
    return Response(words + "\n", status=code, mimetype="text/plain")


def host_of(host: str) -> str:
    """A host without its port."""
    return host.rsplit(":", 1)[0] if not host.endswith("]") else host


def is_update(body: bytes) -> bool:
    """Whether a body has the shape of a page's request for an update."""
    if depth_of(body) > DEEPEST:
        return False
    try:
        sent = json.loads(body, parse_constant=reject)
    except (ValueError, RecursionError):
        return False
    if not isinstance(sent, dict) or not isinstance(sent.get("output"), str):
        return False
    parts = [sent.get("inputs"), sent.get("state", [])]
    if not all(isinstance(part, list) for part in parts) or not isinstance(sent.get("changedPropIds", []), list):
        return False
    given = [each for part in parts for item in part or [] for each in (item if isinstance(item, list) else [item])]
    return all(isinstance(item, dict) and {"id", "property"} <= item.keys() for item in given)


def depth_of(body: bytes) -> int:
    """How deep brackets nest, at most; those inside text are counted too, which only errs on the safe side."""
    deepest = depth = 0
    for byte in body:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def reject(word: str) -> None:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(word)
