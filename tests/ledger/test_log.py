"""The log in the database: append-only, one history, nothing signed that was not read back."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connections, transaction
from tests.ledger.conftest import CountedEntropy, TickingClock, open_log

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.entry import opens, read_entry
from counterseal.ledger.folder import LOG_KEY, LedgerFolder, prove_entry, verify_folder
from counterseal.ledger.note import read_head
from counterseal.ledger.policy import NO_QUORUM, Policy
from counterseal.ledger.receipt import read_receipt, verify_receipt
from counterseal.ledger.tree import leaf_hash
from counterseal.store import standing_triggers
from counterseal.store.ledger_fsck import inspect, repair
from counterseal.store.ledger_triggers import sqlite_triggers
from counterseal.store.submissions import one_act
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.store.ledger_log import LedgerLog
    from counterseal.store.models import LedgerCheckpoint


def enter(log: LedgerLog, count: int = 1) -> int:
    with one_act():
        for n in range(count):
            index = log.append("received", {"rows": n}, {"submission": f"S-{n}"})
    return index


def trusted(log: LedgerLog) -> Policy:
    return Policy((log._signers[0].key,), (), NO_QUORUM)


def verify(log: LedgerLog) -> int:
    return verify_folder(LedgerFolder(log.folder), trusted(log), check_signature).head.size


def test_a_published_ledger_that_does_not_verify(log: LedgerLog):
    log.publish()
    assert verify(log) == 0
    size = 0
    for count in (1, 2, 253, 1, 300):
        enter(log, count)
        size += count
        log.publish()
        assert verify(log) == size
    log.start()


def test_a_receipt_that_does_not_prove_its_entry(log: LedgerLog):
    enter(log, 300)
    log.publish()
    folder = LedgerFolder(log.folder)
    for index in (0, 255, 256, 299):
        receipt = read_receipt(str(prove_entry(folder, index)).encode())
        assert verify_receipt(receipt, leaf_hash(log.entry(index)), trusted(log), check_signature).size == 300
        with pytest.raises(CheckFailedError):
            verify_receipt(receipt, leaf_hash(log.entry((index + 1) % 300)), trusted(log), check_signature)


def test_an_act_that_fails_and_leaves_its_entry(log: LedgerLog):
    enter(log)

    def act() -> None:
        with one_act():
            log.append("stop", {}, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    log.publish()
    assert log.size_and_root()[0] == verify(log) == 1


def test_an_entry_outside_its_acts_transaction(log: LedgerLog):
    with pytest.raises(CountersealError, match="ledger-transaction"):
        log.append("stop", {}, {})


def test_a_checkpoint_over_what_is_not_durable(log: LedgerLog):
    with transaction.atomic(), pytest.raises(CountersealError, match="ledger-transaction"):
        log.publish()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE store_ledgerentry SET kind = 'lift'",
        "DELETE FROM store_ledgerentry",
        "INSERT OR REPLACE INTO store_ledgerentry SELECT * FROM store_ledgerentry LIMIT 1",
        'INSERT INTO store_ledgerentry SELECT "index" + 7, kind, at, entry, peaks FROM store_ledgerentry',
        "UPDATE store_ledgercheckpoint SET note = ''",
        "DELETE FROM store_ledgercheckpoint",
        "INSERT OR REPLACE INTO store_ledgercheckpoint SELECT * FROM store_ledgercheckpoint",
        "INSERT INTO store_ledgercheckpoint SELECT size - 1, at, note FROM store_ledgercheckpoint",
        "UPDATE store_ledgeropening SET sealed = x'00'",
    ],
)
def test_history_that_can_be_rewritten(log: LedgerLog, statement: str):
    enter(log)
    log.publish()
    with pytest.raises(DatabaseError), connections["default"].cursor() as cursor:
        cursor.execute(statement)
    log.start()


def test_a_witness_s_line_that_is_replaced(log: LedgerLog):
    enter(log)
    log.publish()
    noted = log.cosigned(1, {"w0": "\u2014 w0 AAAA\n"})
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO store_ledgercosignature (id, checkpoint_id, witness, line) "
            "SELECT id, checkpoint_id, witness, 'none' FROM store_ledgercosignature"
        )
    assert log.newest_checkpoint() == noted


@pytest.mark.parametrize("name", [*sqlite_triggers(), *standing_triggers.sqlite_triggers()])
def test_a_missing_trigger_that_goes_unnoticed(log: LedgerLog, name: str):
    with connections["default"].cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}")
    with pytest.raises(CountersealError, match="ledger-unguarded"):
        log.start()


def test_an_office_of_an_earlier_version_that_looks_as_if_somebody_changed_it(log: LedgerLog):
    """After a new version was installed the first word is of the upgrade; it is refused all the same."""
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP TRIGGER store_case_no_replace")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'store' AND name >= '0008'")
    with pytest.raises(CountersealError, match="database-behind") as refused:
        log.start()
    assert "counterseal upgrade" in str(refused.value)


def test_a_commit_that_a_power_cut_takes_back(log: LedgerLog):
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    with pytest.raises(CountersealError, match="ledger-not-durable"):
        log.start()


def test_a_bit_that_flips_between_entering_and_signing(log: LedgerLog, office: Path):
    """One bit of one leaf ended the Yeti 2022 log; here it is found before the signature."""
    enter(log, 3)
    change(office, "UPDATE store_ledgerentry SET entry = CAST(entry || ' ' AS BLOB) WHERE \"index\" = 1")
    with pytest.raises(CountersealError, match="Entry 1 does not hash"):
        log.publish()
    with pytest.raises(CountersealError, match="Entry 1 does not hash"):
        log.start()


def change(office: Path, statement: str) -> None:
    """Write to the file past the triggers, as its owner can."""
    with sqlite3.connect(office / "counterseal.sqlite3") as raw:
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
        for _, sql in triggers:
            raw.execute(sql)
    raw.close()


def test_an_older_copy_of_the_database_that_is_served(
    log: LedgerLog, office: Path, clock: TickingClock, entropy: CountedEntropy
):
    from counterseal.store.connection import point_at

    enter(log, 2)
    log.publish()
    connections.close_all()
    shutil.copy(office / "counterseal.sqlite3", office / "yesterday")
    point_at(office)
    enter(log, 2)
    log.publish()
    connections.close_all()
    for name in ("counterseal.sqlite3-wal", "counterseal.sqlite3-shm"):
        (office / name).unlink(missing_ok=True)
    shutil.copy(office / "yesterday", office / "counterseal.sqlite3")
    point_at(office)
    restored = open_log(office, clock, entropy)
    with pytest.raises(CountersealError, match="log-rolled-back"):
        restored.start()
    enter(restored, 5)
    with pytest.raises(CountersealError, match="log-forked"):
        restored.start()
    with pytest.raises(CountersealError, match="log-forked"):
        restored.publish()


def test_two_checkpoints_of_one_size(log: LedgerLog):
    enter(log)
    assert log.publish() == log.publish()


@pytest.mark.parametrize("step", [timedelta(days=-1), timedelta(hours=-10)])
def test_a_clock_that_goes_back(log: LedgerLog, clock: TickingClock, step: timedelta):
    enter(log)
    clock.step = step
    with pytest.raises(CountersealError, match="clock-back"):
        enter(log)


def test_a_clock_that_stands_still(log: LedgerLog, clock: TickingClock):
    enter(log)
    log.publish()
    clock.step = timedelta(0)
    enter(log)
    with pytest.raises(CountersealError, match="clock-back"):
        log.publish()


def test_a_generator_that_repeats_itself(log: LedgerLog, entropy: CountedEntropy):
    enter(log)
    entropy.stuck = True
    with pytest.raises(CountersealError, match="salt-repeated"):
        enter(log, 2)
    entropy.stuck = False
    log.publish()
    assert verify(log) == 1


def test_an_opening_that_does_not_open_its_commitment_or_cannot_be_destroyed(log: LedgerLog):
    index = enter(log)
    commitments = read_entry(log.entry(index))["commitments"]
    assert opens(commitments["submission"], log.opening(index, "submission"))
    assert log.destroy_openings(index) == 1
    with pytest.raises(CountersealError, match="opening"):
        log.opening(index, "submission")
    log.publish()
    assert verify(log) == 1


def test_an_opening_that_is_destroyed_and_still_on_the_disk(log: LedgerLog, office: Path):
    """Whoever has the key that opens it would find it in the file, or in the log that is written ahead of it."""
    index = enter(log)
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT sealed FROM store_ledgeropening")
        (sealed,) = cursor.fetchone()
    log.destroy_openings(index)
    assert not any(sealed in path.read_bytes() for path in office.glob("counterseal.sqlite3*"))


def test_a_crash_between_commit_and_files_that_is_not_mended(log: LedgerLog):
    enter(log, 300)
    log.publish()
    enter(log, 300)
    written: list[Path] = []
    whole = log._write_file

    def fails_after(count: int) -> None:
        written.clear()

        def write(path: Path, content: bytes) -> None:
            if len(written) == count:
                raise OSError(28, "No space left on device")
            written.append(path)
            whole(path, content)

        log._write_file = write

    for count in range(6):
        fails_after(count)
        with pytest.raises(OSError, match="No space"):
            log.publish()
        assert verify(log) == 300
    log._write_file = whole
    log.publish()
    assert verify(log) == 600


def test_a_personal_value_in_the_published_files(log: LedgerLog):
    with one_act():
        log.append("intent", {"case": 7}, {"officer": "CANARY MARY QUEBEC 900-00-1234"})
    log.publish()
    files = b"".join(path.read_bytes() for path in log.folder.rglob("*") if path.is_file())
    assert b"CANARY" not in files
    assert b"900-00" not in files


def test_two_writers_that_take_one_place(log: LedgerLog, office: Path, clock: TickingClock):
    """Entries are appended one transaction at a time, whatever the threads do."""
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            mine = open_log(office, clock, CountedEntropy())
            mine._entropy.count = 1000 * number
            for _ in range(10):
                enter(mine)
                mine.publish()
        except CountersealError as error:
            if error.code != "clock-back":  # the threads share one clock and race for it
                failures.append(error)
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    log.publish()
    assert verify(log) == log.size_and_root()[0] >= 10
    head = read_head(log.newest_checkpoint() or "")
    assert head.size == log.size_and_root()[0]


def test_the_key_in_the_folder_is_the_logs(log: LedgerLog):
    log.publish()
    (log.folder / LOG_KEY).write_text(f"{log._signers[0].key}\n")
    assert LedgerFolder(log.folder).key() == log._signers[0].key


def test_a_flipped_bit_of_any_file_that_fsck_overlooks(log: LedgerLog):
    """Every byte of a small ledger is flipped in turn; fsck finds it, names it, and repairs it."""
    enter(log, 258)
    log.publish()
    keys = [one.key for one in log._signers]
    assert inspect(log.folder, keys, check_signature) == []
    files = [path for path in log.folder.rglob("*") if path.is_file()]
    tried = 0
    for path in files:
        sound = path.read_bytes()
        for at in range(0, len(sound), max(1, len(sound) // 7)):
            flipped = bytearray(sound)
            flipped[at] ^= 1 << (at % 8)
            path.write_bytes(flipped)
            damage = inspect(log.folder, keys, check_signature)
            assert [one.file for one in damage] == [str(path.relative_to(log.folder))]
            repair(log.folder, damage, log._write_file)
            assert path.read_bytes() == sound
            tried += 1
    assert tried >= 7 * len(files)


def test_a_missing_or_foreign_file_that_fsck_overlooks(log: LedgerLog):
    enter(log, 300)
    log.publish()
    keys = [one.key for one in log._signers]
    (log.folder / "tile/0/001.p/44").unlink()
    (log.folder / "tile/0/007").write_bytes(b"x")
    damage = inspect(log.folder, keys, check_signature)
    assert {one.file for one in damage} == {"tile/0/001.p/44", "tile/0/007"}
    repair(log.folder, damage, log._write_file)
    assert inspect(log.folder, keys, check_signature) == []


@pytest.mark.parametrize("changed", ["CAST(entry || ' ' AS BLOB)", "CAST(entry AS TEXT)", "7"])
def test_a_changed_database_that_fsck_repairs(log: LedgerLog, office: Path, changed: str):
    """Files can be made again; a history that was signed cannot."""
    enter(log, 3)
    log.publish()
    change(office, f'UPDATE store_ledgerentry SET entry = {changed} WHERE "index" = 1')
    with pytest.raises(CountersealError, match="entry-damaged"):
        log.start()
    damage = inspect(log.folder, [one.key for one in log._signers], check_signature)
    assert "Entry 1" in damage[0].what
    with pytest.raises(CheckFailedError, match="ledger-evidence"):
        repair(log.folder, damage, log._write_file)


@pytest.mark.parametrize("stored", [False, True], ids=["failed and not stored", "failed but stored"])
def test_a_step_that_fails_and_is_taken_for_the_other_outcome(log: LedgerLog, stored: bool):
    """Each file's write, and then the checkpoint's row, fails in one of two ways; the next publication mends it."""
    whole, sign = log._write_file, log._sign
    enter(log, 255)
    log.publish()
    size = 255
    for step in range(8):
        enter(log, 2)
        written: list[Path] = []

        def write(path: Path, content: bytes, step: int = step, written: list[Path] = written) -> None:
            written.append(path)
            if len(written) <= step:
                whole(path, content)
            elif len(written) == step + 1:
                if stored:
                    whole(path, content)
                raise OSError(5, "Input/output error")

        log._write_file = write
        with contextlib.suppress(OSError):  # the later steps are there only where a tile is full
            log.publish()
        log._write_file = whole
        assert verify(log) in {size, size + 2}
        size += 2
        log.publish()
        assert verify(log) == size
    enter(log)

    def sign_and_fail(head: TreeHead) -> LedgerCheckpoint:
        if stored:
            sign(head)
        raise DatabaseError

    log._sign = sign_and_fail
    with pytest.raises(DatabaseError):
        log.publish()
    assert verify(log) == size
    log._sign = sign
    log.publish()
    log.start()
    assert verify(log) == size + 1
    assert inspect(log.folder, [one.key for one in log._signers], check_signature) == []
