"""A client of the agency interface, typed: from a signed folder to an acknowledged package.

It knows nothing of the office. A call shows who makes it by a token of a registered program's key (JWT, EdDSA,
RFC 8037), new for every call; an act bears an Idempotency-Key, so that it may be sent again after a cut.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterseal_client.forms import Acknowledged, Answer, Attempt, Order, Package, Submission, Upload

__all__ = [
    "Acknowledged", "Answer", "Attempt", "Client", "Order", "Package", "ProblemError", "ProgramKey", "Submission",
    "Upload",
]  # fmt: skip
LIFE = 120
"""Seconds that a token is good for; the interface allows 300."""


class ProblemError(Exception):
    """What the interface refused (RFC 9457). ``code`` is stable; nothing of a person stands in it."""

    def __init__(self, status: int, told: dict[str, Any]) -> None:
        self.status = status
        self.code, self.title = str(told.get("code", "")), str(told.get("title", f"status {status}"))
        self.next_step, self.where = str(told.get("next_step", "")), str(told.get("where", ""))
        super().__init__(f"{self.title} [{self.code or status}]")


@dataclass(frozen=True, slots=True)
class ProgramKey:
    """A program's key. ``id`` is the first two parts of its verifier key."""

    id: str
    private: Ed25519PrivateKey

    @classmethod
    def read(cls, path: Path) -> ProgramKey:
        """Read the file that ``counterseal agency new-key`` wrote. Raises OSError or ValueError."""
        vkey, seed = path.read_text(encoding="utf-8").splitlines()
        name, number, _ = vkey.split("+", 2)
        return cls(f"{name}+{number}", Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))

    def token(self, agency: str, audience: str, now: float, once: str) -> str:
        """Make a token for one call."""
        head = {"alg": "EdDSA", "typ": "JWT", "kid": self.id}
        body = {"iss": agency, "aud": audience, "iat": int(now), "exp": int(now) + LIFE, "jti": once}
        text = ".".join(_url64(json.dumps(part).encode()) for part in (head, body))
        return f"{text}.{_url64(self.private.sign(text.encode()))}"


class Client:
    """An agency's calls. ``http`` bears the custodian's address as its base and is the caller's to close.

    Every method raises ProblemError for what the interface refuses and httpx.HTTPError for what never reached it.
    """

    def __init__(
        self,
        http: httpx.Client,
        agency: str,
        key: ProgramKey,
        *,
        now: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._http, self._agency, self._key, self._now, self._entropy = http, agency, key, now, entropy
        about = self._answer(http.get("/api/v1/about")).json()
        self._audience, self._piece = str(about["audience"]), int(about["largest_piece"])

    def custodian_key(self) -> str:
        """Give the custodian's verifier key, to be held against the one that came over another channel."""
        return self._answer(self._http.get("/api/v1/custodian.vkey")).text.strip()

    def submit(self, folder: Path, *, cures: str = "") -> Upload:
        """Send a signed folder whole: rows in pieces, then manifest and signature. ``cures``: what it mends.

        Raises OSError when a file is missing.
        """
        manifest = (folder / "manifest.json").read_bytes()
        told = json.loads(manifest)
        rows = folder / told["rows"]
        with rows.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        form = {"submission": told["submission"], "rows": told["rows"], "size": rows.stat().st_size, "sha256": digest}
        upload = Upload.read(self._act("POST", "/uploads", form | ({"cures": cures} if cures else {})))
        self.send_rows(upload, rows)
        signature = folder / "manifest.json.sig"
        whole = {"manifest": manifest.decode()}
        if signature.exists():
            whole["signature"] = signature.read_text(encoding="utf-8")
        return Upload.read(self._act("POST", f"/uploads/{upload.id}/completion", whole))

    def send_rows(self, upload: Upload, rows: Path) -> Upload:
        """Send what is missing of the rows file, from where the interface says; so also after a cut."""
        with rows.open("rb") as file:
            file.seek(upload.offset)
            while piece := file.read(self._piece):
                digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
                headers = {"Upload-Offset": str(upload.offset), "Content-Digest": f"sha-256=:{digest}:",
                           "Content-Type": "application/octet-stream"}  # fmt: skip
                answer = self._send("PATCH", f"/uploads/{upload.id}/rows", content=piece, headers=headers)
                upload = Upload.read(answer.json())
        return upload

    def upload(self, number: str) -> Upload:
        """Ask how far an upload has come."""
        return Upload.read(self._send("GET", f"/uploads/{number}").json())

    def submissions(self) -> list[Submission]:
        """Give one's own submissions, the newest first."""
        return [Submission.read(one) for one in self._send("GET", "/submissions").json()]

    def submission(self, name: str) -> Submission:
        """Give the status of one."""
        return Submission.read(self._send("GET", f"/submissions/{name}").json())

    def withdraw(self, name: str) -> Submission:
        """Withdraw one; that cannot be undone."""
        return Submission.read(self._act("PATCH", f"/submissions/{name}", {"desired_status": "withdrawn"}))

    def response(self, name: str) -> Iterator[Answer]:
        """Give the response, a line a row in file order."""
        lines = self._send("GET", f"/submissions/{name}/response").content.splitlines()
        return (Answer.read(json.loads(line)) for line in lines)

    def notice(self, name: str) -> bytes:
        """Give the return letter, a PDF."""
        return self._send("GET", f"/submissions/{name}/notice").content

    def history(self, name: str, row: int) -> list[Attempt]:
        """Give every attempt under a row's reference."""
        return [Attempt.read(one) for one in self._send("GET", f"/submissions/{name}/rows/{row}/history").json()]

    def packages(self, name: str) -> list[Package]:
        """Give the sealed answers of an answered submission."""
        return [Package.read(one) for one in self._send("GET", f"/submissions/{name}/packages").json()]

    def package(self, name: str, package: Package) -> bytes:
        """Fetch one, as it was sealed. Raises ValueError when the bytes are not those of the list."""
        content = self._send("GET", f"/submissions/{name}/packages/{package.row}").content
        if hashlib.sha256(content).hexdigest() != package.sha256:
            raise ValueError(f"row {package.row}: these are not the bytes of the package")
        return content

    def acknowledge(self, name: str, row: int, document: bytes) -> Acknowledged:
        """Send what ``counterseal open`` wrote and the officer signed."""
        form = {"acknowledgement": document.decode()}
        return Acknowledged.read(self._act("POST", f"/submissions/{name}/packages/{row}/acknowledgement", form))

    def certify(self, name: str, row: int, document: bytes) -> Acknowledged:
        """Send what ``counterseal-open certify`` wrote: a certificate of use, return or destruction."""
        form = {"certificate": document.decode()}
        return Acknowledged.read(self._act("POST", f"/submissions/{name}/packages/{row}/certificate", form))

    def orders(self) -> list[Order]:
        """Give the orders that are open to the agency's officers, the one that is due first first."""
        return [Order.read(one) for one in self._send("GET", "/orders").json()]

    def order(self, number: int) -> bytes:
        """Fetch the document of an order, which its officer verifies and answers."""
        return self._send("GET", f"/orders/{number}").content

    def answer_order(self, number: int, document: bytes) -> Acknowledged:
        """Send what ``counterseal-open answer-order`` wrote and the officer signed."""
        return Acknowledged.read(self._act("POST", f"/orders/{number}/answer", {"answer": document.decode()}))

    def _act(self, method: str, path: str, form: dict[str, Any]) -> dict[str, Any]:
        headers = {"Idempotency-Key": self._entropy(16).hex()}
        told: dict[str, Any] = self._send(method, path, json=form, headers=headers).json()
        return told

    def _send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        token = self._key.token(self._agency, self._audience, self._now(), self._entropy(16).hex())
        shown = {**(headers or {}), "Authorization": f"Bearer {token}"}
        return self._answer(self._http.request(method, f"/api/v1{path}", headers=shown, **body))

    @staticmethod
    def _answer(response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        try:
            told = response.json()
        except ValueError:
            told = {}
        raise ProblemError(response.status_code, told if isinstance(told, dict) else {})


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
