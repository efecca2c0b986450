"""A copy of an office that does not come back, comes back changed, or comes back old and is believed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import CANARY

from counterseal import wiring
from counterseal.cli.witness import make_server
from counterseal.core.clock import SystemClock
from counterseal.errors import CountersealError
from counterseal.ledger.checkpoint import TreeHead
from counterseal.ledger.note import sign_note
from counterseal.ledger.witness import Witness, write_request
from counterseal.store.witness_book import WitnessFile
from counterseal.vault.keys import WITNESS_KEYS, make_keys
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from tests.flow.casework import AtWork

SQLITE_ONLY = pytest.mark.skipif(
    bool(os.environ.get("COUNTERSEAL_DATABASE_URL")), reason="the way back into PostgreSQL has a test of its own"
)


def copied(at_work: AtWork, tmp_path: Path) -> tuple[Path, Path]:
    wiring.back_up(at_work.office, tmp_path / "copy", tmp_path / "keys")
    return tmp_path / "copy", tmp_path / "keys"


def broken(root: Path) -> set[str]:
    return {one.name for one in wiring.examine(wiring.open_office(root)) if one.state == "broken"}


def put_back(at_work: AtWork, tmp_path: Path, name: str) -> Path:
    """Put the copy back beside witnesses that have lived on."""
    root = tmp_path / name
    wiring.put_back(tmp_path / "copy", root, tmp_path / "keys")
    shutil.copytree(at_work.folder / "witnesses", root / "witnesses")
    return root


@SQLITE_ONLY
def test_an_office_that_does_not_come_back(at_work: AtWork, tmp_path: Path):
    before = at_work.office.ledger.size_and_root()
    copied(at_work, tmp_path)
    root = put_back(at_work, tmp_path, "again")
    assert broken(root) == set()
    assert wiring.open_office(root).ledger.size_and_root() == before


@SQLITE_ONLY
def test_a_copy_that_a_power_cut_takes_back(at_work: AtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is entered after it was put back is durable, and of no use on a database that is not."""
    synchronise, held = os.fsync, set()

    def fsync(descriptor: int) -> None:
        held.add(Path(f"/proc/self/fd/{descriptor}").readlink())
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    copy, keys = copied(at_work, tmp_path)
    wiring.put_back(copy, tmp_path / "again", keys)
    for place in ("copy", "keys", "again"):
        folder = tmp_path / place
        assert {folder, *folder.rglob("*")} <= held | {tmp_path / "copy" / "backup.json"}  # written aside first
    assert tmp_path in held


@SQLITE_ONLY
def test_an_old_copy_that_the_witnesses_take(at_work: AtWork, tmp_path: Path):
    """The office went on after the copy; what is put back would show outsiders a second history."""
    from counterseal.flow.book import publish_witnessed
    from counterseal.store.submissions import one_act

    copied(at_work, tmp_path)
    office = at_work.office
    with one_act():
        office.ledger.append("start-up", {"demonstration": "yes"})
    publish_witnessed(office.ledger, office.trust(), office.post)
    root = put_back(at_work, tmp_path, "stale")
    assert "witnesses" in broken(root)
    with_entry = wiring.open_office(root)
    with one_act():
        with_entry.ledger.append("start-up", {"demonstration": "no"})
    assert "witnesses" in broken(root)


def test_an_office_that_signs_before_it_asks_its_witnesses(tmp_path: Path, empty_database: None):
    """Database and folder are both old, as if put back by hand; a witness has cosigned fifty entries of this log."""
    from counterseal.store.submissions import one_act

    wiring.establish(tmp_path / "office", demonstration=False)
    log = wiring.open_office(tmp_path / "office").ledger
    keys = make_keys(tmp_path / "witness", "w.example", WITNESS_KEYS, os.urandom)
    book = WitnessFile(tmp_path / "w.sqlite3").witnessed
    witness = Witness(keys, {log.origin: list(log.keys)}, book, SystemClock(), check_signature)
    later = sign_note(str(TreeHead(log.origin, 50, bytes(32))), log._signers, 1)
    assert witness.add_checkpoint(write_request(0, [], str(later))).status == 200
    server = make_server(witness, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    lines = f"log {log.keys[0]}\nwitness w {keys[0].key} {address}\nquorum w\n"
    (tmp_path / "office" / "policy").write_text(lines, encoding="utf-8")
    opened = wiring.open_office(tmp_path / "office")
    with one_act():
        opened.ledger.append("received", {"rows": 1})
    with pytest.raises(CountersealError) as refused:
        opened.ledger.publish()
    server.shutdown()
    server.server_close()
    assert refused.value.code == "log-rolled-back"


def test_a_copy_that_lies_beside_its_keys(at_work: AtWork, tmp_path: Path):
    copy, keys = copied(at_work, tmp_path)
    secrets = [path.read_bytes() for path in keys.rglob("*") if path.is_file()]
    assert len(secrets) >= 5
    for path in copy.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path.name
    with pytest.raises(CountersealError, match="do not lie beside"):
        wiring.back_up(at_work.office, tmp_path / "other", tmp_path / "other" / "keys")


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "no note"])
def test_a_damaged_copy_that_is_put_back(at_work: AtWork, tmp_path: Path, damage: str):
    copy, keys = copied(at_work, tmp_path)
    match damage:
        case "changed":
            with (copy / "policy").open("a") as file:
                file.write("\n")
        case "missing":
            (copy / "ledger" / "checkpoint").unlink()
        case "added":
            (copy / "batches" / "another").write_text("x")
        case "no note":
            (copy / "backup.json").write_text("[]")
    with pytest.raises(CountersealError) as refused:
        wiring.put_back(copy, tmp_path / "new", keys)
    assert refused.value.code == "backup"
    assert not (tmp_path / "new").exists()


def test_a_copy_over_something_that_is_there(at_work: AtWork, tmp_path: Path):
    copied(at_work, tmp_path)
    with pytest.raises(CountersealError):
        wiring.back_up(at_work.office, tmp_path / "copy", None)


def test_counts_that_name_somebody_or_forget_a_state(at_work: AtWork, tmp_path: Path):
    from counterseal.core.case import CaseState

    out = tmp_path / "counterseal.prom"
    wiring.write_metrics(at_work.office, wiring.examine(at_work.office), out)
    text = out.read_text()
    assert not any(word in text for word in (*CANARY, *at_work.people.ids))
    assert all(f'counterseal_cases{{state="{state}"}} ' in text for state in CaseState)
    size, _ = at_work.office.ledger.size_and_root()
    assert f"counterseal_ledger_entries {size}\n" in text
    assert 'counterseal_check{check="ledger"} 0\n' in text


@pytest.mark.postgresql
def test_an_office_on_postgresql_that_does_not_come_back(tmp_path: Path):
    """Copied out of one database, put back into another, still of one history."""
    import psycopg

    def told(*words: str, url: str) -> str:
        command = (str(Path(sys.executable).with_name("counterseal")), *words)
        environment = {**os.environ, "COUNTERSEAL_DATABASE_URL": url}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    given = os.environ["COUNTERSEAL_DATABASE_URL"]
    urls = [f"{given.rsplit('/', 1)[0]}/{name}" for name in ("kept", "kept_again")]
    with psycopg.connect(given, autocommit=True) as connection:
        for url in urls:
            connection.execute(f"CREATE DATABASE {url.rsplit('/', 1)[1]}")
    office, again = tmp_path / "office", tmp_path / "again"
    told("init", str(office), "--demo", url=urls[0])
    copy, keys = tmp_path / "copy", tmp_path / "keys"
    told("backup", str(copy), "--keys", str(keys), "--workspace", str(office), url=urls[0])
    told("restore", str(copy), "--keys", str(keys), "--workspace", str(again), url=urls[1])
    shutil.copytree(office / "witnesses", again / "witnesses")
    told("upgrade", "--workspace", str(again), url=urls[1])
    found = json.loads(told("doctor", "--workspace", str(again), "--json", url=urls[1]))
    assert found["ok"], found
