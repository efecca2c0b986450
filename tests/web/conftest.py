"""A small office with one determined submission, served in this process and by a real server."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import once
from tests.web.databases import KEPT, POSTGRESQL, call, copy_workspace, environment_of, make_database

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SUBMISSION = "SYN-2026-0001"
CHROMIUM = Path("/usr/bin/chromium")


STEPS = """
import shutil
import sys
from pathlib import Path
from counterseal.cli import status
from counterseal.synth.__main__ import app

root = Path(sys.argv[1])
tables, asked, registry, office = (str(root / name) for name in ("tables", "asked", "registry", "workspace"))
app(["registry", "--people", "400", "--seed", "1", "--out", tables], standalone_mode=False)
app(["submission", "--registry", tables, "--rows", "260", "--signed-on", "2026-11-02", "--out", asked],
    standalone_mode=False)
for step in (["registry", "build", tables, "--out", registry], ["init", office, "--demo"],
             ["run", asked + "/SYN-2026-0001", "--registry", registry, "--workspace", office,
              "--received-on", "2026-11-03"]):
    if status(step) != 0:
        sys.exit(1)
first = Path(office) / "agreements" / "irs-6103-m-2"
amended = shutil.copytree(first, root / "amended") / "agreement.md"
text = amended.read_text(encoding="utf-8").replace('"1.0.0"', '"1.1.0"').replace('"draft"', '"in force"')
amended.write_text(text.replace("in_force = 2026-01-01", "in_force = 2027-01-01"), encoding="utf-8")
if status(["agreement", "propose", str(amended.parent), "--workspace", office, "--by", "Ada", "--why", "P.L. 119-1"]):
    sys.exit(1)
from counterseal.amendment_wiring import adopt
from counterseal.store.custody import entries_of
adopt(Path(office), entries_of(["agreement"])[-1].index, "Bo")
"""
"""In one process, because each would load the same libraries anew."""


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("office")
    if POSTGRESQL in os.environ:  # each worker has databases of its own
        make_database(root / "workspace")
        call(root / "workspace", STEPS, root)
        copy_workspace(root / "workspace", root / KEPT)
        return root / "workspace"
    made = once(tmp_path_factory, "web", lambda folder: call(folder / "workspace", STEPS, folder))
    shutil.copytree(made, root, dirs_exist_ok=True)
    return copy_workspace(root / "workspace", root / KEPT).with_name("workspace")


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
    server = subprocess.Popen(
        [sys.executable, "-c", "from counterseal.cli import main; main()", "serve",
         "--workspace", str(workspace), "--port", str(port), "--workers", "1"],
        env=environment_of(workspace),
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
                urllib.request.urlopen(f"{address}/account/login/", timeout=5)  # noqa: S310  # our own server
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail("the server does not answer")
        yield Served(address, passwords)
    finally:
        server.terminate()
        server.wait(20)
