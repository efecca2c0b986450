"""What is fuzzed: each reader of what strangers send, and what must hold of whatever it is given.

A reader may answer, or refuse with the error that is its own word for it. Anything else is a finding.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from counterseal.agreements import load_agreement
from counterseal.agreements.check import check_document
from counterseal.agreements.patterns import PatternError, pattern
from counterseal.errors import CountersealError
from counterseal.intake.columns import FAULTS, LONGEST_VALUE
from counterseal.intake.csv import read_csv
from counterseal.intake.lines import read_lines
from counterseal.intake.manifest import read_manifest
from counterseal.intake.parquet import read_parquet
from counterseal.intake.sheet import read_sheet
from counterseal.ledger.checkpoint import read_body
from counterseal.ledger.note import read_key, read_note, read_signatures
from counterseal_verify.package import Package, intent_of
from counterseal_verify.verify import Refused
from fuzz import ledger

FIELDS = ("request_ref", "given_name", "reason")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # a file a run, where there is a place that costs no disk


def rows_of(reader: Callable[[Path, Iterable[str]], Iterable[pa.RecordBatch]], ending: str) -> Callable[[bytes], None]:
    """Make the target of a reader of rows: each row once, numbered from 1, sound or with a known fault."""
    folder = Path(tempfile.mkdtemp(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None))
    path = folder / f"{os.getpid()}.{ending}"

    def target(content: bytes) -> None:
        path.write_bytes(content)
        numbers: list[int] = []
        try:
            for batch in reader(path, FIELDS):
                batch.validate(full=True)
                for row in batch.to_pylist():
                    numbers.append(row["row"])
                    sound(row)
        except CountersealError:
            return
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), "a row is lost, or comes twice"

    return target


def sound(row: dict[str, str | None]) -> None:
    """Assert that a row is one that the next stage may read."""
    fault = row["malformed"]
    assert fault is None or fault in FAULTS or fault == "unknown_key", fault
    for field in FIELDS:
        value = row[field]
        assert value is not None or fault is not None, "a sound row lacks a value"
        assert value is None or (len(value.encode()) <= LONGEST_VALUE and "\x00" not in value), "not a text that may be"
        assert fault is None or value is None or field == "request_ref", "a malformed row keeps its reference alone"


def manifest(content: bytes) -> None:
    """Read a manifest; what is taken can be written and leads nowhere else."""
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as folder:
        (Path(folder) / "manifest.json").write_bytes(content)
        try:
            taken = read_manifest(Path(folder))
        except CountersealError:
            return
        for name in (taken.submission, taken.rows, taken.agreement):
            assert (Path(folder) / name).resolve().parent == Path(folder).resolve(), "a way out of the folder"
        json.dumps([taken.signer.name, taken.requesting_agency]).encode()
        f"{taken.signer.name}{taken.signer.office}{taken.attestation}".encode()


def agreement(content: bytes) -> None:
    """Read a document of law and check its form."""
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as folder:
        (Path(folder) / "agreement.md").write_bytes(content)
        try:
            list(check_document(load_agreement(Path(folder))))
        except CountersealError as fault:
            assert len(str(fault)) < 1_000, "an error that nobody can read"  # noqa: PT017  # what is refused is as good as read


def patterns(content: bytes) -> None:
    """Read a rule's regular expression."""
    try:
        pattern(content.decode("utf-8", "replace"))
    except PatternError:
        return


def note(content: bytes) -> None:
    """Read a signed note: what is read is written back as it was."""
    try:
        read = read_note(content)
        assert str(read).encode() == content, "read in one way and written in another"
        read_body(read.text)
    except CountersealError:
        return


def keys(content: bytes) -> None:
    """Read a verifier key, and the lines of signatures."""
    text = content.decode("utf-8", "replace")
    for reader in (read_key, read_signatures):
        try:
            read = reader(text)
        except CountersealError:
            continue
        assert reader is read_signatures or str(read) == text, "one key in two spellings"


def package(content: bytes) -> None:
    """Read a package closed, and the intent in it."""
    try:
        intent_of(Package.read(content).entry)
    except Refused:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": rows_of(read_csv, "csv"),
    "lines": rows_of(read_lines, "jsonl"),
    "parquet": rows_of(read_parquet, "parquet"),
    "sheet": rows_of(read_sheet, "xlsx"),
    "manifest": manifest,
    "agreement": agreement,
    "pattern": patterns,
    "note": note,
    "keys": keys,
    "package": package,
    **ledger.TARGETS,
}


def seeds(target: str) -> list[bytes]:
    """Give files that the reader takes, for changes to begin with."""
    from tests.hostile import seeds as made  # noqa: PLC0415  # the tests' own makers, not of the product

    return made.SEEDS[target]()


def package_of(entry: dict[str, object]) -> bytes:
    """Make a package that can be read and proves nothing."""
    told = {"v": 2, "entry": base64.b64encode(json.dumps(entry).encode()).decode(), "receipt": "", "sealed": "MAA="}
    return json.dumps(told).encode()
