"""The sealer: the one process that turns an answer into a package, and it trusts nothing but the proof.

It runs as its own user. It has no database, no key of the log, and no line of the program that asks it. It
is told the case, the answer's digest, the recipients' keys, the intent entry and its receipt. It checks
the receipt by the policy, recomputes what was approved, counts two different people, reads the newest
witnessed ledger for a stop after the intent, and only then opens the answer's file.

Exit 0 with the package written; exit 1 with one line that says why not. The package carries its proof.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM1024PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM1024P384PublicKey, Suite

from counterseal_verify.verify import Policy, Refused, entries_from, leaf, receipt

CONTEXT = b"counterseal/release/v1\0"
SUITE = Suite(KEM.MLKEM1024_P384, KDF.HKDF_SHA384, AEAD.AES_256_GCM)
ML_KEM_LENGTH = 1568


def approved_digest(case: str, answer: str, recipients: list[str]) -> str:
    """Recompute what both officials signed. The three are ASCII, so this is its canonical JSON."""
    whole = {"answer": answer, "case": case, "recipients": sorted(recipients)}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(CONTEXT + text.encode()).hexdigest()


def check(request: dict[str, Any], policy: Policy, ledger: Path) -> None:
    """Hold the request against the proof. Raises Refused with the reason."""
    entry = base64.b64decode(request["entry"], validate=True)
    head, index = receipt(request["receipt"], leaf(entry), policy)
    intent = json.loads(entry)
    if intent["kind"] != "intent":
        raise Refused("the entry is not an intent")
    keys = [base64.b64decode(key, validate=True) for key in request["recipients"]]
    recipients = [hashlib.sha256(key).hexdigest() for key in keys]
    if not recipients or len(set(recipients)) < len(recipients):
        raise Refused("no recipient, or one twice")
    if intent["body"]["over"] != approved_digest(request["case"], request["answer"], recipients):
        raise Refused("the intent is for another case, answer or recipient")
    newest = policy.accept((ledger / "checkpoint").read_text(encoding="utf-8"))
    if newest.origin != head.origin or newest.size < head.size:
        raise Refused("the ledger is older than the receipt")
    first, following = entries_from(ledger, newest, _first_needed(intent, index))
    if following[index - first] != entry:
        raise Refused("the ledger holds another entry in the intent's place")
    _check_approvals(intent, index, first, following)
    if any(json.loads(later)["kind"] == "stop" for later in following[index - first + 1 :]):
        raise Refused("a stop order came after the intent; the intent must be made anew")


def _first_needed(intent: dict[str, Any], index: int) -> int:
    return min([index, *(int(one["entry"]) for one in intent["body"]["approvals"])])


def _check_approvals(intent: dict[str, Any], index: int, first: int, following: list[bytes]) -> None:
    """Two different officials, each with an entry of their own before the intent, over this digest."""
    people = set()
    for one in intent["body"]["approvals"]:
        if not first <= one["entry"] < index:
            raise Refused("an approval does not stand before the intent")
        signed = json.loads(following[one["entry"] - first])
        body = signed.get("body", {})
        if signed["kind"] != "signed" or (body.get("official"), body.get("over")) != (
            one["official"],
            intent["body"]["over"],
        ):
            raise Refused("an approval is not what the intent says")
        people.add(one["official"])
    if len(people) < 2:
        raise Refused("fewer than two people approved")


def public_key(raw: bytes) -> MLKEM1024P384PublicKey:
    """Read a recipient's key: ML-KEM-1024's 1,568 bytes, then the uncompressed point of P-384."""
    point = EllipticCurvePublicKey.from_encoded_point(SECP384R1(), raw[ML_KEM_LENGTH:])
    return MLKEM1024P384PublicKey(MLKEM1024PublicKey.from_public_bytes(raw[:ML_KEM_LENGTH]), point)


def fetch(answers: Path, wanted: str) -> bytes:
    """Open the one answer of that digest: the last thing that is done before sealing."""
    if len(wanted) != 64 or not set(wanted) <= set("0123456789abcdef"):
        raise Refused("the answer is not named by its digest")
    answer = (answers / wanted).read_bytes()
    if hashlib.sha256(answer).hexdigest() != wanted:
        raise Refused("the answer's file is not the answer that was approved")
    return answer


def seal(answer: bytes, request: dict[str, Any], over: str) -> bytes:
    """Seal the answer to each recipient (HPKE, RFC 9180, with ML-KEM-1024 and P-384) beside its proof."""
    sealed = []
    for key in request["recipients"]:
        raw = base64.b64decode(key)
        box = SUITE.encrypt(answer, public_key(raw), info=CONTEXT + over.encode())
        sealed.append({"recipient": hashlib.sha256(raw).hexdigest(), "box": base64.b64encode(box).decode()})
    package = {"v": 1, "entry": request["entry"], "receipt": request["receipt"], "over": over, "sealed": sealed}
    return json.dumps(package, sort_keys=True).encode()


def write(path: Path, content: bytes) -> None:
    """Write the package whole and durably, or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def main(arguments: list[str] | None = None) -> int:
    """Run the sealer on one request from standard input."""
    parser = argparse.ArgumentParser(prog="counterseal-sealer")
    for name in ("--policy", "--ledger", "--answers", "--out"):
        parser.add_argument(name, type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        request = json.loads(sys.stdin.buffer.read())
        check(request, Policy(given.policy.read_text(encoding="utf-8")), given.ledger)
        answer = fetch(given.answers, str(request["answer"]))
        over = json.loads(base64.b64decode(request["entry"]))["body"]["over"]
        write(given.out, seal(answer, request, over))
    except Refused as refused:
        print(f"REFUSED: {refused}", file=sys.stderr)  # noqa: T201
        return 1
    except Exception as wrong:  # noqa: BLE001 - whatever goes wrong, nothing leaves; its text may hold the answer
        print(f"REFUSED: the request cannot be checked ({type(wrong).__name__})", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
