"""``serve``: the pages of one workspace."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from counterseal.cli.listening import may_listen
from counterseal.errors import CountersealError

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def serve(
    workspace: Annotated[Path, typer.Option(help="The workspace that the pages show.")],
    host: Annotated[str, typer.Option(help="Address to listen on; put a TLS proxy before any other.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 2,
) -> None:
    """Serve the pages of a workspace. A demonstration prints its sign-ins, made anew at each start."""
    from counterseal import wiring  # commands that need no engine do not wait for it

    may_listen(host, port)
    office = wiring.open_office(workspace.resolve())
    environment = {**os.environ, "COUNTERSEAL_WORKSPACE": str(workspace.resolve())}
    typer.echo(f"Counterseal serves http://{host}:{port}")
    if office.workspace.demonstration:
        if host not in LOOPBACK:
            raise CountersealError(
                "demonstration-host",
                "A demonstration is served on this machine alone.",
                where="--host",
                next_step="Leave --host out.",
            )
        environment["COUNTERSEAL_PLAIN_HTTP"] = "1"
        typer.echo("This is a demonstration. Sign in as any of these; the passwords are new at each start:")
        for sign in wiring.sign_ins_of_demonstration(office):
            typer.echo(f"  {sign.username:<14} {sign.password}")
    sys.stdout.flush()
    server = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning"]
    server += ["--bind", f"{host}:{port}", "--workers", str(workers), "--threads", "4", "counterseal.web.wsgi"]
    os.execve(sys.executable, server, environment)  # noqa: S606  # this process becomes the server; no shell
