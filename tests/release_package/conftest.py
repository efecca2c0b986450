"""A ledger with one witness, an agency with officers, and a sealer's folder: everything a package needs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from tests.ledger.conftest import approve, clock, empty_database, entropy, log, office, unblocked  # noqa: F401
from tests.release_package.pki import BEGAN, KINDS, Authority, Officer

from counterseal.ledger.folder import LedgerFolder, prove_entry
from counterseal.ledger.intent import Approval, Release, intent_body
from counterseal.vault.keys import CUSTODIAN_KEYS, make_keys
from counterseal_verify import sealer
from counterseal_verify.verify import Policy

SHORT = {"line_1": "1 A ST", "line_2": "", "city": "ELY", "state": "NV", "zip": "89301"}
LONG = {
    "line_1": "14000 NORTH MARTIN LUTHER KING JUNIOR BOULEVARD", "line_2": "APARTMENT 2207 BUILDING C",
    "city": "RANCHO SANTA MARGARITA", "state": "CA", "zip": "92688-1234",
}  # fmt: skip
NOW = BEGAN.replace(microsecond=0) + (datetime.now(BEGAN.tzinfo) - BEGAN)


def answer_of(address: dict[str, str]) -> bytes:
    told = {"mailing_address": address, "request_ref": "R-1", "salt": "5" * 64, "v": 1}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


@dataclass
class Bench:
    """Seals and opens in this process; ``log`` is a real ledger."""

    log: object
    folder: Path
    policy: str
    authority: Authority
    officers: dict[str, Officer]
    custodian: str

    @property
    def custody(self) -> sealer.Custody:
        return sealer.Custody(self.folder / "agencies", self.folder / "agreements", self.folder / "custodian.ed25519")

    def request(self, address: dict[str, str], officers: Sequence[Officer]) -> dict[str, object]:
        """Two people approve the answer, the intent stands in the ledger, and the gateway asks."""
        answer = answer_of(address)
        certificates = [one.der for one in officers]
        release = Release(
            "c" * 64, hashlib.sha256(answer).hexdigest(), tuple(hashlib.sha256(one).hexdigest() for one in certificates)
        )
        approvals = []
        for official in ("a" * 64, "b" * 64):
            approve(self.log, release, official, "evidence")
            approvals.append(Approval(official, release.digest, self.log.size_and_root()[0] - 1))
        from counterseal.store.submissions import one_act

        with one_act():
            self.log.lock()
            index = self.log.append("intent", intent_body(release, approvals, self.log.size_and_root()[0]))
        self.log.publish()
        return {
            "case": release.case,
            "answer": release.answer,
            "recipients": [base64.b64encode(one).decode() for one in certificates],
            "entry": base64.b64encode(self.log.entry(index)).decode(),
            "receipt": str(prove_entry(LedgerFolder(self.log.folder), index)),
            "agency": "an-agency",
            "agreement": "an-agreement",
        }

    def seal(self, address: dict[str, str], *officers: Officer, at: datetime = NOW) -> bytes:
        request = self.request(address, officers)
        sealer.check(request, Policy(self.policy), self.log.folder)
        return sealer.seal(answer_of(address), request, self.policy, self.custody, at)


@pytest.fixture
def bench(log, tmp_path: Path) -> Bench:  # noqa: F811
    authority = Authority()
    (tmp_path / "agencies").mkdir()
    (tmp_path / "agreements" / "an-agreement").mkdir(parents=True)
    (tmp_path / "agencies" / "an-agency.pem").write_bytes(authority.pem)
    (tmp_path / "agreements" / "an-agreement" / "conditions.txt").write_text("# Heading\nOnly for the case named.\n")
    (custodian,) = make_keys(tmp_path, "custodian.example", CUSTODIAN_KEYS, os.urandom)
    policy = f"log {log._signers[0].key}\nquorum none\n"
    (tmp_path / "policy").write_text(policy)
    officers = {kind: authority.issue(f"Officer {kind}", kind) for kind in KINDS}
    return Bench(log, tmp_path, policy, authority, officers, str(custodian.key))
