"""``ledger``: what an outsider does with a ledger. Needs its files and keys; opens no database."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from counterseal.ledger.folder import LedgerFolder, prove_entry, verify_folder
from counterseal.ledger.note import read_head
from counterseal.ledger.receipt import read_receipt, verify_receipt
from counterseal.ledger.tree import leaf_hash

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
    folder: Folder,
    key: Key = None,
    policy: PolicyFile = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", help="Verify this receipt's entry instead of the whole ledger."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify every signature, entry, tile and the root, from the files alone."""
    from counterseal.ledger_wiring import check_signature, trust  # noqa: PLC0415  # loads the ciphers

    ledger = LedgerFolder(folder)
    trusted = trust(ledger, key, policy)
    if receipt is not None:
        proof = read_receipt(receipt.read_bytes())
        entry = ledger.entry(proof.index, read_head(ledger.checkpoint().decode("utf-8", "replace")).size)
        head = verify_receipt(proof, leaf_hash(entry), trusted, check_signature)
        _answer(as_json, {"ok": True, "index": proof.index, "size": head.size}, f"Entry {proof.index} is proved.")
        return
    found = verify_folder(ledger, trusted, check_signature)
    root = str(found.head).split("\n")[2]
    answer = {
        "ok": True,
        "origin": found.head.origin,
        "size": found.head.size,
        "root": root,
        "kinds": found.kinds,
        "witnesses": list(found.witnesses),
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


@commands.command(epilog="Example: counterseal ledger prove office/ledger 0 --out entry-0.tlog-proof")
def prove(
    folder: Folder,
    index: Annotated[int, typer.Argument(help="The entry's index, from 0.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the receipt.")] = None,
) -> None:
    """Write an offline proof (C2SP tlog-proof) of one entry."""
    receipt = str(prove_entry(LedgerFolder(folder), index))
    if out is None:
        sys.stdout.write(receipt)
        return
    out.write_text(receipt, encoding="utf-8")
    typer.echo(f"Receipt of entry {index}: {out}")


def _answer(as_json: bool, answer: object, text: str) -> None:
    sys.stdout.write((json.dumps(answer, ensure_ascii=False) if as_json else text) + "\n")
