"""The page for an agency's engineer: every command in it, in its order, against a real server."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from tests.api.conftest import OFFICE, SIGNER, SUBMISSION
from tests.web.conftest import call

ROOT = Path(__file__).parents[2]


@pytest.mark.thorough
def test_a_command_of_the_page_that_does_not_work(tmp_path: Path, made_up: Path, empty_database: None):
    import shutil

    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/use/agency.md").read_text(), re.DOTALL)
    assert len(blocks) >= 7
    asked = shutil.copytree(made_up / "request" / SUBMISSION, tmp_path / "asked")
    manifest = json.loads((asked / "manifest.json").read_text())
    manifest |= {"signer": {"name": SIGNER, "office": OFFICE}, "requesting_agency": "ICE"}
    manifest["signed_on"] = time.strftime("%Y-%m-%d", time.gmtime())  # the key counts from the day of registration
    (asked / "manifest.json").write_text(json.dumps(manifest))
    office = tmp_path / "office"
    call(office, "import sys; from counterseal.cli import status; status(sys.argv[1:])", "init", office, "--demo")
    programs = tmp_path / "bin"
    programs.mkdir()
    program = f'#!/bin/sh\nexec {sys.executable} -c "from counterseal.cli import main; main()" "$@"\n'
    (programs / "counterseal").write_text(program)
    (programs / "counterseal").chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host = f"http://127.0.0.1:{port}"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("COUNTERSEAL_WORK", "DJANGO_"))}
    environment = {**clean, "PYTHONPATH": str(ROOT / "src"), "PATH": f"{programs}:{os.environ['PATH']}", "HOST": host,
                   "WORKSPACE": str(office), "SUBMISSION": str(asked), "REGISTRY": str(made_up / "registry")}  # fmt: skip
    server = subprocess.Popen(
        ["counterseal", "serve", "--workspace", str(office), "--port", str(port), "--workers", "1"],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{host}/api/v1/about", timeout=5)  # noqa: S310  # our own server
                break
            except OSError:
                time.sleep(0.2)
        script = "set -eu\n" + "\n".join(blocks)
        told = subprocess.run(
            ["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
    finally:
        server.terminate()
        server.wait(20)
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    assert '"status": "determined"' in told.stdout
    assert '"status": "withdrawn"' in told.stdout
    assert len((tmp_path / "response.jsonl").read_text().splitlines()) == 900
    assert (tmp_path / "notice.pdf").read_bytes().startswith(b"%PDF")
