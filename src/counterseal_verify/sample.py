"""Draw every sample of decisions again, from an exported ledger.

    counterseal-verify sample FOLDER --policy FILE

It shares no line with the program that drew them. An inspector learns that each sample is the one that was announced:
of that population, of that size, by a seed made of oversight's share and of the witnesses' cosignatures over the
ledger as the announcement left it, in the order of the tickets; and which announcements were never drawn.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from counterseal_verify.verify import Head, Key, Policy, Refused, Stack, leaf, number, signatures, unbase64, unhex

if TYPE_CHECKING:
    from argparse import Namespace

STRATA = {"all": {"approved", "refused", "returned"}} | {one: {one} for one in ("approved", "refused", "returned")}
FINDINGS = {"approved", "refused", "returned", "cannot tell"}
LARGEST = 2000


@dataclass(frozen=True)
class Drawing:
    """A drawing that holds: its announcement's entry, when the last witness signed, and each decision's finding."""

    announced: int
    witnessed: int
    findings: dict[int, str]


def decision(entry: dict[str, Any]) -> str:
    """Name the decision that an entry is, or nothing."""
    body = entry.get("body", {})
    if entry["kind"] == "signed" and body["place"] == 2:
        return "approved"
    acts = {"refuse": "refused", "return": "returned"}
    return acts.get(body.get("act"), "") if entry["kind"] == "case" else ""


def population(told: list[dict[str, Any]], at: int) -> list[int]:
    """Give what the announcement at an entry can draw; refuse one that says otherwise than the ledger."""
    body = told[at]["body"]
    if body["rule"] != "decisions/v1" or body["stratum"] not in STRATA or not body["from"] <= body["to"]:
        raise Refused(f"the announcement at entry {at} has no known rule")
    found = [
        n
        for n, entry in enumerate(told[:at])
        if body["from"] <= entry["at"][:10] <= body["to"] and decision(entry) in STRATA[body["stratum"]]
    ]
    if body["population"] != len(found) or body["population_sha256"] != _digest(found):
        raise Refused(f"the announcement at entry {at} has another population than the ledger")
    if not 1 <= number(str(body["size"])) <= min(len(found), LARGEST):
        raise Refused(f"the announcement at entry {at} has a size that cannot be drawn")
    unhex(body["share_sha256"])
    return found


def _digest(numbers: list[int]) -> str:
    return hashlib.sha256(json.dumps(numbers, separators=(",", ":")).encode()).hexdigest()


def seed(
    drawing: dict[str, Any], announced: int, committed: str, entries: list[bytes], policy: Policy
) -> tuple[bytes, int]:
    """Make a drawing's seed again, from its share and its checkpoint; give when the last witness signed, too (or 0).

    The checkpoint is of exactly the tree that ends with the announcement, so nothing was added to look for a seed;
    and every cosignature that counts is of a witness of the policy, once, so none was made up.
    """
    share = unhex(drawing["share"])
    if hashlib.sha256(b"counterseal/sample-share/v1\0" + share).hexdigest() != committed:
        raise Refused("the share is not the one that was committed to")
    note = drawing["checkpoint"]
    head = policy.accept(note)
    stack = Stack()
    for entry in entries[: announced + 1]:
        stack.add(leaf(entry))
    if head.size != announced + 1 or head.root != stack.root():
        raise Refused("the checkpoint is not of the ledger as the announcement left it")
    lines = [f"{line}\n" for line in note[note.rfind("\n\n") + 2 : -1].split("\n")]
    text = note[: note.rfind("\n\n") + 1]
    counted: list[Key] = []
    foreign = [line for line in lines if line.split(" ")[1] != head.origin]
    for line in foreign:
        counted += signatures(f"{text}\n{line}", list(policy.witnesses.values()))[1]
    if len(counted) != len(foreign) or len(set(counted)) != len(counted):
        raise Refused("a cosignature of the drawing is of no witness of the policy, or stands twice")
    hashed = b"".join(hashlib.sha256(line).digest() for line in sorted(line.encode() for line in foreign))
    latest = max((int.from_bytes(unbase64(line.split(" ")[2].strip())[4:12]) for line in foreign), default=0)
    return hashlib.sha256(b"counterseal/sample-seed/v1\0" + share + head.root + hashed).digest(), latest


def ticket(seeded: bytes, entry: int) -> bytes:
    """Give the ticket of the decision at an entry."""
    return hmac.new(seeded, b"counterseal/sample-ticket/v1\0" + entry.to_bytes(8), hashlib.sha256).digest()


def samples(entries: list[bytes], policy: Policy) -> list[str]:
    """Draw every sample of a verified ledger again, and count its re-reviews; a line for each announcement."""
    told = [json.loads(entry) for entry in entries]
    open_: dict[int, list[int]] = {}
    drawn: dict[int, Drawing] = {}
    said = []
    for at, entry in enumerate(told):
        body = entry.get("body", {})
        if entry["kind"] == "sample" and body["act"] == "announced":
            open_[at] = population(told, at)
        elif entry["kind"] == "sample":
            drawn[at] = _drawn(at, body, open_, told, entries, policy)
        elif entry["kind"] == "re-reviewed":
            _re_review(at, body, drawn)
    for at, names in open_.items():
        one = told[at]["body"]
        head = f"entry {at}: {one['size']} of {len(names)} decisions ({one['stratum']}), {one['from']} to {one['to']}"
        again = next((entry for entry, done in drawn.items() if done.announced == at), None)
        said.append(f"{head}: {_told(again, drawn[again], told) if again else 'announced, not drawn'}")
    return said


def _told(at: int, done: Drawing, told: list[dict[str, Any]]) -> str:
    """Tell a drawing and its re-reviews in words."""
    alike = sum(word == decision(told[n]) for n, word in done.findings.items())
    met = sum(word != "" for word in done.findings.values())
    announced = datetime.strptime(told[done.announced]["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    waited = f"the last witness signed {max(0, done.witnessed - int(announced.timestamp()))} s after it"
    by = waited if done.witnessed else "no witness signed, so the custodian alone vouches"
    reviewed = f"; {met} re-reviewed, {alike} alike" if met else ""
    return f"drawn at entry {at}: {' '.join(map(str, done.findings))}; {by}{reviewed}"


def _drawn(
    at: int,
    body: dict[str, Any],
    announced: dict[int, list[int]],
    told: list[dict[str, Any]],
    entries: list[bytes],
    policy: Policy,
) -> Drawing:
    """Draw once more; the drawn decisions are as yet without a finding."""
    first = body["announced"]
    if body["act"] != "drawn" or first not in announced:
        raise Refused(f"entry {at} draws what was not announced before")
    again = [
        n for n in range(first + 1, at) if told[n]["kind"] == "sample" and told[n]["body"].get("announced") == first
    ]
    if again:
        raise Refused(f"the sample of entry {first} was drawn twice, at entries {again[0]} and {at}")
    fixed = told[first]["body"]
    try:
        seeded, latest = seed(body, first, fixed["share_sha256"], entries, policy)
    except Refused as refused:
        raise Refused(f"entry {at}: {refused}") from None
    if seeded.hex() != body["seed"]:
        raise Refused(f"entry {at} has another seed than its share and its checkpoint give")
    found = sorted(announced[first], key=lambda n: ticket(seeded, n))[: fixed["size"]]
    if found != body["drawn"]:
        raise Refused(f"entry {at} has drawn otherwise than its seed does")
    return Drawing(first, latest, dict.fromkeys(found, ""))


def _re_review(at: int, body: dict[str, Any], drawn: dict[int, Drawing]) -> None:
    done = drawn.get(body["sample"])
    findings = done.findings if done else {}
    if findings.get(body["decision"]) != "":
        raise Refused(f"the re-review at entry {at} is of nothing that was drawn, or of it a second time")
    if body["finding"] not in FINDINGS:
        raise Refused(f"the re-review at entry {at} finds what is no finding")
    findings[body["decision"]] = body["finding"]


def check(_: Namespace, head: Head, entries: list[bytes], policy: Policy) -> tuple[str, str]:
    """Draw again under a verified ledger; give what that shows, or else what does not hold."""
    try:
        said = samples(entries, policy)
    except Refused as refused:
        return "", str(refused)
    return "\n".join(
        (*said, f"{len(said)} announced, each drawn again from the {head.size} entries of {head.origin}")
    ), ""
