"""``manifest.json`` read strictly: every key known, every value of its form, nothing left to guess."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from counterseal.core.request import AgreementId, Manifest, Signer, SubmissionId
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_MANIFEST = 1_000_000
"""Bytes. A manifest is a page, not a file of rows."""

LONGEST_TEXT = 500
MOST_ELEMENTS = 50
MOST_ROWS = 1_000_000_000
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ROWS_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(csv|jsonl|parquet|xlsx)")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, the marks that turn the direction of what is shown, and halves of a character."""

SHA256 = re.compile(r"[0-9a-f]{64}")

KEYS = {
    "submission",
    "agreement",
    "requesting_agency",
    "signer",
    "signed_on",
    "requested_elements",
    "attestation",
    "rows",
    "row_count",
    "sha256",
}


def wrong(key: str, message: str, next_step: str = "") -> CountersealError:
    """Make the error of one key."""
    return CountersealError("manifest", message, where=f"manifest.json, {key}", next_step=next_step)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise wrong("keys", "A key stands twice.")
    return found


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the submission in ``folder``.

    Raises CountersealError ``submission`` when there is none, ``manifest`` naming the key that is wrong.
    """
    path = folder / "manifest.json"
    if not path.is_file() or path.is_symlink():
        raise CountersealError(
            "submission",
            "There is no manifest.json here.",
            where=str(folder),
            next_step="A submission is a folder with manifest.json and one rows file.",
        )
    if path.stat().st_size > LARGEST_MANIFEST:
        raise wrong("file", "The manifest is larger than a manifest can be.")
    try:
        raw = path.read_bytes()
        held = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_duplicates)
    except UnicodeDecodeError:
        raise wrong("file", "The manifest is not UTF-8 text.") from None
    except RecursionError:
        raise wrong("file", "The manifest is nested too deeply.") from None
    except ValueError as fault:
        line = getattr(fault, "lineno", None)
        raise wrong(f"line {line}" if line else "file", "The manifest is not JSON.") from None
    return _manifest(held, hashlib.sha256(raw).hexdigest())


def _manifest(held: object, digest: str) -> Manifest:
    if not isinstance(held, dict):
        raise wrong("file", "The manifest is not one JSON object.")
    if unknown := sorted(set(held) - KEYS):
        raise wrong(str(unknown[0])[:60], "This key is not known.", "Leave it out.")
    if missing := sorted(KEYS - set(held)):
        raise wrong(missing[0], "This key is missing.")
    signer = held["signer"]
    if not isinstance(signer, dict) or set(signer) != {"name", "office"}:
        raise wrong("signer", "The signer is given by name and office.")
    elements = held["requested_elements"]
    if not isinstance(elements, list) or len(elements) > MOST_ELEMENTS:
        raise wrong("requested_elements", f"This is not a list of at most {MOST_ELEMENTS} elements.")
    count = held["row_count"]
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_ROWS:
        raise wrong("row_count", "This is not a number of rows.")
    return Manifest(
        submission=SubmissionId(_shaped(held, "submission", SAFE_ID, "letters, digits, dot, dash, underscore")),
        agreement=AgreementId(_shaped(held, "agreement", SAFE_ID, "the id of an agreement")),
        requesting_agency=_text(held["requesting_agency"], "requesting_agency"),
        signer=Signer(_text(signer["name"], "signer.name"), _text(signer["office"], "signer.office")),
        signed_on=_day(held["signed_on"]),
        requested_elements=tuple(_text(element, "requested_elements") for element in elements),
        attestation=_text(held["attestation"], "attestation", may_be_empty=True),
        rows=_shaped(held, "rows", ROWS_FILE, "a file beside it: .csv, .jsonl, .parquet or .xlsx"),
        row_count=count,
        sha256=_shaped(held, "sha256", SHA256, "64 lower-case hexadecimal digits"),
        digest=digest,
    )


def _text(value: object, key: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not (may_be_empty or value.strip()):
        raise wrong(key, f"This is not a text of at most {LONGEST_TEXT} characters.")
    if CONTROL.search(value):
        raise wrong(key, "This text holds a control character.")
    return value


def _shaped(held: dict[str, Any], key: str, shape: re.Pattern[str], meant: str) -> str:
    value = _text(held[key], key)
    if not shape.fullmatch(value):
        raise wrong(key, "This value has the wrong form.", f"Expected {meant}.")
    return value


def _day(value: object) -> date:
    text = _text(value, "signed_on")
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise wrong("signed_on", "This is not a date.", "Write it as 2026-11-02.")
