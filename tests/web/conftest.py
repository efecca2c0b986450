"""A small office with one determined submission, served in this process and by a real server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SUBMISSION = "SYN-2026-0001"
CHROMIUM = Path("/usr/bin/chromium")


def call(*arguments: object) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COUNTERSEAL_", "DJANGO_"))}
    told = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def counterseal(*arguments: object) -> str:
    return call("-c", "from counterseal.cli import main; main()", *arguments)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("office")
    call("-m", "counterseal.synth", "registry", "--people", 400, "--seed", 1, "--out", root / "tables")
    call(
        "-m", "counterseal.synth", "submission", "--registry", root / "tables", "--rows", 260,
        "--signed-on", "2026-11-02", "--out", root / "asked",
    )  # fmt: skip
    counterseal("registry", "build", root / "tables", "--out", root / "registry")
    counterseal("init", root / "workspace", "--demo")
    counterseal(
        "run", root / "asked" / SUBMISSION, "--registry", root / "registry",
        "--workspace", root / "workspace", "--received-on", "2026-11-03",
    )  # fmt: skip
    return root / "workspace"


@dataclass(frozen=True)
class Served:
    """A server at work. ``passwords`` by role, as it printed them."""

    address: str
    passwords: dict[str, str]


@pytest.fixture(scope="session")
def served(workspace: Path) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COUNTERSEAL_", "DJANGO_"))}
    server = subprocess.Popen(
        [sys.executable, "-c", "from counterseal.cli import main; main()", "serve",
         "--workspace", str(workspace), "--port", str(port), "--workers", "1"],
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        passwords: dict[str, str] = {}
        while len(passwords) < 7 and (line := server.stdout.readline()):
            if found := re.fullmatch(r"  (\w+) +(\w+)\n", line):
                passwords[found[1]] = found[2]
        address = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{address}/account/login/", timeout=5)
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail("the server does not answer")
        yield Served(address, passwords)
    finally:
        server.terminate()
        server.wait(20)
