"""The sealer: the one process that turns an answer into a package, and it trusts nothing but the proof.

It runs as its own user. It has no database, no key of the log, and no line of the program that asks it. It is told the
digests of the case file and the answer, who asked under which agreement, the recipients' certificates, the intent entry
and its receipt. It checks the receipt by the policy, recomputes what was approved, finds a specialist and a releasing
official, asks the witnesses how far the ledger has grown, reads it for a stop in force or after the intent, checks
every certificate's path up to the agency's own roots, and only then opens the answer's file, which may hold the allowed
elements and no other.

Exit 0 with the package written; exit 1 with one line that says why not. The package carries its proof.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM1024PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM1024P384PublicKey, Suite

from counterseal_verify.approvals import check_approval, check_standing, standing
from counterseal_verify.certificate import check_path
from counterseal_verify.envelope import envelop
from counterseal_verify.newest import Ask, ask, newest_witnessed
from counterseal_verify.package import ANSWER_ROOM, approved_digest, canonical, case_digest, check_answer, note_of
from counterseal_verify.release import stopped_by
from counterseal_verify.verify import LOG, Head, Key, Policy, Refused, entries_from, leaf, receipt

GATEWAY = b"counterseal/gateway/v1\0"
SUITE = Suite(KEM.MLKEM1024_P384, KDF.HKDF_SHA384, AEAD.AES_256_GCM)
ML_KEM_LENGTH = 1568
STOP, LIFT = b'"kind":"stop"', b'"kind":"lift"'
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)


TRIES, PAUSE = 10, 0.2
"""How often, and seconds apart, the ledger is read again: it may be taking its witnesses' lines down just now."""


def check(request: dict[str, Any], trusted: str, ledger: Path, told: Ask = ask) -> None:
    """Hold the request against the proof, by the policy ``trusted``. Raises Refused with the reason.

    ``told`` asks a witness at an address for its newest checkpoint.
    """
    policy = Policy(trusted)
    entry = base64.b64decode(request["entry"], validate=True)
    head, index = receipt(request["receipt"], leaf(entry), policy)
    intent = json.loads(entry)
    if intent["kind"] != "intent":
        raise Refused("the entry is not an intent")
    keys = [base64.b64decode(key, validate=True) for key in request["recipients"]]
    recipients = [hashlib.sha256(key).hexdigest() for key in keys]
    if not recipients or len(set(recipients)) < len(recipients):
        raise Refused("no recipient, or one twice")
    case = case_digest(request)
    if intent["body"]["over"] != approved_digest(case, request["answer"], recipients):
        raise Refused("the intent is for another case, answer or recipient")
    newest = _grown_to(newest_witnessed(trusted, head.origin, told), policy, ledger)
    if newest.origin != head.origin or newest.size < head.size:
        raise Refused("the ledger is older than the receipt")
    _, entries = entries_from(ledger, newest, 0)
    if entries[index] != entry:
        raise Refused("the ledger holds another entry in the intent's place")
    _check_approvals(intent, index, entries)
    if _stopped(entries[:index], request):
        raise Refused("a stop order was in force before the intent")
    since = [json.loads(later) for later in entries[index + 1 :]]
    if any(later["kind"] == "stop" for later in since):
        raise Refused("a stop order came after the intent; the intent must be made anew")
    if any(later["kind"] == "safeguards" and _lapsed(later, request["agency"]) for later in since):
        raise Refused("the agency's safeguards lapsed after the intent")


def _grown_to(size: int, policy: Policy, ledger: Path) -> Head:
    """Give the ledger's head, which must have at least the ``size`` that a witness has cosigned."""
    for last in (*[False] * (TRIES - 1), True):
        try:
            newest = policy.accept((ledger / "checkpoint").read_bytes().decode())
            if newest.size >= size:
                return newest
        except Refused:
            if last:
                raise
        time.sleep(0 if last else PAUSE)
    raise Refused("a witness has cosigned a larger ledger: this one is older")


def _lapsed(entry: dict[str, Any], agency: str) -> bool:
    body = entry.get("body", {})
    return bool(body.get("act") == "lapsed" and body.get("agency") == agency)


def _stopped(before: list[bytes], request: dict[str, Any]) -> bool:
    """Tell whether an order in force reaches the agency or the agreement, or everything."""
    orders = ((at, json.loads(line)) for at, line in enumerate(before) if STOP in line or LIFT in line)
    return stopped_by(orders, {name: str(request[name]) for name in ("agency", "agreement")}) is not None


def _check_approvals(intent: dict[str, Any], index: int, entries: list[bytes]) -> None:
    """A specialist's and a releasing official's approval, each an entry before the intent, over this digest.

    Each signature is verified here, with the key that its enrolment entered before it; nothing has ended that key or
    given its holder another role between that enrolment and the intent.
    """
    over = intent["body"]["over"]
    held = standing((at, json.loads(line)) for at, line in enumerate(entries[:index]) if b'"act":"key' in line)
    approvals = {}
    for one in intent["body"]["approvals"]:
        if not 0 <= one["entry"] < index:
            raise Refused("an approval does not stand before the intent")
        signed = json.loads(entries[one["entry"]])
        at = signed.get("body", {}).get("enrolled")
        if not isinstance(at, int) or not 0 <= at < one["entry"]:
            raise Refused("an approval's key was never enrolled for signing")
        enrolment = json.loads(entries[at])
        key = check_approval(signed, enrolment, over)
        if key != one["official"]:
            raise Refused("an approval is not what the intent says")
        approvals[key] = (at, enrolment["body"]["role"])
    check_standing(approvals, held)


def public_key(raw: bytes) -> MLKEM1024P384PublicKey:
    """Read a gateway's key: ML-KEM-1024's 1,568 bytes, then the uncompressed point of P-384."""
    point = EllipticCurvePublicKey.from_encoded_point(SECP384R1(), raw[ML_KEM_LENGTH:])
    return MLKEM1024P384PublicKey(MLKEM1024PublicKey.from_public_bytes(raw[:ML_KEM_LENGTH]), point)


def fetch(answers: Path, wanted: str) -> bytes:
    """Open the one answer of that digest: the last thing that is done before sealing."""
    if len(wanted) != 64 or not set(wanted) <= set("0123456789abcdef"):
        raise Refused("the answer is not named by its digest")
    answer = (answers / wanted).read_bytes()
    if hashlib.sha256(answer).hexdigest() != wanted:
        raise Refused("the answer's file is not the answer that was approved")
    check_answer(answer)
    if len(answer) > ANSWER_ROOM or answer.endswith(b" "):
        raise Refused("the answer does not fit its room")
    return answer


@dataclass(frozen=True)
class Custody:
    """What the sealer itself holds and takes from nobody: the agencies' roots, the conditions, its own key."""

    agencies: Path
    agreements: Path
    custodian: Path

    def roots(self, agency: str) -> bytes:
        """Give an agency's authorities in PEM. Raises Refused when none are registered."""
        path = self.agencies / f"{_name(agency)}.pem"
        if not path.is_file():
            raise Refused("no root is registered for the agency")
        return path.read_bytes()

    def gateway(self, agency: str) -> bytes | None:
        """Give an agency's gateway key, where it has one."""
        path = self.agencies / f"{_name(agency)}.gateway"
        return base64.b64decode(path.read_bytes().strip(), validate=True) if path.is_file() else None

    def conditions(self, agreement: str, version: str) -> list[str]:
        """Give the conditions of use under a version of an agreement. Raises Refused when there are none.

        A later version's lie in ``versions/<version>/``; where there are versions, the first one is known by what its
        document says of itself.
        """
        folder = self.agreements / _name(agreement)
        if (folder / "versions").is_dir():
            later, first = folder / "versions" / _name(version), folder / "agreement.md"
            said = first.read_text(encoding="utf-8").splitlines()[:40] if first.is_file() else []
            folder = folder if f'version = "{version}"' in said else later
        path = folder / "conditions.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        conditions = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not conditions:
            raise Refused("the agreement has no conditions of use")
        return conditions

    def sign(self, text: str) -> bytes:
        """Sign a note's text with the custodian's key; give the whole note."""
        if self.custodian.stat().st_mode & 0o077:
            raise Refused("others than its owner may read the custodian's key")
        vkey, seed = self.custodian.read_text(encoding="utf-8").splitlines()
        key, private = Key.read(vkey), Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        if key.type != LOG or private.public_key().public_bytes_raw() != key.raw:
            raise Refused("the custodian's key is not sound")
        signature = base64.b64encode(key.id + private.sign(text.encode())).decode()
        return f"{text}\n\u2014 {key.name} {signature}\n".encode()


def _name(told: str) -> str:
    if not NAME.fullmatch(told):
        raise Refused("an agency, an agreement and its version are named by one word")
    return told


def seal(answer: bytes, request: dict[str, Any], policy: str, custody: Custody, at: datetime) -> bytes:
    """Make the package of an answer. ``at`` is the moment at which the certificates' paths must hold.

    Raises Refused for a certificate that does not lead to a root of the agency, or a key that nothing seals to.
    """
    certificates = [base64.b64decode(one, validate=True) for one in request["recipients"]]
    roots = custody.roots(str(request["agency"]))
    for certificate in certificates:
        check_path(certificate, roots, at)
    proof = {"entry": request["entry"], "receipt": request["receipt"]}
    content = {
        **proof,
        "agreement": str(request["agreement"]),
        "answer": base64.b64encode(answer.ljust(ANSWER_ROOM)).decode(),
        "case": case_digest(request),
        "conditions": custody.conditions(str(request["agreement"]), str(request["version"])),
        "policy": hashlib.sha256(policy.encode()).hexdigest(),
        "recipients": sorted(hashlib.sha256(one).hexdigest() for one in certificates),
        "sealed_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    sealed, package = envelop(custody.sign(note_of(content)), certificates), {"v": 2, **proof}
    gateway = custody.gateway(str(request["agency"]))
    if gateway is not None:
        sealed = SUITE.encrypt(sealed, public_key(gateway), info=GATEWAY)
        package["gateway"] = hashlib.sha256(gateway).hexdigest()
    return canonical({**package, "sealed": base64.b64encode(sealed).decode()}).encode()


def write(path: Path, content: bytes) -> None:
    """Write the package whole and durably, or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:  # what a process of this number left behind when it was killed is no use
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_policy(path: Path) -> str:
    """Read the sealer's own policy. Raises Refused for one that asks no witness: a reader may go by that alone."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")  # what is beyond ASCII is opaque there
    if Policy(text).met(set()):
        raise Refused("the policy asks for no witness")
    return text


def main(arguments: list[str] | None = None) -> int:
    """Run the sealer on one request from standard input."""
    parser = argparse.ArgumentParser(prog="counterseal-sealer")
    for name in ("--policy", "--ledger", "--answers", "--agencies", "--agreements", "--custodian", "--out"):
        parser.add_argument(name, type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        request = json.loads(sys.stdin.buffer.read())
        policy = read_policy(given.policy)
        check(request, policy, given.ledger)
        custody = Custody(given.agencies, given.agreements, given.custodian)
        answer = fetch(given.answers, str(request["answer"]))
        write(given.out, seal(answer, request, policy, custody, datetime.now(UTC)))
    except Refused as refused:
        print(f"REFUSED: {refused}", file=sys.stderr)  # noqa: T201
        return 1
    except Exception as wrong:  # noqa: BLE001 - whatever goes wrong, nothing leaves; its text may hold the answer
        print(f"REFUSED: the request cannot be checked ({type(wrong).__name__})", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
