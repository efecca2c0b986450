"""A request that does not come from whom it says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.core.agency import RegisteredKey
from counterseal.errors import CountersealError
from counterseal.flow.authenticate import authenticate, sign_manifest, signed_text
from counterseal.intake import read_manifest
from counterseal.ledger.note import ED25519
from counterseal.vault.keys import make_keys

TODAY = date(2026, 11, 23)
MANIFEST = {
    "submission": "S-1", "agreement": "irs-ice-2025", "requesting_agency": "ICE",
    "signer": {"name": "A. Signer", "office": "Secretary of Homeland Security"}, "signed_on": "2026-11-20",
    "requested_elements": ["mailing_address"], "attestation": "sole-use", "rows": "rows.csv", "row_count": 1,
    "sha256": "0" * 64,
}  # fmt: skip


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory):
    """A manifest, a signature on it, the register's line, and the key's file."""
    folder = tmp_path_factory.mktemp("signed")
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    (signer,) = make_keys(folder, "ice.secretary", {"secretary.ed25519": ED25519}, lambda n: bytes(range(n)))
    line = RegisteredKey(
        1, "ice", str(signer.key), "A. Signer", "Secretary of Homeland Security", date(2026, 1, 1), date(2026, 12, 31),
        memo_sha256="", confirmed=True, ended_at=None,
    )  # fmt: skip
    manifest = read_manifest(folder)
    return manifest, sign_manifest(manifest, folder / "secretary.ed25519").encode(), line, folder


def code_of(manifest, signature: bytes, agency: str, register: list[RegisteredKey], today: date = TODAY) -> str:
    try:
        authenticate(manifest, signature, agency, register, today)
    except CountersealError as error:
        return "a name in the error" if "A. Signer" in str(error) else error.code
    return "taken"


def test_a_sound_signature_is_refused(signed):
    manifest, signature, line, _ = signed
    assert code_of(manifest, signature, "ice", [line]) == "taken"
    assert code_of(manifest, signature, "ice", [replace(line, office="secretary of  homeland security")]) == "taken"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ended_at": datetime(2026, 11, 22, tzinfo=UTC)}, "key-ended"),
        ({"confirmed": False}, "key-unconfirmed"),
        ({"valid_from": date(2026, 11, 21)}, "key-not-yet-valid"),
        ({"valid_to": date(2026, 11, 22)}, "key-expired"),
        ({"office": "Acting Secretary of Homeland Security"}, "memo-missing"),
        ({"signer": "B. Signer"}, "signer-differs"),
        ({"office": "Assistant Director"}, "office-differs"),
        ({"office": ""}, "key-unregistered"),
        ({"agency": "somebody-else"}, "key-unregistered"),
    ],
)
def test_a_key_that_does_not_count(signed, change: dict, code: str):
    """A key counts only in its time, for its agency, and for the person and the office it was registered for."""
    manifest, signature, line, _ = signed
    assert code_of(manifest, signature, "ice", [replace(line, **change)]) == code


def test_the_last_and_the_first_day(signed):
    manifest, signature, line, _ = signed
    exact = replace(line, valid_from=manifest.signed_on, valid_to=TODAY)
    assert code_of(manifest, signature, "ice", [exact]) == "taken"
    assert code_of(manifest, signature, "ice", [exact], date(2026, 11, 24)) == "key-expired"


def test_an_acting_official_with_a_memorandum(signed):
    """The memorandum on file lets the acting official sign as such; that the rules then ask counsel is another matter."""
    manifest, signature, line, _ = signed
    office = "Acting Secretary of Homeland Security"
    acting = replace(line, office=office, memo_sha256="a" * 64)
    named = replace(manifest, signer=replace(manifest.signer, office=office))
    assert code_of(named, signature, "ice", [acting]) == "taken"
    assert code_of(manifest, signature, "ice", [acting]) == "office-differs"


def test_a_manifest_that_was_changed_after_it_was_signed(signed, tmp_path: Path):
    """One byte of the manifest, even a space, is another manifest."""
    _, signature, line, folder = signed
    for changed in (
        (folder / "manifest.json").read_text() + "\n",
        json.dumps({**MANIFEST, "row_count": 2}),
        json.dumps({**MANIFEST, "sha256": "1" * 64}),
    ):
        (tmp_path / "manifest.json").write_text(changed)
        assert code_of(read_manifest(tmp_path), signature, "ice", [line]) == "signature-wrong"


def test_a_signature_made_for_something_else(signed):
    """The same key under a text of another context signs no manifest."""
    from counterseal.ledger.note import sign_note
    from counterseal.vault.signing import read_signer

    manifest, _, line, folder = signed
    signer = read_signer(folder / "secretary.ed25519")
    other = signed_text(manifest.digest).replace("submission", "acknowledgement")
    for text in (other, signed_text(manifest.digest) + "\n", signed_text("0" * 64)):
        assert code_of(manifest, str(sign_note(text, [signer], 0)).encode(), "ice", [line]) == "signature-wrong"


@given(st.data())
def test_a_signature_with_one_bit_turned(signed, data):
    manifest, signature, line, _ = signed
    at = data.draw(st.integers(0, len(signature) - 1))
    bit = data.draw(st.integers(0, 7))
    turned = bytes([*signature[:at], signature[at] ^ (1 << bit), *signature[at + 1 :]])
    assert code_of(manifest, turned, "ice", [line]) in {"signature-wrong", "signature-form", "key-unregistered"}


@given(st.binary(max_size=400))
def test_bytes_that_are_no_signature(signed, raw: bytes):
    manifest, _, line, _ = signed
    assert code_of(manifest, raw, "ice", [line]) in {"signature-wrong", "signature-form"}
