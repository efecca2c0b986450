"""A sealed package: what it shows closed, what it must hold opened, and whom it convicts when it does not.

``docs/design/package.md`` lays the form down. Whoever holds a package can hold it against the ledger without
opening it. Whoever opens it gets nothing from here unless proof, quorum, custodian and recipient all hold.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from counterseal_verify.verify import (
    LOG,
    Head,
    Key,
    Policy,
    Refused,
    leaf,
    receipt,
    signatures,
    unbase64,
)

CASE, RELEASE = b"counterseal/case/v2\0", b"counterseal/release/v1\0"
HEADING = "counterseal/package/v1"
ANSWER_ROOM = 2048
"""Bytes that every answer takes, whatever it says."""
MOST = 4 << 20
"""Bytes of the largest package that is read: forty officers' keys and a long proof take less than a tenth."""
ADDRESS = {"line_1", "line_2", "city", "state", "zip"}
OUTSIDE: dict[str, type] = {"v": int, "entry": str, "receipt": str, "sealed": str}
INSIDE: dict[str, type] = {
    "agreement": str, "answer": str, "case": str, "conditions": list, "entry": str,
    "policy": str, "receipt": str, "recipients": list, "sealed_at": str,
}  # fmt: skip


def case_digest(told: dict[str, Any]) -> str:
    """Recompute a case's digest from that of its file, who asked, and under what. Raises Refused for other words."""
    whole = {name: told.get(name) for name in ("agency", "agreement", "file", "version")}
    if not all(isinstance(value, str) and value.isascii() for value in whole.values()):
        raise Refused("a case is told by its file's digest, an agency, an agreement and its version")
    return hashlib.sha256(CASE + canonical(whole).encode()).hexdigest()


def approved_digest(case: str, answer: str, recipients: list[str]) -> str:
    """Recompute what both officials signed. The three are ASCII, so this is its canonical JSON."""
    whole = {"answer": answer, "case": case, "recipients": sorted(recipients)}
    return hashlib.sha256(RELEASE + json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def canonical(whole: dict[str, Any]) -> str:
    """Write JSON in one way only: sorted, without spaces, in ASCII."""
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True)
class Package:
    """A package as it arrives. ``gateway`` is the digest of the agency's key around it, or empty."""

    entry: bytes
    receipt: str
    sealed: bytes
    gateway: str
    digest: str

    @classmethod
    def read(cls, raw: bytes) -> Package:
        """Read a package. Raises Refused for anything that is none."""
        told = _object(raw, OUTSIDE, {"gateway"})
        if told["v"] != 2:
            raise Refused("this is no package of version 2")
        gateway = told.get("gateway", "")
        if not isinstance(gateway, str):
            raise Refused("not a package")
        digest = hashlib.sha256(raw).hexdigest()
        return cls(unbase64(told["entry"]), told["receipt"], unbase64(told["sealed"]), gateway, digest)

    def proven(self, policy: Policy) -> tuple[Head, int, dict[str, Any]]:
        """Check the receipt by the policy; give the head, the intent's index and the intent's body. Raises Refused."""
        head, index = receipt(self.receipt, leaf(self.entry), policy)
        return head, index, intent_of(self.entry)


def intent_of(entry: bytes) -> dict[str, Any]:
    """Give an intent entry's body. Raises Refused when the entry is none."""
    told = _json(entry)
    body = told.get("body") if isinstance(told, dict) else None
    if not isinstance(body, dict) or told.get("kind") != "intent" or not isinstance(body.get("over"), str):
        raise Refused("the entry is not an intent")
    return body


@dataclass(frozen=True)
class Content:
    """What an officer may read: the answer as one JSON object, and the conditions of its use."""

    answer: dict[str, Any]
    conditions: list[str]
    agreement: str
    policy: str
    sealed_at: str
    index: int
    origin: str

    @property
    def conditions_digest(self) -> str:
        """The digest of what is accepted, in hexadecimal."""
        return hashlib.sha256(canonical({"conditions": self.conditions}).encode()).hexdigest()


def note_of(content: dict[str, Any]) -> str:
    """Write the text that the custodian signs."""
    return f"{HEADING}\n{canonical(content)}\n"


def read_content(note: bytes, package: Package, policy: Policy, custodian: str, recipient: bytes) -> Content:
    """Check what was inside a package; give the answer.

    ``note`` is the opened content, ``policy`` the reader's own, ``custodian`` a verifier key, ``recipient`` the
    reader's certificate (DER). Raises Refused.
    """
    key = Key.read(custodian)
    if key.type != LOG:
        raise Refused("the custodian's key is of the wrong type")
    try:
        text, signed = signatures(note.decode("utf-8"), [key])
    except UnicodeDecodeError:
        raise Refused("the package's content is not a signed note") from None
    if key not in signed:
        raise Refused("the custodian did not sign the content")
    heading, _, line = text.partition("\n")
    if heading != HEADING:
        raise Refused("the custodian signed something else than a package")
    content = _object(line.encode(), INSIDE, set())
    if unbase64(content["entry"]) != package.entry or content["receipt"] != package.receipt:
        raise Refused("the proof outside is not the proof inside")
    head, index, body = package.proven(policy)
    answer = unbase64(content["answer"], ANSWER_ROOM).rstrip(b" ")
    recipients = _words(content["recipients"])
    if body["over"] != approved_digest(content["case"], hashlib.sha256(answer).hexdigest(), recipients):
        raise Refused("the intent is for another case, answer or recipient")
    if hashlib.sha256(recipient).hexdigest() not in recipients:
        raise Refused("the package was released to somebody else")
    told = check_answer(answer)
    conditions = _words(content["conditions"])
    facts = (content["agreement"], content["policy"], content["sealed_at"])
    return Content(told, conditions, *facts, index, head.origin)


def check_answer(answer: bytes) -> dict[str, Any]:
    """Check that an answer holds the elements that may leave, and no other; give it.

    That is one person's mailing address (26 U.S.C. 6103(i)(2)(C)), the requester's own reference, and a salt.
    Raises Refused; the reason never quotes the answer.
    """
    told = _json(answer)
    if not isinstance(told, dict) or set(told) != {"v", "request_ref", "mailing_address", "salt"}:
        raise Refused("the answer holds something else than the elements that may leave")
    address = told["mailing_address"]
    if not isinstance(address, dict) or set(address) != ADDRESS:
        raise Refused("the answer's mailing address is not one mailing address")
    words = [*address.values(), told["request_ref"], told["salt"]]
    if told["v"] != 1 or not all(isinstance(word, str) for word in words):
        raise Refused("the answer is not in its form")
    return told


def _words(found: list[object]) -> list[str]:
    words = [one for one in found if isinstance(one, str) and one]
    if not words or len(words) != len(found):
        raise Refused("not a package")
    return words


def _json(raw: bytes) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise Refused("a name stands twice")
        return dict(pairs)

    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Refused("not JSON where JSON belongs") from None


def _object(raw: bytes, fields: dict[str, type], optional: set[str]) -> dict[str, Any]:
    if len(raw) > MOST:
        raise Refused("too large for a package")
    told = _json(raw)
    if not isinstance(told, dict) or not set(fields) <= set(told) <= {*fields, *optional}:
        raise Refused("not a package")
    if not all(type(told[name]) is kind for name, kind in fields.items()):
        raise Refused("not a package")
    return told
