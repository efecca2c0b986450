"""One row of a batch proved offline, by both verifiers; whatever is changed in its receipt is refused by both."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from counterseal.cli import ledger as ledger_commands
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.row_proofs import determinations
from counterseal.ledger.batch import batch_root, batch_tree, prove_row, row_holds
from counterseal.ledger.folder import LOG_KEY
from counterseal.ledger.policy import NO_QUORUM, Policy
from counterseal.ledger.row_receipt import read_row_receipt, verify_row_receipt
from counterseal.store.submissions import one_act
from counterseal.vault.batch_files import BatchFiles
from counterseal.vault.signing import check_signature
from counterseal_verify import verify as second

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from counterseal.store.ledger_log import LedgerLog

BATCH = "SUB-1"
SECRET = b"s" * 32
ROWS = [
    {"row": n, "request_ref": f"R-é\u2028{n}", "outcome": "refused", "rules": ["R-1", "R-2"], "phase": "facial"}
    for n in range(1, 40)
]
program = typer.Typer()
ledger_commands.mount(program)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, ["ledger", *map(str, arguments)])


@pytest.fixture
def workspace(log: LedgerLog) -> Path:
    """A workspace with one batch of 39 rows, entered and published among other entries."""
    root = log.folder.parent
    (root / "workspace.toml").write_text("demonstration = true\n")
    batch = root / "batches" / BATCH
    batch.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(ROWS), batch / "determinations.parquet")
    files = BatchFiles(root / "keys", os.urandom)
    files.make_key(BATCH)
    files.write(batch / "rows.secret", SECRET)
    with one_act():
        log.append("received", {"rows": len(ROWS)}, {"submission": BATCH})
        log.append(
            "determined",
            {"rows": len(ROWS), "rows_root": batch_root(SECRET, determinations(batch))},
            {"submission": BATCH},
        )
        log.append("received", {"rows": 1}, {"submission": "another"})
    log.publish()
    (log.folder / LOG_KEY).write_text(f"{log._signers[0].key}\n")
    return root


def receipt_of(workspace: Path, row: int) -> dict[str, Any]:
    told = run("prove", workspace, "--batch", BATCH, "--row", row)
    assert told.exit_code == 0, told.exception
    return json.loads(told.output)


def both(workspace: Path, stated: dict[str, Any], log: LedgerLog) -> list[str]:
    """What each verifier says: ``holds`` or ``refused``; anything else escapes."""
    key = log._signers[0].key
    said = []
    for check in (
        lambda: verify_row_receipt(
            read_row_receipt(json.dumps(stated).encode()), Policy((key,), (), NO_QUORUM), check_signature
        ),
        lambda: second.row(stated, second.Policy(f"log {key}\nquorum none\n")),
    ):
        try:
            check()
            said.append("holds")
        except (CountersealError, second.Refused, ValueError, KeyError, TypeError):
            said.append("refused")
    return said


def test_a_row_that_cannot_be_proved_alone(workspace: Path, log: LedgerLog, tmp_path: Path):
    file = tmp_path / "row.json"
    for row in (1, 2, 32, 33, 39):
        assert run("prove", workspace, "--batch", BATCH, "--row", row, "--out", file).exit_code == 0
        assert file.stat().st_mode & 0o077 == 0, "what shows a row is its owner's"
        stated = json.loads(file.read_text())
        assert json.loads(stated["row"]) == ROWS[row - 1]
        assert both(workspace, stated, log) == ["holds", "holds"]
        told = run("verify", "--row", file, "--key", workspace / "ledger" / LOG_KEY, "--json")
        assert json.loads(told.output)["row"] == ROWS[row - 1]
        assert second.main(["row", str(file), "--key", str(log._signers[0].key)]) == 0
    assert "R-é" not in (workspace / "ledger" / "tile" / "entries" / "000.p" / "3").read_text("latin-1")


def other_rows(stated: dict[str, Any]) -> None:
    stated["row"] = stated["row"].replace("refused", "not_disclosed")


def moved_salt(stated: dict[str, Any]) -> None:
    """Move the salt's last byte into the row: the same bytes are hashed."""
    stated["row"] = bytes.fromhex(stated["salt"][-2:]).decode("latin-1") + stated["row"]
    stated["salt"] = stated["salt"][:-2]


def longer_salt(stated: dict[str, Any]) -> None:
    """Move the row's first bytes into the salt: the same bytes are hashed."""
    stated["salt"] += stated["row"][:1].encode().hex()
    stated["row"] = stated["row"][1:]


def shorter_salt(stated: dict[str, Any]) -> None:
    """The same as ``moved_salt``, with spaces that a lenient reader of hexadecimal passes over."""
    moved_salt(stated)
    stated["salt"] += "  "


def other_entry(stated: dict[str, Any]) -> None:
    stated["entry"] = stated["entry"].replace('"rows":39', '"rows":40')


def other_kind(stated: dict[str, Any]) -> None:
    stated["entry"] = stated["entry"].replace('"determined"', '"screened"')


def index_as_text(stated: dict[str, Any]) -> None:
    stated["index"] = str(stated["index"])


@pytest.mark.parametrize(
    "change",
    [
        other_rows,
        moved_salt,
        longer_salt,
        shorter_salt,
        other_entry,
        other_kind,
        index_as_text,
        lambda stated: stated.update(index=stated["index"] + 1),
        lambda stated: stated.update(index=-1),
        lambda stated: stated.update(row=stated["row"] + " "),
        lambda stated: stated.update(path=stated["path"][1:]),
        lambda stated: stated.update(path=[*stated["path"], "00" * 32]),
        lambda stated: stated.update(path=stated["path"][::-1]),
        lambda stated: stated.update(salt="00" * 32),
        lambda stated: stated.update(receipt=stated["receipt"].replace("index 1", "index 2")),
        lambda stated: stated.update(receipt=stated["receipt"].partition("\n\n")[0]),
        lambda stated: stated.pop("receipt"),
    ],
)
def test_a_changed_receipt_of_a_row(workspace: Path, log: LedgerLog, change: Callable[[dict[str, Any]], object]):
    stated = receipt_of(workspace, 7)
    change(stated)
    assert both(workspace, stated, log) == ["refused", "refused"]


def test_a_row_numbered_as_another(log: LedgerLog, workspace: Path):
    """A batch whose own root is over rows out of order proves none of them."""
    batch = workspace / "batches" / BATCH
    swapped = [ROWS[1], ROWS[0], *ROWS[2:]]
    pq.write_table(pa.Table.from_pylist(swapped), batch / "determinations.parquet")
    with one_act():
        log.append("determined", {"rows": len(ROWS), "rows_root": batch_root(SECRET, swapped)})
    log.publish()
    assert both(workspace, receipt_of(workspace, 1), log) == ["refused", "refused"]
    assert both(workspace, receipt_of(workspace, 3), log) == ["holds", "holds"]


def test_a_row_changed_after_it_was_determined(workspace: Path):
    rows = [*ROWS[:6], {**ROWS[6], "outcome": "reviewable"}, *ROWS[7:]]
    pq.write_table(pa.Table.from_pylist(rows), workspace / "batches" / BATCH / "determinations.parquet")
    failure = run("prove", workspace, "--batch", BATCH, "--row", 7).exception
    assert isinstance(failure, CheckFailedError)
    assert failure.code == "no-such-batch"


@pytest.mark.parametrize(
    "call",
    [
        ["--batch", "SUB-2", "--row", "1"],
        ["--batch", "../batches/SUB-1", "--row", "1"],
        ["--batch", BATCH, "--row", "0"],
        ["--batch", BATCH, "--row", "40"],
        ["--batch", BATCH],
        ["--row", "1"],
        ["1", "--batch", BATCH, "--row", "1"],
        [],
    ],
)
def test_a_row_that_is_not_there(workspace: Path, call: list[str]):
    failure = run("prove", workspace, *call).exception
    assert isinstance(failure, CountersealError)


def test_a_destroyed_secret_closes_every_row(workspace: Path):
    (workspace / "batches" / BATCH / "rows.secret").unlink()
    failure = run("prove", workspace, "--batch", BATCH, "--row", 7).exception
    assert isinstance(failure, CountersealError)
    assert failure.code == "row-secret"


def test_a_row_under_another_number_of_rows():
    tree = batch_tree(SECRET, ROWS)
    proof = prove_row(tree, SECRET, 3, ROWS[3])
    assert row_holds(proof, len(ROWS), tree.root())
    assert not row_holds(proof, len(ROWS) + 1, tree.root())
    with pytest.raises(CountersealError, match="row-differs"):
        prove_row(tree, SECRET, 3, ROWS[4])


@pytest.mark.parametrize(
    "change", [moved_salt, longer_salt, shorter_salt, lambda one: one.update(salt=one["salt"].upper())]
)
def test_a_salt_in_another_length_or_spelling(workspace: Path, change: Callable[[dict[str, Any]], object]):
    stated = receipt_of(workspace, 7)
    change(stated)
    with pytest.raises(CountersealError, match="row-receipt-form"):
        read_row_receipt(json.dumps(stated).encode())
