"""Verify a Counterseal ledger, a receipt, a row of a batch, a package or an order. One file; needs ``cryptography``.

    python verify.py ledger FOLDER (--policy FILE | --key VKEY)
    python verify.py receipt FILE --entry FILE (--policy FILE | --key VKEY)
    python verify.py row FILE.json (--policy FILE | --key VKEY)
    python verify.py package FILE --ledger FOLDER (--policy FILE | --key VKEY)
    python verify.py order FILE.json (--policy FILE | --key VKEY)
    counterseal-verify accounting|index FILE --ledger FOLDER (--policy FILE | --key VKEY)   (accounting.py beside it)
    counterseal-verify annual TABLE.json|.csv --ledger FOLDER ... [--index FILE]            (figures.py beside it)
    counterseal-verify release|paper FILE --ledger FOLDER (--policy FILE | --key VKEY)      (files beside it)
    counterseal-verify sample FOLDER (--policy FILE | --key VKEY)                          (sample.py beside it)

It shares no line with the program that writes the ledger, so that one mistake does not hide in both. Read
from the top it is: the tree (RFC 9162), the signed note, the policy, the receipt, the folder. The
specifications are C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy, tlog-proof, tlog-tiles.
Exit 0: everything holds. Exit 1: something does not, and the line says what. Exit 2: the call is wrong.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

LOG, COSIGNATURE, ML_DSA = 1, 4, 6
LENGTHS = {LOG: (32, 64), COSIGNATURE: (32, 72), ML_DSA: (1312, 2428)}
P = 2**255 - 19
NAME = re.compile(r"[^\s+\x00-\x1f]+")  # of a key
BESIDE = {name: name for name in ("accounting", "paper", "release", "sample")} | {"index": "accounting"}
BESIDE["annual"] = "figures"  # files of their own beside this one


class Refused(Exception):  # noqa: N818 - it is what the program says
    """Something does not hold."""


# --- the tree -----------------------------------------------------------------------------------------


def leaf(entry: bytes) -> bytes:
    """Hash an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def join(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Stack:
    """The complete subtrees of the leaves so far, as in adding one to a binary number."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, hashed: bytes) -> None:
        """Add one leaf hash."""
        self.size += 1
        self.peaks.append(hashed)
        for _ in range((self.size & -self.size).bit_length() - 1):
            right = self.peaks.pop()
            self.peaks[-1] = join(self.peaks[-1], right)

    def root(self) -> bytes:
        """Give the root."""
        root = self.peaks[-1] if self.peaks else hashlib.sha256(b"").digest()
        for peak in reversed(self.peaks[:-1]):
            root = join(peak, root)
        return root


def root_from_path(hashed: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Walk down from the root as the definition does, and join on the way back (RFC 9162, 2.1.3)."""
    if not 0 <= index < size:
        raise Refused("the index is not within the tree")
    if size == 1:
        if path:
            raise Refused("the path is too long")
        return hashed
    if not path:
        raise Refused("the path is too short")
    left = 1 << ((size - 1).bit_length() - 1)
    if index < left:
        return join(root_from_path(hashed, index, left, path[:-1]), path[-1])
    return join(path[-1], root_from_path(hashed, index - left, size - left, path[:-1]))


# --- the signed note ----------------------------------------------------------------------------------


def unbase64(text: str, length: int | None = None) -> bytes:
    """Read strict base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("not base64") from None
    if base64.b64encode(raw).decode() != text or (length is not None and len(raw) != length):
        raise Refused("not the base64 that belongs here")
    return raw


@dataclass(frozen=True)
class Key:
    """A verifier key."""

    name: str
    id: bytes
    type: int
    raw: bytes

    @classmethod
    def read(cls, vkey: str) -> Key:
        """Read a vkey."""
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not NAME.fullmatch(parts[0]) or not parts[2]:
            raise Refused("not a verifier key")
        body = unbase64(parts[2])
        key = cls(parts[0], hashlib.sha256(parts[0].encode() + b"\n" + body).digest()[:4], body[0], body[1:])
        if key.id.hex() != parts[1] or key.type not in LENGTHS or len(key.raw) != LENGTHS[key.type][0]:
            raise Refused("the verifier key is not sound")
        if key.type != ML_DSA and _weak(key.raw):
            raise Refused("the verifier key is of low order or not canonical")
        return key

    def holds(self, text: str, signature: bytes) -> bool:
        """Tell whether this key signed the text."""
        if len(signature) != LENGTHS[self.type][1] or (self.type != LOG and signature[0] > 127):
            return False  # the second: a time beyond 2**63 seconds
        try:
            if self.type == LOG:
                Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
            elif self.type == COSIGNATURE:
                message = f"cosignature/v1\ntime {int.from_bytes(signature[:8])}\n{text}".encode()
                Ed25519PublicKey.from_public_bytes(self.raw).verify(signature[8:], message)
            else:
                head = Head.read(text)
                name, origin = self.name.encode(), head.origin.encode()
                message = b"subtree/v1\n\0" + bytes([len(name)]) + name + signature[:8]
                message += bytes([len(origin)]) + origin + bytes(8) + head.size.to_bytes(8) + head.root
                MLDSA44PublicKey.from_public_bytes(self.raw).verify(signature[8:], message)
        except (InvalidSignature, ValueError):
            return False
        return True


def _weak(raw: bytes) -> bool:
    """Double the point three times: one of low order ends at the neutral element."""
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= P:
        return True
    d = -121665 * pow(121666, -1, P) % P
    x2 = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
    if x2 and pow(x2, (P - 1) // 2, P) != 1:
        return True
    for _ in range(3):  # y(2Q) = (y2 + x2) / (2 + x2 - y2), and x2(2Q) from the curve's equation
        y2 = y * y % P
        y = (y2 + x2) * pow(2 + x2 - y2, -1, P) % P
        x2 = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
    return y == 1


@dataclass(frozen=True)
class Head:
    """A checkpoint's origin, size and root."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, text: str) -> Head:
        """Read a checkpoint's text."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise Refused("not a checkpoint")
        return cls(lines[0], number(lines[1]), unbase64(lines[2], 32))


def number(text: str) -> int:
    """Read a decimal without leading zeros."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and str(int(text)) == text and int(text) < 2**63):
        raise Refused("not a decimal number")
    return int(text)


def signatures(note: str, keys: list[Key]) -> tuple[str, set[Key]]:
    """Give the text and the known keys that signed it; one false signature refuses the note."""
    at, size = note.rfind("\n\n"), len(note.encode("utf-8", "surrogatepass"))
    if at < 0 or not note.endswith("\n") or any(c < " " and c != "\n" for c in note) or size > 1 << 20:
        raise Refused("not a signed note")
    text, signed = note[: at + 1], set()
    lines = [line.split(" ") for line in note[at + 2 : -1].split("\n")]
    for parts in lines:
        if len(lines) > 100 or len(parts) != 3 or parts[0] != "\u2014" or not NAME.fullmatch(parts[1]):
            raise Refused("not a signature line")
        if len(raw := unbase64(parts[2])) < 5:
            raise Refused("a signature is too short")
        for key in keys:
            if (key.name, key.id) == (parts[1], raw[:4]):
                if not key.holds(text, raw[4:]):
                    raise Refused(f"a signature by {key.name} is false")
                signed.add(key)
    return text, signed


# --- the policy ---------------------------------------------------------------------------------------


class Policy:
    """Whose word is taken (tlog-policy)."""

    def __init__(self, text: str) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum = ""
        for words in (re.findall(r"[^ \t]+", line) for line in text.split("\n")):  # nothing else parts two words
            if words and not words[0].startswith("#"):
                self._take(words)
        if not self.quorum or re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
            raise Refused("the policy has no quorum, or a control character")

    def _take(self, words: list[str]) -> None:
        known = {*self.witnesses, *self.groups}
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                key = Key.read(vkey)
                if key.type == COSIGNATURE or key.raw in [other.raw for other in self.logs]:
                    raise Refused("a log's key is of the wrong type, or twice there")
                self.logs.append(key)
            case ["witness", name, vkey] | ["witness", name, vkey, _] if name not in {*known, "none"}:
                key = Key.read(vkey)
                if key.type == LOG or key.raw in [other.raw for other in self.witnesses.values()]:
                    raise Refused("a witness's key is of the wrong type, or twice there")
                self.witnesses[name] = key
            case ["group", name, k, *members] if members and name not in {*known, "none"}:
                least = {"any": 1, "all": len(members)}.get(k) or number(k)
                used = [member for _, group in self.groups.values() for member in group] + members
                if not set(members) <= known or len(used) != len(set(used)) or not 1 <= least <= len(members):
                    raise Refused("a group is not sound")
                self.groups[name] = (least, members)
            case ["quorum", name] if not self.quorum and name in {*known, "none"}:
                self.quorum = name
            case _:
                raise Refused("a line of the policy is not sound")

    def accept(self, note: str) -> Head:
        """Give the head of a checkpoint that a log signed and a quorum cosigned."""
        text, signed = signatures(note, self.logs + list(self.witnesses.values()))
        head = Head.read(text)
        if not any(key.name == head.origin for key in signed if key in self.logs):
            raise Refused("no known log signed the checkpoint")
        if not self.met(signed):
            raise Refused("too few witnesses cosigned the checkpoint")
        return head

    def met(self, signed: set[Key], name: str = "") -> bool:
        """Tell whether those who signed are a quorum, or enough of the group ``name``; ``none`` asks for nobody."""
        if (name := name or self.quorum) in self.witnesses:
            return self.witnesses[name] in signed
        least, members = self.groups.get(name, (0, []))
        return sum(self.met(signed, member) for member in members) >= least


# --- the receipt, the row, the folder -----------------------------------------------------------------


def receipt(text: str, hashed: bytes, policy: Policy) -> tuple[Head, int]:
    """Verify a tlog-proof; give the head that it is under and the entry's index."""
    top, blank, checkpoint = text.partition("\n\n")
    lines = top.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1" or not blank:
        raise Refused("not a tlog-proof")
    if lines[1:] and lines[1].startswith("extra "):
        unbase64(lines.pop(1)[6:])
    if not lines[1:] or not lines[1].startswith("index "):
        raise Refused("the receipt has no index")
    index = number(lines[1][6:])
    head = policy.accept(checkpoint)
    if root_from_path(hashed, index, head.size, [unbase64(line, 32) for line in lines[2:]]) != head.root:
        raise Refused("the entry is not in the ledger")
    return head, index


def unhex(text: object) -> bytes:
    """Read 32 bytes in hexadecimal."""
    raw = bytes.fromhex(str(text))
    if len(raw) != 32 or raw.hex() != text:
        raise Refused("not the hexadecimal of 32 bytes")
    return raw


def row(proof: dict[str, object], policy: Policy) -> tuple[Head, str]:
    """Verify one row of a batch under the batch's entry, and that entry's receipt; give the head and the row."""
    entry, written, path = str(proof["entry"]), str(proof["row"]), proof["path"]
    head, _ = receipt(str(proof["receipt"]), leaf(entry.encode()), policy)
    told, at = json.loads(entry), proof["index"]
    if told["kind"] != "determined" or not isinstance(at, int) or not isinstance(path, list):
        raise Refused("this is no row of a batch")
    hashed = leaf(b"counterseal/row/v1\0" + unhex(proof["salt"]) + written.encode())
    root = root_from_path(hashed, at, told["body"]["rows"], [unhex(step) for step in path])
    if root.hex() != told["body"]["rows_root"]:
        raise Refused("the row is not in the batch")
    if json.loads(written)["row"] != at + 1:
        raise Refused("the row stands at another's place")
    return head, written


def order(document: dict[str, object], policy: Policy) -> tuple[Head, int]:
    """Verify an order to a holder: its receipt, and that it says what its entry says; give the head and the index.

    The entry holds the digest of the order's text, and each fact of the text in its own place.
    """
    entry = unbase64(str(document["entry"]))
    head, index = receipt(str(document["receipt"]), leaf(entry), policy)
    told, text = json.loads(entry), document["order"]
    if told["kind"] != "recall" or told["body"]["act"] != "ordered" or not isinstance(text, dict):
        raise Refused("the entry orders nothing")
    written = json.dumps(text, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    if hashlib.sha256(written).hexdigest() != told["body"]["document"]:
        raise Refused("the order is not the one that was entered")
    facts = {name: fact for name, fact in told["body"].items() if name not in {"act", "document", "door"}}
    if {name: fact for name, fact in text.items() if name not in {"form", "do"}} != facts:
        raise Refused("the order says something else than its entry")
    return head, index


def tile_name(level: int | str, index: int, width: int) -> str:
    """Name a tile."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


def tile(folder: Path, level: int | str, index: int, width: int) -> bytes:
    """Read a tile or bundle; the full one where the partial is gone, as it is once the ledger has grown past it."""
    path = folder / tile_name(level, index, width)
    return (path if path.exists() else folder / tile_name(level, index, 256)).read_bytes()


def bundle(folder: Path, index: int, width: int) -> list[bytes]:
    """Read one bundle of entries."""
    raw, found, at = tile(folder, "entries", index, width), [], 0
    for _ in range(width):
        length = int.from_bytes(raw[at : at + 2])
        if at + 2 + length > len(raw):
            raise Refused(f"bundle {index} is too short")
        found.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    if at < len(raw) and (folder / tile_name("entries", index, width)).exists():
        raise Refused(f"bundle {index} is too long")
    return found


def entries(folder: Path, size: int) -> list[bytes]:
    """Read every entry of a ledger's folder."""
    return [entry for index in range(-(-size // 256)) for entry in bundle(folder, index, min(256, size - 256 * index))]


def first_other(folder: Path, hashes: list[bytes]) -> str:
    """Name the first entry that is not the one that the tiles were made from, where they tell."""
    for at, hashed in enumerate(hashes):
        path = folder / tile_name(0, at // 256, min(256, len(hashes) - at // 256 * 256))
        if path.exists() and path.read_bytes()[at % 256 * 32 :][:32] != hashed:
            return f"; entry {at} is not the one in {path.relative_to(folder)}"
    return ""


def ledger(folder: Path, policy: Policy) -> tuple[Head, list[bytes]]:
    """Verify a ledger's folder: signatures, quorum, every entry, every tile, the root."""
    head = policy.accept((folder / "checkpoint").read_bytes().decode())
    found = entries(folder, head.size)
    row_of_hashes = [leaf(entry) for entry in found]
    if _root(row_of_hashes) != head.root:
        raise Refused(f"the entries do not give the root that was signed{first_other(folder, row_of_hashes)}")
    level = 0
    while row_of_hashes:
        for index in range(-(-len(row_of_hashes) // 256)):
            part = row_of_hashes[256 * index : 256 * index + 256]
            name, raw, whole = tile_name(level, index, len(part)), b"".join(part), tile(folder, level, index, len(part))
            if whole != raw and ((folder / name).exists() or whole[: len(raw)] != raw):
                raise Refused(f"{name} does not follow from the entries")
        row_of_hashes = [_root(row_of_hashes[at : at + 256]) for at in range(0, len(row_of_hashes) // 256 * 256, 256)]
        level += 1
    return head, found


def entries_from(folder: Path, head: Head, wanted: int) -> tuple[int, list[bytes]]:
    """Give the entries from a bundle's first one, at or before ``wanted``, to the end, bound to the root.

    What lies before is taken as hashes of full tiles; root and entries hold together or not at all.
    """
    first = wanted // 256
    stack, hashes = Stack(), Stack()
    for at in range(0, first, 256):
        raw = tile(folder, 1, at // 256, min(256, head.size // 256 - at))
        for here in range(min(256, first - at)):
            stack.add(raw[32 * here : 32 * here + 32])
    found: list[bytes] = []
    for index in range(first, -(-head.size // 256)):
        part = bundle(folder, index, min(256, head.size - 256 * index))
        found += part
        if len(part) == 256:
            stack.add(_root([leaf(entry) for entry in part]))
        else:
            for entry in part:
                hashes.add(leaf(entry))
    stack.peaks += hashes.peaks
    if stack.root() != head.root:
        raise Refused("the entries do not give the root that was signed")
    return 256 * first, found


def package(raw: bytes, folder: Path, policy: Policy) -> tuple[Head, int]:
    """Hold a closed package against the published ledger; give the ledger's head and the intent's index.

    Raises Refused when the package went round the ledger: its receipt is false, or the ledger that the policy's
    witnesses see has something else in the intent's place, or nothing. Then the package convicts its sender.
    """
    told = json.loads(raw)
    entry = unbase64(told["entry"])
    head, index = receipt(told["receipt"], leaf(entry), policy)
    newest = policy.accept((folder / "checkpoint").read_bytes().decode())
    if newest.origin != head.origin:
        raise Refused("the package's receipt is from another ledger")
    if index >= newest.size:
        raise Refused("the ledger does not hold the package's intent")
    first, found = entries_from(folder, newest, index)
    if found[index - first] != entry or json.loads(entry)["kind"] != "intent":
        raise Refused("the ledger holds something else in the intent's place")
    return newest, index


def _root(hashes: list[bytes]) -> bytes:
    stack = Stack()
    for hashed in hashes:
        stack.add(hashed)
    return stack.root()


def main(arguments: list[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="counterseal-verify", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["ledger", "receipt", "row", "package", "order", *BESIDE])
    parser.add_argument("path", type=Path)
    parser.add_argument("--policy", type=Path, help="a tlog-policy file")
    parser.add_argument("--key", help="the log's verifier key, or the file that holds it; no witness is asked for")
    parser.add_argument("--entry", type=Path, help="the bytes of the entry")
    parser.add_argument("--ledger", type=Path, help="the published ledger that the file is held against")
    parser.add_argument("--index", type=Path, help="the inspector's index, for the taxpayers of an annual table")
    given = parser.parse_args(arguments)
    try:
        key = Path(given.key).read_text().strip() if given.key and Path(given.key).is_file() else given.key
        trusted = given.policy.read_bytes() if given.policy else f"log {key}\nquorum none\n".encode()
        policy = Policy(trusted.decode("utf-8", "surrogateescape"))  # what is beyond ASCII is opaque there
        if given.what == "row":
            head, written = row(json.loads(given.path.read_text("utf-8")), policy)
            print(f"{written} is in {head.origin} at size {head.size}")  # noqa: T201
        elif given.what == "receipt":
            head, index = receipt(given.path.read_bytes().decode(), leaf(given.entry.read_bytes()), policy)
            print(f"entry {index} is in {head.origin} at size {head.size}")  # noqa: T201
        elif given.what == "order":
            head, index = order(json.loads(given.path.read_text("utf-8")), policy)
            print(f"the order is entry {index} of {head.origin} at size {head.size}")  # noqa: T201
        elif given.what == "package":
            head, index = package(given.path.read_bytes(), given.ledger, policy)
            print(f"the package's intent is entry {index} of {head.origin}")  # noqa: T201
        elif given.what in BESIDE:
            check, found = import_module(f"counterseal_verify.{BESIDE[given.what]}").check, given.ledger or given.path
            shown, fault = check(given, *ledger(found, policy), policy)
            print(f"REFUSED: {fault}" if fault else shown, file=sys.stderr if fault else sys.stdout)
            return 1 if fault else 0
        else:
            head, _ = ledger(given.path, policy)
            print(f"{head.origin}: {head.size} entries hold")  # noqa: T201
    except Refused as refused:
        print(f"REFUSED: {refused}", file=sys.stderr)  # noqa: T201
        return 1
    except (OSError, ImportError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as wrong:
        print(f"cannot be verified: {type(wrong).__name__}: {wrong}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
