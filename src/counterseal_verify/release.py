"""Follow one release through an exported ledger, from the request to the delivery.

    counterseal-verify release FILE.json --ledger FOLDER (--policy FILE | --key VKEY)

The file is the custodian's evidence: the case file, what opens the commitments of this release's entries, and the
row's proof. Nothing in it is believed that does not hash to what the ledger has. One line is said for each step, in
the order in which they must stand; the first that does not hold is named with its entry.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from counterseal_verify.approvals import check_approval, check_standing, standing
from counterseal_verify.package import case_digest
from counterseal_verify.verify import Head, Policy, Refused, leaf, root_from_path, unhex

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

COMMITMENT, FILE, ROW = b"counterseal/commitment/v1\0", b"counterseal/case-file/v2\0", b"counterseal/row/v1\0"
STAGES = ("received", "screened", "identified", "determined")
Told = dict[str, Any]


def canonical(value: object) -> bytes:
    """Write JSON in one way only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def of(told: list[Told], at: int, kind: str) -> Told:
    """Give an entry that must be of a kind."""
    if not isinstance(at, int) or not 0 <= at < len(told) or told[at]["kind"] != kind:
        raise Refused(f"entry {at} is not of the kind '{kind}'")
    return told[at]


def opened(told: list[Told], openings: list[Told], field: str) -> dict[int, Any]:
    """Give what the openings of a field say, by entry, each held against its commitment."""
    found = {}
    for one in [one for one in openings if one["field"] == field]:
        at, value = one["entry"], one["value"]
        hashed = hashlib.sha256(COMMITMENT + field.encode() + b"\0" + unhex(one["salt"]) + canonical(value))
        if not 0 <= at < len(told) or told[at].get("commitments", {}).get(field) != hashed.hexdigest():
            raise Refused(f"entry {at} does not commit to this {field}")
        found[at] = value
    return found


def stages(told: list[Told], evidence: Told) -> tuple[list[str], int]:
    """Check request, screening, identification and batch: of this submission, agency and agreement, in their order."""
    case, said, before = evidence["case"], [], -1
    named = opened(told, evidence["openings"], "submission")
    by_kind = {told[at]["kind"]: at for at in named}
    under = of(told, evidence["delivered"], "delivered")["body"]
    for kind in STAGES:
        at = by_kind.get(kind, -1)
        body = of(told, at, kind)["body"]
        if named[at] != case["submission"]:
            raise Refused(f"entry {at} is of another submission than the case")
        if at <= before:
            raise Refused(f"entry {at} ({kind}) does not stand after what must come before it")
        if kind != "determined" and (body["agency"], body["agreement"]) != (under["agency"], under["agreement"]):
            raise Refused(f"entry {at} ({kind}) is of another agency or agreement than the delivery")
        before = at
        said.append(f"entry {at}  {told[at]['at']}  {kind}")
    rows = told[by_kind["determined"]]["body"]
    agreement = case["agreement"]
    if (case["agency"], agreement["id"]) != (under["agency"], under["agreement"]):
        raise Refused("the case is of another agency or agreement than the delivery")
    known = [one.get("body", {}) for one in told[:before] if one["kind"] == "agreement"]
    if not any((one["agreement"], one.get("sha256")) == (agreement["id"], agreement["sha256"]) for one in known):
        raise Refused("the case was judged under a document that the ledger does not have")
    _row(evidence["row"], rows, case, by_kind["determined"])
    said[-1] += f": row {case['row']} of {rows['rows']} is in the batch"
    return said, before


def _row(proof: Told, batch: Told, case: Told, at: int) -> None:
    """Check that the case's row stands in the batch, at its place."""
    written, place = str(proof["row"]), case["row"] - 1
    hashed = leaf(ROW + unhex(proof["salt"]) + written.encode())
    try:
        root = root_from_path(hashed, place, batch["rows"], [unhex(step) for step in proof["path"]])
    except Refused as refused:
        raise Refused(f"entry {at} (determined) does not have this row: {refused}") from None
    if root.hex() != batch["rows_root"] or json.loads(written)["row"] != case["row"]:
        raise Refused(f"entry {at} (determined) does not have this row")


def in_force(told: Iterable[tuple[int, Told]]) -> dict[int, Told]:
    """Give the stop orders that entries, in their order, leave in force: what each says of its reach, by its entry.

    A lift names the entry of its order; one of an earlier version has the order's number alone, counted from 1.
    """
    stops: list[int] = []
    standing: dict[int, Told] = {}
    for at, one in told:
        body = one.get("body", {})
        if one["kind"] == "stop":
            stops.append(at)
            standing[at] = body
        elif one["kind"] == "lift" and body.get("act") == "lifted":
            number = body["order"]
            standing.pop(body.get("stop", stops[number - 1] if 0 < number <= len(stops) else None), None)
    return standing


def stopped_by(told: Iterable[tuple[int, Told]], own: dict[str, str]) -> int | None:
    """Give an entry whose stop order is in force after these and reaches what is ``own``, or None.

    As far as the entry says whom it reaches: a person and a statute stand in no entry in the clear.
    """
    for at, body in in_force(told).items():
        scope = body.get("scope")
        if scope == "everything" or (scope in own and body.get("reaches") == own[scope]):
            return at
    return None


def release(told: list[Told], evidence: Told) -> list[str]:
    """Check one release end to end; give a line for each step. Raises Refused naming the step that fails."""
    if evidence.get("format") != "counterseal-release-evidence/v1":
        raise Refused("this is no evidence of a release")
    case, end = evidence["case"], evidence["delivered"]
    said, before = stages(told, evidence)
    delivered = of(told, end, "delivered")["body"]
    start = delivered["intent"]
    intent = of(told, start, "intent")["body"]
    own = {"agency": delivered["agency"], "agreement": delivered["agreement"], "version": case["agreement"]["version"]}
    if intent["case"] != case_digest({**own, "file": hashlib.sha256(FILE + canonical(case)).hexdigest()}):
        raise Refused(f"entry {start} (intent) is for another case file")
    cases = opened(told, evidence["openings"], "case")
    approvals = {}
    for one in intent["approvals"]:
        at = one["entry"]
        signed = of(told, at, "signed")
        if not before < at < start or cases.get(at) != case["case"]:
            raise Refused(f"entry {at} (signed) is of another case, or not between the determination and the intent")
        enrolled = signed["body"]["enrolled"]
        if not isinstance(enrolled, int) or not 0 <= enrolled < at:
            raise Refused(f"entry {at} (signed): the key was not enrolled before")
        key = check_approval(signed, told[enrolled], intent["over"])
        if key != one["official"]:
            raise Refused(f"entry {at} (signed): the key is not the intent's")
        approvals[key] = (enrolled, told[enrolled]["body"]["role"])
        said.append(f"entry {at}  {signed['at']}  signed by key {key[:12]}, enrolled by entry {enrolled}")
    try:
        check_standing(approvals, standing(enumerate(told[:start])))
    except Refused as refused:
        raise Refused(f"entry {start} (intent): {refused}") from None
    stop = stopped_by(enumerate(told[:start]), {**own, "submission": case["submission"]})
    if stop is not None:
        raise Refused(f"entry {stop} (stop) was in force when the intent was made")
    if not start < end or delivered["over"] != intent["over"]:
        raise Refused(f"entry {end} (delivered) is over something else than its intent")
    for at in range(start + 1, end):
        body = told[at].get("body", {})
        lapsed = body.get("act") == "lapsed" and body.get("agency") == delivered["agency"]
        if told[at]["kind"] == "stop" or (told[at]["kind"] == "safeguards" and lapsed):
            raise Refused(f"entry {at} ({told[at]['kind']}) stands between the intent and the delivery")
    said.append(f"entry {start}  {told[start]['at']}  intent over {intent['over'][:12]}, a key of each role")
    said.append(f"entry {end}  {told[end]['at']}  delivered to {delivered['agency']} under {delivered['agreement']}")
    return said


def check(given: Namespace, head: Head, entries: list[bytes], _: Policy) -> tuple[str, str]:
    """Follow a release under a verified ledger; give its steps, or else what does not hold."""
    try:
        said = release([json.loads(entry) for entry in entries], json.loads(given.path.read_text("utf-8")))
    except Refused as refused:
        return "", str(refused)
    said.append(f"{head.origin}: {head.size} entries under a checkpoint that the policy accepts")
    return "\n".join(said), ""
