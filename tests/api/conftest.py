"""An office with two agencies, each with a signer's key and a program's key, and a program to call with."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.test_doors import served_here

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFICE = "Secretary of Homeland Security"
SIGNER = "Synthetic Signer"
SUBMISSION = "SYN-2026-0001"
VALID = (date(2026, 1, 1), date(2027, 12, 31))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Program:
    """An agency's program: calls the interface with a token of its own key, made anew for each call."""

    agency: str
    folder: Path
    audience: str
    key: int
    name: str = "client"
    claims: dict[str, Any] = field(default_factory=dict)

    def token(self, **claims: Any) -> str:
        from counterseal.vault.signing import read_signer

        signer = read_signer(self.folder / f"{self.name}.key")
        now = int(datetime.now(UTC).timestamp())
        told = {"iss": self.agency, "aud": self.audience, "iat": now, "exp": now + 120, "jti": uuid.uuid4().hex}
        header = {"alg": "EdDSA", "typ": "JWT", "kid": f"{signer.key.name}+{signer.key.id.hex()}"}
        parts = [encoded(json.dumps(part).encode()) for part in (header, told | self.claims | claims)]
        return ".".join([*parts, encoded(signer._private.sign(".".join(parts).encode()))])

    def call(self, method: str, path: str, body: object = None, *, token: str | None = None, **headers: str) -> Any:
        from django.test import Client

        given = {"Authorization": f"Bearer {token or self.token()}", "Idempotency-Key": uuid.uuid4().hex, **headers}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        client = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=True)
        return client.generic(method, f"/api/v1{path}", raw, content_type=kind, headers=given)

    def announce(self, folder: Path, **changes: Any) -> Any:
        manifest = json.loads((folder / "manifest.json").read_text())
        rows = (folder / manifest["rows"]).read_bytes()
        form = {"submission": manifest["submission"], "rows": manifest["rows"], "size": len(rows),
                "sha256": hashlib.sha256(rows).hexdigest()}  # fmt: skip
        return self.call("POST", "/uploads", form | changes)

    def piece(self, upload: str, offset: int, piece: bytes) -> Any:
        digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {"Upload-Offset": str(offset), "Content-Digest": f"sha-256=:{digest}:"}
        return self.call("PATCH", f"/uploads/{upload}/rows", piece, **headers)

    def complete(self, upload: str, submission: Path, **headers: str) -> Any:
        signature = submission / "manifest.json.sig"
        form = {"manifest": (submission / "manifest.json").read_text()}
        if signature.exists():
            form["signature"] = signature.read_text()
        return self.call("POST", f"/uploads/{upload}/completion", form, **headers)

    def send(self, submission: Path) -> str:
        upload = self.announce(submission).json()["id"]
        rows = (submission / json.loads((submission / "manifest.json").read_text())["rows"]).read_bytes()
        assert self.piece(upload, 0, rows).status_code == 200
        assert self.complete(upload, submission).status_code == 200
        return upload


@dataclass
class Agencies:
    """The office, its two agencies' programs, and a request that the first one signed."""

    office: Any
    ice: Program
    other: Program
    request: Path
    registry: Path


def register(office: Any, agency: str, folder: Path) -> Program:
    from counterseal.agency_wiring import new_key
    from counterseal.flow.register import confirm, propose_key
    from counterseal.store.registration import Kind

    folder.mkdir()
    numbers = {}
    for name, held in (("secretary", OFFICE), ("client", "")):
        vkey = new_key(f"{agency}.{name}", folder / f"{name}.key")
        line = propose_key(office, agency, vkey, signer=SIGNER if held else "program", office_held=held, valid=VALID,
                           memo=None, by="A. One")  # fmt: skip
        confirm(office, Kind.KEY, line.id, by="B. Two")
        numbers[name] = line.id
    return Program(agency, folder, office.ledger.origin, numbers["client"])


def signed_request(made_up: Path, to: Path, key: Path, **changes: Any) -> Path:
    from counterseal.agency_wiring import sign

    shutil.copytree(made_up / "request" / SUBMISSION, to)
    manifest = json.loads((to / "manifest.json").read_text())
    manifest |= {"signer": {"name": SIGNER, "office": OFFICE}, "requesting_agency": "ICE", **changes}
    (to / "manifest.json").write_text(json.dumps(manifest))
    sign(to, key)
    return to


@pytest.fixture
def agencies(tmp_path: Path, made_up: Path, empty_database: None) -> Iterator[Agencies]:
    from counterseal import wiring

    wiring.establish(tmp_path / "office", demonstration=True)
    from counterseal.flow.register import register_asker  # Django stands now

    with served_here(tmp_path / "office"):
        office = wiring.office()
        register_asker(office, "other", "Another Agency", [], by="A. One")
        ice, other = register(office, "ice", tmp_path / "ice"), register(office, "other", tmp_path / "other")
        asked = signed_request(made_up, tmp_path / "asked", tmp_path / "ice" / "secretary.key")
        yield Agencies(office, ice, other, asked, made_up / "registry")
