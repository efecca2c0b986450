"""A ledger as files: what anybody can verify with the folder and the log's public key alone.

``checkpoint``, ``tile/…``, ``tile/entries/…`` as C2SP tlog-tiles has them, and ``log.vkey``.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.forms import EntryForms
from counterseal.ledger.note import read_head, read_key
from counterseal.ledger.receipt import Receipt
from counterseal.ledger.tiles import ENTRIES, WIDTH, read_bundle, tile_nodes, tile_path, tiles_between
from counterseal.ledger.tree import EMPTY_ROOT, HASH, Tree, consistency_path, inclusion_path, range_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.note import SignatureCheck, VerifierKey
    from counterseal.ledger.policy import Policy

    Part = tuple[list[bytes], Counter[str]]
    """The levels of a part's tree, and how many entries it has of each kind."""

    class Spread(Protocol):
        """Does the work on every part and gives what came of each, in order."""

        def __call__(self, work: Callable[[int], Part], parts: range, /) -> Iterable[Part]:
            """Do it."""
            ...


PART = 64 * WIDTH
"""Entries that are verified together: bundles that make a complete subtree."""

CHECKPOINT = "checkpoint"
LOG_KEY = "log.vkey"
LOG_KEY_ML_DSA = "log.ml-dsa-44.vkey"
CUSTODIAN_KEY = "custodian.vkey"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found to hold."""

    head: TreeHead
    kinds: dict[str, int]
    witnesses: tuple[str, ...]


class LedgerFolder:
    """One ledger's published files. Only reads."""

    def __init__(self, path: Path) -> None:
        inside = path / "ledger"
        self.path = inside if not (path / CHECKPOINT).exists() and inside.is_dir() else path

    def read(self, name: str) -> bytes:
        """Read one file. Raises CheckFailedError ``ledger-file`` when it is not there."""
        try:
            return (self.path / name).read_bytes()
        except OSError:
            raise CheckFailedError("ledger-file", f"The ledger lacks {name}.", where=str(self.path)) from None

    def key(self) -> VerifierKey:
        """Read the log's public key that lies in the folder."""
        if not (self.path / LOG_KEY).is_file():
            raise CountersealError(
                "no-ledger",
                "There is no ledger in this folder.",
                where=str(self.path),
                next_step="Name the folder that holds log.vkey and checkpoint.",
            )
        return read_key(self.read(LOG_KEY).decode("utf-8", "replace").strip())

    def custodian(self) -> VerifierKey:
        """Read the verifier key of the custodian, who signs what packages hold.

        Raises CountersealError ``not-found`` where it was not published.
        """
        path = self.path / CUSTODIAN_KEY
        if not path.is_file():
            raise CountersealError(
                "not-found",
                "The custodian's verifier key is not published here.",
                where=CUSTODIAN_KEY,
                next_step="The sealer's account writes the first line of keys/custodian.ed25519 there.",
            )
        return read_key(path.read_text(encoding="utf-8").strip())

    def checkpoint(self) -> bytes:
        """Read the newest checkpoint; it is not verified by this."""
        return self.read(CHECKPOINT)

    def tile(self, level: int | str, index: int, width: int) -> bytes:
        """Read a tile or bundle, or so much of the full one where the partial is gone: the ledger has grown past it."""
        if width < WIDTH:
            with suppress(FileNotFoundError):
                return (self.path / tile_path(level, index, width)).read_bytes()
            with suppress(FileNotFoundError):
                full = (self.path / tile_path(level, index)).read_bytes()
                return full[: width * HASH] if level != ENTRIES else _first(full, width)
        return self.read(tile_path(level, index, width))

    def entries(self, size: int, first: int = 0, last: int | None = None) -> Iterator[list[bytes]]:
        """Read the entries of a ledger of ``size``, a bundle at a time: all, or those of ``first`` up to ``last``.

        ``first`` and ``last`` are where bundles begin.
        """
        for index in range(first // WIDTH, (min(size, size if last is None else last) + WIDTH - 1) // WIDTH):
            width = min(WIDTH, size - index * WIDTH)
            entries = read_bundle(self.tile(ENTRIES, index, width))
            if len(entries) != width:
                raise CheckFailedError("ledger-file", f"Bundle {index} holds {len(entries)} of {width} entries.")
            yield entries

    def entry(self, index: int, size: int) -> bytes:
        """Read one entry. Raises CountersealError ``no-such-entry``."""
        if not 0 <= index < size:
            raise CountersealError("no-such-entry", f"There is no entry {index} in a ledger of {size}.")
        bundle, offset = divmod(index, WIDTH)
        entries = read_bundle(self.tile(ENTRIES, bundle, min(WIDTH, size - bundle * WIDTH)))
        if offset >= len(entries):
            raise CheckFailedError("ledger-file", f"Bundle {bundle} ends before entry {index}.")
        return entries[offset]

    def nodes(self, size: int) -> Callable[[int, int], bytes]:
        """Give the tree's hashes out of the tiles."""
        return tile_nodes(self.tile, size)


def _first(bundle: bytes, width: int) -> bytes:
    at = 0
    for _ in range(width):
        at += 2 + int.from_bytes(bundle[at : at + 2])
    return bundle[:at]


def verify_folder(
    folder: LedgerFolder, policy: Policy, check: SignatureCheck, *, contents: bool = True, spread: Spread = map
) -> Verified:
    """Verify a ledger from its files: signatures, every entry's hash, every tile, the root.

    With ``contents`` each entry's bytes must also be the canonical bytes of an entry. ``spread`` maps the work over
    parts of the ledger, in order; another than the built-in one may use several processes. Raises
    CheckFailedError, naming the entry or the tile, for the first thing that does not hold.
    """
    checkpoint = folder.checkpoint()
    try:
        head = policy.accept(checkpoint, check)
    except CheckFailedError:
        raise
    except CountersealError as error:
        raise CheckFailedError(error.code, error.message, where=CHECKPOINT) from error
    kinds: Counter[str] = Counter()
    tree = Tree()
    for levels, found in spread(partial(_read_part, folder, head.size, contents), range(0, head.size, PART)):
        tree.join(levels)
        kinds.update(found)
    _compare_tiles(folder, tree, head.size)
    if tree.root() != head.root:
        raise CheckFailedError("root", "The entries do not give the root that the log has signed.")
    return Verified(head, dict(kinds), tuple(policy.witnessed_by(checkpoint, check)))


def _read_part(folder: LedgerFolder, size: int, contents: bool, first: int) -> Part:
    """Read one part of the ledger; give the levels of its tree and how many entries it has of each kind."""
    kinds: Counter[str] = Counter()
    tree, forms = Tree(), EntryForms()
    try:
        for bundle in folder.entries(size, first, first + PART):
            if contents:
                _read_bundle_entries(bundle, first + tree.size, forms, kinds)
            tree.extend(sha256(b"\0" + entry).digest() for entry in bundle)
    except CheckFailedError:
        raise
    except CountersealError as error:
        raise CheckFailedError(error.code, error.message, where=f"entry {first + tree.size} or after") from error
    return [bytes(level) for level in tree.levels], kinds


def _read_bundle_entries(bundle: list[bytes], first: int, forms: EntryForms, kinds: Counter[str]) -> None:
    found: list[str] = []
    try:
        for entry in bundle:
            found.append(forms.kind(entry))  # noqa: PERF401 - its length tells which entry is not sound
    except CountersealError as error:
        raise CheckFailedError(error.code, error.message, where=f"entry {first + len(found)}") from error
    kinds.update(found)


def _compare_tiles(folder: LedgerFolder, tree: Tree, size: int) -> None:
    for level, index, width in tiles_between(0, size):
        row = tree.levels[8 * level]
        expected = bytes(row[index * WIDTH * HASH : (index * WIDTH + width) * HASH])
        found = folder.tile(level, index, width)
        if found == expected:
            continue
        name = tile_path(level, index, width)
        if level == 0:
            for offset in range(width):
                here = slice(offset * HASH, (offset + 1) * HASH)
                if found[here] != expected[here]:
                    raise CheckFailedError(
                        "entry-hash",
                        f"Entry {index * WIDTH + offset} is not the one in the tree.",
                        where=name,
                    )
        raise CheckFailedError("tile", "A tile does not follow from the entries.", where=name)


def prove_entry(folder: LedgerFolder, index: int, under: str | None = None) -> Receipt:
    """Write the receipt of one entry, out of the tiles, against the checkpoint ``under`` or else the newest.

    Raises CountersealError ``no-such-entry``.
    """
    checkpoint = folder.checkpoint() if under is None else under.encode()
    head = read_head(checkpoint.decode("utf-8", "replace"))
    path = inclusion_path(folder.nodes(head.size), index, head.size)
    return Receipt(index, tuple(path), checkpoint.decode("utf-8"))


def prove_growth(folder: LedgerFolder, old: int, size: int) -> list[bytes]:
    """Prove that the ledger of ``size`` continues the one of ``old`` entries; empty from 0."""
    if old in {0, size}:
        return []
    return consistency_path(folder.nodes(size), 0, old, size)


def root_at(folder: LedgerFolder, size: int, newest: int) -> bytes:
    """Give the root that the ledger had at ``size``, out of the tiles of the ``newest`` size."""
    return range_root(folder.nodes(newest), 0, size) if size else EMPTY_ROOT
