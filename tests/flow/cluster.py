"""A PostgreSQL of a test's own, which the test may stop in the middle of anything and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))


class Cluster:
    """One server in a folder of its own, on a free port of this machine."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="counterseal-cluster-"))
        self._as_owner: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(self.folder, "postgres")
            self._as_owner = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._run("initdb", "-D", str(self.folder / "cluster"), "-A", "trust", "-E", "UTF8", "--locale=C", "-U", "counterseal")  # fmt: skip
        self.start()

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [*self._as_owner, str(PROGRAMS[-1] / program), *arguments]
        subprocess.run(
            command, check=check, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        """Start it, mended from its log where it was stopped hard. Nothing when it runs."""
        if self.postmaster():
            return
        options = f"-c listen_addresses=127.0.0.1 -c port={self._port} -k {self.folder}"
        self._run("pg_ctl", "-D", str(self.folder / "cluster"), "-w", "-l", str(self.folder / "log"), "-o", options, "start")  # fmt: skip

    def postmaster(self) -> int | None:
        """Give the number of its process, or None when it does not run."""
        try:
            number = int((self.folder / "cluster" / "postmaster.pid").read_text().split("\n")[0])
            os.kill(number, 0)
        except (OSError, ValueError):
            return None
        return number

    def stop(self) -> None:
        """Stop it at once, as when its machine lost power: what was not committed is gone."""
        if number := self.postmaster():
            os.kill(number, signal.SIGQUIT)
        self._run("pg_ctl", "-D", str(self.folder / "cluster"), "-w", "-m", "immediate", "stop", check=False)

    def end(self) -> None:
        """Stop it and take its folder away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Give the address of one of its databases."""
        return f"postgresql://counterseal@127.0.0.1:{self._port}/{name}"

    def make(self, name: str, like: str = "template1") -> str:
        """Make a database, as the one named is, in place of one of that name; give its address."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
            # A copied sequence counts on log records of its model; a crash would take its numbers back.
            connection.execute("CHECKPOINT")
        return self.url(name)


def known_owner() -> bool:
    """Tell whether a server can be run here."""
    if os.geteuid():
        return True
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return False
    return True
