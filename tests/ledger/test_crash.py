"""A power cut at any instant of the real path: nothing acknowledged is lost, and the log goes on."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from tests.ledger.conftest import ORIGIN, CountedEntropy, TickingClock, open_log
from tests.ledger.crash_states import Disk, states, trace

from counterseal.ledger.folder import LedgerFolder, verify_folder
from counterseal.ledger.policy import NO_QUORUM, Policy
from counterseal.store.connection import point_at
from counterseal.store.witness_book import WitnessFile
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from tests.ledger.crash_states import Step

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace traces the program")


@pytest.fixture(scope="module")
def traced(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Disk, list[Step]]:
    folder = tmp_path_factory.mktemp("crash") / "office"
    folder.mkdir()
    shutil.copy(empty_database, folder / "counterseal.sqlite3")
    database = folder / "counterseal.sqlite3"
    base = Disk({str(database): bytearray(database.read_bytes())}, {str(folder)})
    return folder, base, trace(folder, Path(__file__).parent / "crash_writer.py")


def look(folder: Path, said: list[str]) -> None:
    """Open what the power cut left, as a restart does, and hold it against what the world was told."""
    entered = sum(line.startswith("entered") for line in said)
    witnessed = max([int(line.split()[1]) for line in said if line.startswith("witnessed")], default=0)
    point_at(folder)
    clock = TickingClock()
    clock.at = clock.at.replace(year=2027)
    log = open_log(folder, clock, CountedEntropy())
    log.start()
    size = log.size_and_root()[0]
    assert size >= max(entered, witnessed), "an acknowledged entry is gone"
    trusted = Policy((log._signers[0].key,), (), NO_QUORUM)
    if (folder / "ledger" / "checkpoint").exists():
        assert verify_folder(LedgerFolder(folder / "ledger"), trusted, check_signature).head.size <= size
    newest = WitnessFile(folder / "witness.sqlite3").witnessed.newest(ORIGIN)
    assert (0 if newest is None else newest.head.size) >= witnessed, "a witness forgot"
    if newest is not None:
        log.check_not_behind(newest.head)
    log.publish()
    assert verify_folder(LedgerFolder(folder / "ledger"), trusted, check_signature).head.size == size
    connections.close_all()


def rebuild(disk: Disk, folder: Path) -> None:
    connections.close_all()
    shutil.rmtree(folder)
    folder.mkdir()
    for name in sorted(disk.folders):
        if name.startswith(str(folder)):
            Path(name).mkdir(parents=True, exist_ok=True)
    for name, content in disk.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def try_states(traced: tuple[Path, Disk, list[Step]], every: int) -> int:
    folder, base, steps = traced
    tried = 0
    for number, (how, disk, said) in enumerate(states(base, steps, random.Random(7))):  # noqa: S311 - states to try, no secret
        if number % every:
            continue
        rebuild(disk, folder)
        try:
            look(folder, said)
        except Exception as error:
            raise AssertionError(how) from error
        tried += 1
    return tried


def test_a_power_cut_that_loses_what_was_acknowledged(traced: tuple[Path, Disk, list[Step]]):
    assert [step.data for step in traced[2] if step.call == "said"][-1] == b"witnessed 5\n"
    assert try_states(traced, 61) > 8


@pytest.mark.long
def test_any_power_cut_that_loses_what_was_acknowledged(traced: tuple[Path, Disk, list[Step]]):
    assert try_states(traced, 1) > 500


def test_lost_syncs_that_the_enumeration_does_not_notice(traced: tuple[Path, Disk, list[Step]]):
    """The enumeration has power: without the syncs the same program loses acknowledged entries."""
    folder, base, steps = traced
    unsynced = [step for step in steps if step.call != "sync"]
    with pytest.raises(AssertionError):
        try_states((folder, base, unsynced), 17)
