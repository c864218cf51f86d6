"""`resprout serve`: the page, on this machine."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.errors import Fault, InputError
from resprout.installation import install_command

if TYPE_CHECKING:
    from resprout.language.records import ImportedModel

THREADS = 8
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to answer on.")] = 8050,
    host: Annotated[
        str, typer.Option(help="Address to answer on; other machines reach it only if you change this.")
    ] = "127.0.0.1",
    model: Annotated[
        Path | None, typer.Option("--model", help="SBML or Antimony file whose page is served instead.")
    ] = None,
) -> None:
    """Serve an interactive page on this machine: regimen, patient and blocks in, all six stages out.

    Of a model file: its parameters, doses and how patients differ in, its outputs over time out.

    Example: `resprout serve --port 8050`
    """
    missing = [name for name in ("dash", "waitress") if find_spec(name) is None]
    if missing:
        found = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed."
        remedy = f"Install it: {install_command('web')}"
        raise InputError(Fault(found, "serve", 'The page needs the extra "resprout[web]".', remedy))
    imported = _imported(model)
    door = open_door(host, port)
    only_here = host in LOOPBACK
    from resprout.app.serve.startup_server import StartupServer

    server = StartupServer(door, THREADS)
    typer.echo(f"The page is at http://{host if only_here else socket.gethostname()}:{port}  (Ctrl+C ends it)")
    if not only_here:
        typer.echo("It has no password: everybody who reaches this address can use it.")
    hosts = LOOPBACK if only_here else None
    if imported is not None:
        from resprout.app.serve.imported_page import make_imported_app

        server.hand_over(make_imported_app(imported, hosts=hosts).server)
    else:
        from resprout.app.serve.web_application import make_app, warm_in_background

        server.hand_over(make_app(hosts=hosts).server)
        warm_in_background()
    server.wait()


def _imported(source: Path | None) -> ImportedModel | None:
    """The model of a file; None for the shipped one.

    raises   InputError for what is no model file, ModelError with the faults of one
    """
    if source is None:
        return None
    if not source.is_file():
        found = f"`{source}` is no file." if not source.is_dir() else f"`{source}` is a folder."
        expected = "Expected an SBML or Antimony file; the page of the shipped model takes no folder."
        raise InputError(Fault(found, "--model", expected))
    from resprout.exchange.imported_model import import_model

    return import_model(source)


def open_door(host: str, port: int) -> socket.socket:
    """A socket that listens.

    raises   InputError if the address is empty, not ours, or taken
    """
    if not host.strip():
        expected = "Expected an address of this machine, such as `127.0.0.1`; `0.0.0.0` means all."
        raise InputError(
            Fault("the host is empty.", "--host", expected, "Leave `--host` out to be reached from here only.")
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(128)
    except (OSError, UnicodeError) as error:
        door.close()
        remedy = f"Try `--port {port + 1 if port < 65535 else 8050}`."
        raise InputError(
            Fault(
                f"{host}:{port} cannot be used: {getattr(error, 'strerror', None) or 'no such address'}.",
                "serve",
                "",
                remedy,
            )
        ) from None
    return door
