"""C2SP tlog-policy: whose word is taken. Logs, witnesses, groups with k of n, and exactly one quorum."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.checkpoint import read_body
from counterseal.ledger.note import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    read_key,
    read_note,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.note import SignatureCheck, VerifierKey

LOG_TYPES = {ED25519, ML_DSA_44_COSIGNATURE}
WITNESS_TYPES = {ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE}
NO_QUORUM = "none"


@dataclass(frozen=True, slots=True)
class Witness:
    """One cosigner: its name in the policy, its key, and where it takes checkpoints."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which ``threshold`` must have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy file, read and found sound."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[Witness, ...]
    quorum: str
    groups: Mapping[str, Group] = field(default_factory=dict)
    log_urls: tuple[str, ...] = ()

    def satisfied(self, witnessed: Collection[str]) -> bool:
        """Tell whether the witnesses of these names (in the policy) are a quorum."""
        if self.quorum == NO_QUORUM:
            return True
        done = {one.name for one in self.witnesses if one.name in witnessed}
        for name, group in self.groups.items():  # defined before used, so one pass in order is enough
            if sum(member in done for member in group.members) >= group.threshold:
                done.add(name)
        return self.quorum in done

    def witnessed_by(self, checkpoint: bytes, check: SignatureCheck) -> list[str]:
        """Name the witnesses whose cosignatures on the checkpoint hold.

        Raises CheckFailedError ``signature`` when one of them does not hold.
        """
        names = {one.key: one.name for one in self.witnesses}
        return [names[key] for key, _ in verified(read_note(checkpoint), names, check)]

    def accept(self, checkpoint: bytes, check: SignatureCheck) -> TreeHead:
        """Verify a checkpoint against the policy and give its tree head.

        Raises CountersealError ``note-form`` or ``checkpoint-form``; CheckFailedError ``signature`` when
        no log of the policy signed under its own origin, ``quorum`` when too few witnesses did.
        """
        note = read_note(checkpoint)
        head = read_body(note.text)
        if not any(key.name == head.origin for key, _ in verified(note, self.logs, check)):
            raise CheckFailedError("signature", "No log that the policy names has signed this checkpoint.")
        if not self.satisfied(self.witnessed_by(checkpoint, check)):
            raise CheckFailedError("quorum", "Too few witnesses have cosigned this checkpoint.")
        return head


def read_policy(raw: bytes) -> Policy:
    """Read a policy file.

    Raises CountersealError ``policy-form`` and names the line: for a byte that is not allowed, an
    unknown word, a key of the wrong type, a key or name given twice, a member that is not defined above
    or stands in two groups, a threshold outside 1…n, or a quorum that is missing or given twice.
    """
    if any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in raw):
        raise _bad(0, "it holds a control character")
    text = raw.decode("latin-1")  # octets with the high bit set are opaque
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.take(words)
        except CountersealError as error:
            raise _bad(number, error.message.rstrip(".")) from error
    if reader.quorum is None:
        raise _bad(0, "it has no quorum line")
    return Policy(tuple(reader.logs), tuple(reader.witnesses), reader.quorum, reader.groups, tuple(reader.urls))


def readable(name: str) -> str:
    """Write a name of a policy, whose octets are opaque, as the text that it most likely is."""
    return name.encode("latin-1").decode("utf-8", "backslashreplace")


class _Reader:
    """The policy as far as it has been read."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.urls: list[str] = []
        self.witnesses: list[Witness] = []
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self.grouped: set[str] = set()

    def take(self, words: Sequence[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._log(_key(vkey, LOG_TYPES), "".join(url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._witness(Witness(self._new(name), _key(vkey, WITNESS_TYPES), "".join(url)))
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, tuple(members))
            case ["quorum", name]:
                self._quorum(name)
            case _:
                raise CountersealError("policy-form", "it is not a log, witness, group or quorum line")

    def _log(self, key: VerifierKey, url: str) -> None:
        if any(key.public_key == known.public_key for known in self.logs):
            raise CountersealError("policy-form", "this log's key stands above already")
        self.logs.append(key)
        self.urls.append(url)

    def _witness(self, witness: Witness) -> None:
        if any(witness.key.public_key == known.key.public_key for known in self.witnesses):
            raise CountersealError("policy-form", "this witness's key stands above already")
        self.witnesses.append(witness)

    def _group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        if not set(members) <= self._defined() or self.grouped & set(members) or len(set(members)) < len(members):
            raise CountersealError("policy-form", "a member is not defined above, or is a member already")
        least = {"all": len(members), "any": 1}.get(threshold)
        if least is None:
            plain = threshold.isascii() and threshold.isdigit() and not threshold.startswith("0")
            least = int(threshold) if plain and len(threshold) <= 9 else 0
        if not 1 <= least <= len(members):
            raise CountersealError("policy-form", "the threshold is not between 1 and the members' number")
        self.groups[self._new(name)] = Group(least, members)
        self.grouped |= set(members)

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise CountersealError("policy-form", "a quorum stands above already")
        if name != NO_QUORUM and name not in self._defined():
            raise CountersealError("policy-form", "the quorum is not defined above")
        self.quorum = name

    def _defined(self) -> set[str]:
        return {one.name for one in self.witnesses} | set(self.groups)

    def _new(self, name: str) -> str:
        if name == NO_QUORUM or name in self._defined():
            raise CountersealError("policy-form", "this name stands above already, or is none")
        return name


def _key(vkey: str, types: set[int]) -> VerifierKey:
    try:
        key = read_key(vkey.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError:
        raise CountersealError("policy-form", "a key's name is not UTF-8") from None
    if key.type not in types:
        raise CountersealError("policy-form", "this type of key cannot sign here")
    return key


def _bad(number: int, why: str) -> CountersealError:
    return CountersealError("policy-form", f"This is no trust policy: {why}.", where=f"line {number}" if number else "")
