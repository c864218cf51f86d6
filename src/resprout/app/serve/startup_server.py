"""The server: answers at the door from the first moment on, and hands over to the page once its libraries are loaded."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from waitress import create_server

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
IDLE_S = 60  # after this long an idle connection is let go
STARTING_PAGE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    b"<title>resprout</title><style>body{font:1rem system-ui,sans-serif;margin:3rem;color-scheme:light dark}</style>"
    b"<p>resprout is starting. This page reloads itself."
)
HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Retry-After", "1"),
    ("Refresh", "1"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
]


class StartupServer:
    """A server that runs in a thread of its own."""

    def __init__(self, door: socket.socket, threads: int) -> None:
        """Open at once.

        door   a socket that listens      threads   how many requests are answered at a time
        """
        self._page: Wsgi | None = None
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue while twenty people slide is no news
        # no name of the software in answers
        self._server = create_server(self._answer, sockets=[door], threads=threads, ident=None, channel_timeout=IDLE_S)
        self._thread = threading.Thread(target=self._server.run, name="server", daemon=True)
        self._thread.start()

    def hand_over(self, page: Wsgi) -> None:
        """Let the page answer from now on."""
        self._page = page

    def wait(self) -> None:
        """Wait until somebody ends the server."""
        while self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def close(self) -> None:
        """Shut the door."""
        self._server.close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self._page is not None:
            return self._page(environ, start_response)
        start_response("503 Service Unavailable", HEADERS)
        return [STARTING_PAGE]
