"""``fsck``: hold the database, the signed checkpoints and every published file against each other.

The database is the authority and is never changed here; files are derived from it and can be made anew. A
database that does not bear out its own signed checkpoints is not repaired by anybody: that is evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.checkpoint import read_body
from counterseal.ledger.folder import CHECKPOINT
from counterseal.ledger.note import open_note
from counterseal.ledger.tiles import ENTRIES, WIDTH, read_bundle, read_tile_path, tile_path, write_bundle
from counterseal.ledger.tree import HASH, Tree, leaf_hash
from counterseal.store.ledger_tiles import checkpoint_note
from counterseal.store.models.ledger import LedgerCheckpoint, LedgerEntry, kept_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from counterseal.ledger.note import SignatureCheck, VerifierKey
    from counterseal.ledger.ports import FileWriter


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was signed. ``file`` is empty where the database itself is at fault."""

    what: str
    file: str = ""


def inspect(
    folder: Path, keys: Sequence[VerifierKey], check: SignatureCheck, *, alias: str = DEFAULT_DB_ALIAS
) -> list[Damage]:
    """Find every damage to database, checkpoints and files. Empty when all is sound."""
    tree = Tree()
    damage = _inspect_entries(tree, alias)
    damage += _inspect_checkpoints(tree, keys, check, alias)
    newest = LedgerCheckpoint.objects.using(alias).order_by("-size").first()
    if newest is None or damage:
        return damage
    expected = _Expected(tree, alias)
    for name in _names(newest.size):
        damage += expected.compare(folder, name)
    for path in sorted((folder / "tile").rglob("*")):
        if path.is_file() and str(path.relative_to(folder)) not in expected.seen:
            damage += expected.compare(folder, str(path.relative_to(folder)))
    published = folder / CHECKPOINT
    if not published.exists() or published.read_bytes() != checkpoint_note(newest, alias).encode():
        damage.append(Damage("The published checkpoint is not the newest signed one.", CHECKPOINT))
    return damage


def repair(folder: Path, damage: Sequence[Damage], write_file: FileWriter, *, alias: str = DEFAULT_DB_ALIAS) -> int:
    """Make the damaged files anew from the database; give how many.

    Raises CheckFailedError ``ledger-evidence`` when the database itself is damaged.
    """
    if any(not one.file for one in damage):
        raise CheckFailedError(
            "ledger-evidence",
            "The database does not bear out what was signed; nothing is repaired.",
            next_step="Keep everything as it is. Compare with copies, mirrors and witnesses.",
        )
    tree = Tree()
    _inspect_entries(tree, alias)
    expected = _Expected(tree, alias)
    for one in damage:
        if one.file == CHECKPOINT:
            newest = LedgerCheckpoint.objects.using(alias).order_by("-size").first()
            content = None if newest is None else checkpoint_note(newest, alias).encode()
        else:
            content = expected.content(one.file)
        if content is None:
            (folder / one.file).unlink()
        else:
            write_file(folder / one.file, content)
    return len(damage)


def _inspect_entries(tree: Tree, alias: str) -> list[Damage]:
    damage = []
    entries = LedgerEntry.objects.using(alias).order_by("index").values_list("index", "entry", "peaks")
    for index, entry, peaks in entries.iterator():
        if index != tree.size:
            damage.append(Damage(f"Entry {tree.size} is missing."))
            return damage
        leaf = leaf_hash(kept_bytes(entry))
        tree.append(leaf)
        if _peaks(tree) != kept_bytes(peaks):
            damage.append(Damage(f"Entry {index} does not hash to what was entered."))
            return damage
    return damage


def _peaks(tree: Tree) -> bytes:
    size, at, peaks = tree.size, 0, []
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            peaks.append(tree.node(level, at >> level))
            at += 1 << level
    return b"".join(peaks)


def _inspect_checkpoints(tree: Tree, keys: Sequence[VerifierKey], check: SignatureCheck, alias: str) -> list[Damage]:
    damage = []
    for signed in LedgerCheckpoint.objects.using(alias).order_by("size").iterator():
        try:
            head = read_body(open_note(signed.note.encode(), keys, check).text)
        except CountersealError as error:
            damage.append(Damage(f"Checkpoint {signed.size}: {error.message}"))
            continue
        if head.size != signed.size or head.size > tree.size or tree.root(head.size) != head.root:
            damage.append(Damage(f"Checkpoint {signed.size} is not borne out by the entries."))
    return damage


def _names(size: int) -> Iterator[str]:
    level = 0
    while size:
        for index in range((size + WIDTH - 1) // WIDTH):
            width = min(WIDTH, size - index * WIDTH)
            if level == 0:
                yield tile_path(ENTRIES, index, width)
            yield tile_path(level, index, width)
        size //= WIDTH
        level += 1


class _Expected:
    """What each file must hold, by the database."""

    def __init__(self, tree: Tree, alias: str) -> None:
        self._tree = tree
        self._alias = alias
        self.seen: set[str] = set()

    def content(self, name: str) -> bytes | None:
        """Give the bytes that belong under a name; None when no file may stand there."""
        try:
            level, index, width = read_tile_path(name)
        except CountersealError:
            return None
        if isinstance(level, str):
            entries = self._entries(index, width)
            return write_bundle(entries) if len(entries) == width else None
        if 8 * level >= len(self._tree.levels):
            return None
        row = self._tree.levels[8 * level]
        hashes = bytes(row[index * WIDTH * HASH : (index * WIDTH + width) * HASH])
        return hashes if len(hashes) == width * HASH else None

    def _entries(self, index: int, width: int) -> list[bytes]:
        first = index * WIDTH
        entries = LedgerEntry.objects.using(self._alias).filter(index__gte=first, index__lt=first + width)
        return [kept_bytes(entry) for entry in entries.order_by("index").values_list("entry", flat=True)]

    def compare(self, folder: Path, name: str) -> list[Damage]:
        """Hold one file against what it must hold."""
        self.seen.add(name)
        wanted = self.content(name)
        if wanted is None:
            return [Damage("A file that does not belong to the ledger.", name)]
        try:
            found = (folder / name).read_bytes()
        except OSError:
            return [Damage("A file is missing.", name)]
        return [] if found == wanted else [Damage(self._where(name, found), name)]

    def _where(self, name: str, found: bytes) -> str:
        level, index, width = read_tile_path(name)
        if level == ENTRIES:
            try:
                entries = read_bundle(found)
            except CountersealError:
                return "A bundle of entries is damaged in its lengths."
            for offset, entry in enumerate(self._entries(index, width)):
                if offset >= len(entries) or entries[offset] != entry:
                    return f"Entry {index * WIDTH + offset} is not as it was entered."
            return "A bundle holds more than its entries."
        for offset in range(width):
            here = slice(offset * HASH, (offset + 1) * HASH)
            if found[here] != (self.content(name) or b"")[here]:
                return f"Hash {offset} of a tile is damaged."
        return "A tile holds more than its hashes."
