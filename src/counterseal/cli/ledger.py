"""``ledger``: what an outsider does with a ledger. Needs its files and keys; opens no database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from counterseal.cli.output import answer_json
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.folder import LedgerFolder, prove_entry, verify_folder
from counterseal.ledger.note import read_head
from counterseal.ledger.policy import readable
from counterseal.ledger.receipt import read_receipt, verify_receipt
from counterseal.ledger.row_receipt import read_row_receipt, verify_row_receipt
from counterseal.ledger.tree import leaf_hash
from counterseal.vault.durable import write_durably

commands = typer.Typer(help="Verify the ledger, prove an entry, print the checkpoint.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The ledger's folder, or its workspace.")]
Key = Annotated[str | None, typer.Option("--key", help="The log's verifier key, or the file that holds it.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="A trust policy: logs, witnesses, quorum.")]
Json = Annotated[bool, typer.Option("--json", help="Answer for a program.")]


def mount(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(commands, name="ledger")


@commands.command(epilog="Example: counterseal ledger verify office/ledger")
def verify(
    folder: Folder = Path(),
    key: Key = None,
    policy: PolicyFile = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", help="Verify this receipt's entry instead of the whole ledger."),
    ] = None,
    row: Annotated[
        Path | None,
        typer.Option("--row", help="Verify this row's receipt; with --policy or --key no folder is read."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify every signature, entry, tile and the root, from the files alone."""
    from counterseal.ledger_wiring import check_signature, content, on_all_cores, trust  # loads the ciphers

    ledger = LedgerFolder(folder)
    trusted = trust(ledger, key, policy)
    if row is not None:
        given = read_row_receipt(content(row))
        shown, head = verify_row_receipt(given, trusted, check_signature)
        told = f"Row {given.proof.index + 1} is proved under entry {given.receipt.index}: {given.proof.row.decode()}"
        _answer(as_json, {"ok": True, "index": given.receipt.index, "size": head.size, "row": shown}, told)
        return
    if receipt is not None:
        proof = read_receipt(content(receipt))
        entry = ledger.entry(proof.index, read_head(ledger.checkpoint().decode("utf-8", "replace")).size)
        head = verify_receipt(proof, leaf_hash(entry), trusted, check_signature)
        _answer(as_json, {"ok": True, "index": proof.index, "size": head.size}, f"Entry {proof.index} is proved.")
        return
    found = verify_folder(ledger, trusted, check_signature, spread=on_all_cores)
    root = str(found.head).split("\n")[2]
    answer = {
        "ok": True,
        "origin": found.head.origin,
        "size": found.head.size,
        "root": root,
        "kinds": found.kinds,
        "witnesses": [readable(name) for name in found.witnesses],
    }
    whose = "the policy" if policy else "the key given" if key else "the key that lies in the folder"
    lines = [f"{found.head.origin}: {found.head.size} entries verified against {whose}; root {root}"]
    lines += [f"  {kind}: {count}" for kind, count in sorted(found.kinds.items())]
    _answer(as_json, answer, "\n".join(lines))


@commands.command(epilog="Example: counterseal ledger checkpoint office/ledger")
def checkpoint(folder: Folder, as_json: Json = False) -> None:
    """Print the newest checkpoint as it was signed."""
    note = LedgerFolder(folder).checkpoint().decode("utf-8", "replace")
    head = read_head(note)
    answer = {"origin": head.origin, "size": head.size, "root": str(head).split("\n")[2], "note": note}
    _answer(as_json, answer, note.rstrip("\n"))


@commands.command(
    epilog="Example: counterseal ledger prove office/ledger 0 --out entry-0.tlog-proof; "
    "counterseal ledger prove office --batch IRS-2026-0001 --row 17 --out row-17.json"
)
def prove(
    folder: Folder,
    index: Annotated[int | None, typer.Argument(help="The entry's index, from 0.")] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="Prove a row of this submission instead.")] = None,
    row: Annotated[int | None, typer.Option("--row", help="The row's number, from 1. Its receipt shows it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the receipt.")] = None,
) -> None:
    """Write an offline proof of one entry (C2SP tlog-proof), or of one row of a batch."""
    if (index is None) == (batch is None) or (batch is None) != (row is None):
        raise CountersealError(
            "wrong-call", "This is neither an entry nor a row.", next_step="Give an index, or --batch with --row."
        )
    if index is not None:
        receipt, what = str(prove_entry(LedgerFolder(folder), index)), f"entry {index}"
    else:
        from counterseal.ledger_wiring import prove_row  # loads Arrow

        receipt, what = str(prove_row(folder, str(batch), row or 0)), f"row {row} of {batch}"
    if out is None:
        sys.stdout.write(receipt)
        return
    write_durably(out, receipt.encode(), mode=0o600)
    typer.echo(f"Receipt of {what}: {out}")


@commands.command(epilog="Example: counterseal ledger fsck office --repair")
def fsck(
    workspace: Annotated[Path, typer.Argument(metavar="DIR", help="The workspace.")],
    repair: Annotated[bool, typer.Option("--repair", help="Make damaged files anew from the database.")] = False,
    as_json: Json = False,
) -> None:
    """Hold database, checkpoints and files against each other, and name what differs."""
    from counterseal import ledger_wiring  # loads Django

    damage = ledger_wiring.fsck(workspace, repair=repair)
    if damage and not repair:
        told = "; ".join(f"{one.file or 'database'}: {one.what}" for one in damage)
        raise CheckFailedError("ledger-damage", told, next_step="Files are mended with --repair.")
    done = f"{len(damage)} files made anew." if damage else "Database, checkpoints and files agree."
    _answer(as_json, {"ok": True, "repaired": [one.file for one in damage]}, done)


@commands.command(epilog="""Example: echo '{"kind": "tile-path", "path": "tile/0/000"}' | counterseal ledger conform""")
def conform() -> None:
    """Answer test vectors: one JSON object a line on standard input, one on standard output."""
    from counterseal.ledger.conform import answer_line
    from counterseal.ledger_wiring import check_signature  # loads the ciphers

    for line in sys.stdin.buffer:
        sys.stdout.write(answer_line(line, check_signature) + "\n")
        sys.stdout.flush()


def _answer(as_json: bool, answer: object, text: str) -> None:
    if as_json:
        answer_json(answer)
    else:
        typer.echo(text)
