"""A ledger with one witness, an agency with officers, and a sealer's folder: everything a package needs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import pytest
from tests.flow.casework import AtWork, copy_office, put_to_work
from tests.ledger.conftest import approve, clock, empty_database, enrol, entropy, log, office, unblocked  # noqa: F401
from tests.ledger.test_release import sealers_folder
from tests.release_package.pki import BEGAN, KINDS, Authority, Officer

from counterseal.ledger.folder import LedgerFolder, prove_entry
from counterseal.ledger.intent import Release, Reviewed, intent_body
from counterseal_verify import sealer

SHORT = {"line_1": "1 A ST", "line_2": "", "city": "ELY", "state": "NV", "zip": "89301"}
LONG = {
    "line_1": "14000 NORTH MARTIN LUTHER KING JUNIOR BOULEVARD", "line_2": "APARTMENT 2207 BUILDING C",
    "city": "RANCHO SANTA MARGARITA", "state": "CA", "zip": "92688-1234",
}  # fmt: skip
NOW = BEGAN.replace(microsecond=0) + (datetime.now(BEGAN.tzinfo) - BEGAN)


def answer_of(address: dict[str, str]) -> bytes:
    told = {"mailing_address": address, "request_ref": "R-1", "salt": "5" * 64, "v": 1}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


@pytest.fixture
def at_work(tmp_path: Path, office_that_ran: Path) -> AtWork:
    """An office at work whose people are entered anew: its officers' certificates are of the test's own authority."""
    return put_to_work(copy_office(office_that_ran, tmp_path / "office"))


@dataclass
class Bench:
    """Seals and opens in this process; ``log`` is a real ledger."""

    log: object
    folder: Path
    policy: str
    authority: Authority
    officers: dict[str, Officer]
    custodian: str
    custody: sealer.Custody

    def request(self, address: dict[str, str], officers: Sequence[Officer]) -> dict[str, object]:
        """Two people approve the answer, the intent stands in the ledger, and the gateway asks."""
        answer = answer_of(address)
        certificates = [one.der for one in officers]
        reviewed = Reviewed("c" * 64, "an-agency", "an-agreement", "1.0.0")
        release = Release(
            reviewed.digest,
            hashlib.sha256(answer).hexdigest(),
            tuple(hashlib.sha256(one).hexdigest() for one in certificates),
        )
        enrol(self.log, {"ann": "specialist", "ben": "releasing"})
        approvals = [approve(self.log, release, name) for name in ("ann", "ben")]
        from counterseal.store.submissions import one_act

        with one_act():
            self.log.lock()
            index = self.log.append("intent", intent_body(release, approvals, self.log.size_and_root()[0]))
        self.log.publish()
        return {
            **asdict(reviewed),
            "answer": release.answer,
            "recipients": [base64.b64encode(one).decode() for one in certificates],
            "entry": base64.b64encode(self.log.entry(index)).decode(),
            "receipt": str(prove_entry(LedgerFolder(self.log.folder), index)),
        }

    def seal(self, address: dict[str, str], *officers: Officer, at: datetime = NOW) -> bytes:
        request = self.request(address, officers)
        sealer.check(request, self.policy, self.log.folder)
        return sealer.seal(answer_of(address), request, self.policy, self.custody, at)


@pytest.fixture
def bench(log, tmp_path: Path) -> Bench:  # noqa: F811
    authority = Authority()
    custody = sealers_folder(tmp_path, authority)
    policy = f"log {log._signers[0].key}\nquorum none\n"
    (tmp_path / "policy").write_text(policy)
    officers = {kind: authority.issue(f"Officer {kind}", kind) for kind in KINDS}
    return Bench(log, tmp_path, policy, authority, officers, custody.custodian.read_text().split()[0], custody)


@pytest.fixture(scope="session")
def token_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SoftHSM reads its configuration once a process: one folder for all of a session's tokens."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    words = ["softhsm2-util", "--init-token", "--free", "--label", "officer", "--pin", "1234", "--so-pin", "1234"]
    subprocess.run(words, check=True, capture_output=True)
    return folder


@pytest.fixture
def in_token(token_folder: Path, tmp_path: Path) -> Callable[[Officer], Path]:
    """Put an officer's key and certificate into the token; give the token's library."""
    library = next(Path("/usr/lib").glob("**/libsofthsm2.so"))

    def put(officer: Officer) -> Path:
        import pkcs11

        name = hashlib.sha256(officer.der).hexdigest()[:8]
        (tmp_path / "key.pem").write_bytes(officer.key_pem())
        words = ["softhsm2-util", "--import", str(tmp_path / "key.pem"), "--token", "officer", "--pin", "1234"]
        subprocess.run([*words, "--label", name, "--id", name], check=True, capture_output=True)
        token = pkcs11.lib(str(library)).get_token(token_label="officer")  # noqa: S106
        with token.open(user_pin="1234", rw=True) as session:
            key = next(
                session.get_objects(
                    {pkcs11.Attribute.LABEL: name, pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
                )
            )
            if key[pkcs11.Attribute.KEY_TYPE] == pkcs11.KeyType.EC:
                key[pkcs11.Attribute.DERIVE] = True  # an imported key may not, until it is told
            session.create_object({
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                pkcs11.Attribute.SUBJECT: officer.certificate.subject.public_bytes(),
                pkcs11.Attribute.VALUE: officer.der,
                pkcs11.Attribute.ID: bytes.fromhex(name),
                pkcs11.Attribute.TOKEN: True,
            })  # fmt: skip
        return library

    return put
