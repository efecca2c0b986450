"""``counterseal serve``: the web interface."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from counterseal.errors import CountersealError

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def serve(
    workspace: Annotated[Path, typer.Option(help="What `counterseal init` made.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 2,
) -> None:
    """Serve the pages of a workspace. A demonstration prints its sign-ins, made anew at each start."""
    from counterseal import wiring  # noqa: PLC0415  # Django is loaded only when a command needs it

    office = wiring.open_office(workspace)
    demonstration = office.workspace.demonstration
    if demonstration and host not in LOOPBACK:
        raise CountersealError(
            "demonstration-host",
            "A demonstration is served on this machine alone.",
            where="--host",
            next_step="Leave --host out.",
        )
    environment = {**os.environ, "COUNTERSEAL_WORKSPACE": str(workspace.resolve())}
    typer.echo(f"Serving {workspace} on http://{host}:{port}")
    if demonstration:
        environment["COUNTERSEAL_PLAIN_HTTP"] = "1"
        typer.echo("This is a demonstration. Sign in as:")
        for name, password in wiring.demonstration_sign_ins():
            typer.echo(f"  {name:14} {password}")
    sys.stdout.flush()
    command = [sys.executable, "-m", "gunicorn", "counterseal.web.wsgi", "--bind", f"{host}:{port}"]
    command += ["--workers", str(workers), "--no-control-socket", "--log-level", "warning"]
    os.execve(sys.executable, command, environment)  # noqa: S606  # our own interpreter, no shell
