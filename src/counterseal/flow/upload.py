"""A submission on its way in from an agency's program: pieces that may be cut off anywhere, then the signature.

A piece is durable before its offset is; what a cut leaves beyond the offset is written over. Nothing is read of
the rows until the whole file is there, has the digest that was announced, and a registered signer's signature
stands under the manifest that names it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.authenticate import LARGEST_SIGNATURE, SIGNATURE
from counterseal.flow.receive import check_signer, enter_refusal
from counterseal.intake import read_manifest
from counterseal.intake.manifest import LARGEST_MANIFEST, ROWS_FILE, SAFE_ID, SHA256
from counterseal.store.submissions import one_act, registered_agency, submission_agency
from counterseal.store.uploads import (
    State,
    UploadLine,
    enter_upload,
    find_upload,
    set_offset,
    set_state,
)
from counterseal.vault.durable import make_folder, write_durably

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.core.request import Manifest
    from counterseal.flow.office import Office

LARGEST_UPLOAD = 8 * 1024**3
"""Bytes. Seven million rows are about two gigabytes of CSV."""

LARGEST_PIECE = 8 * 1024**2
UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


def open_upload(
    office: Office,
    agency: str,
    *,
    submission: str,
    rows: str,
    size: int,
    sha256: str,
    cures: str = "",
    key: int | None = None,
) -> UploadLine:
    """Open an upload of ``size`` bytes whose SHA-256 is ``sha256``, for a submission under the agency's own id.

    ``cures`` names the agency's submission whose returned rows this one mends. Raises CountersealError:
    ``upload-form``, ``upload-open``, ``not-found`` for a submission to mend that is not the agency's.
    """
    sound = (
        SAFE_ID.fullmatch(submission)
        and ROWS_FILE.fullmatch(rows)
        and SHA256.fullmatch(sha256)
        and (not cures or SAFE_ID.fullmatch(cures))
        and 0 < size <= LARGEST_UPLOAD
    )
    if not sound:
        raise CountersealError("upload-form", "The upload's id, file name, size or digest is not of the right form.")
    if cures and (submission_agency(cures) != agency or cures == submission):
        raise CountersealError("not-found", "There is no such thing here.", where="cures")
    number = office.entropy(16).hex()
    line = UploadLine(
        number, agency, submission, rows, size, sha256, 0, cures, State.OPEN, "", office.clock.now(), None
    )
    make_folder(office.workspace.inbox(number))
    with one_act():
        enter_upload(line, key)
    return line


def add_piece(office: Office, agency: str, upload: str, offset: int, piece: bytes, sha256: str) -> UploadLine:
    """Add one piece at an offset; give the upload with its new offset.

    Raises CountersealError: ``not-found``, ``upload-closed``, ``upload-offset`` when the piece does not begin where
    the last one ended, ``piece-digest``, ``piece-size``.
    """
    line = find_upload(agency, upload)
    if hashlib.sha256(piece).hexdigest() != sha256:
        raise CountersealError("piece-digest", "The piece is not the one whose digest was given.", where="digest")
    if not 0 < len(piece) <= LARGEST_PIECE or offset + len(piece) > line.size:
        raise CountersealError("piece-size", "The piece is empty, too large, or goes beyond the announced size.")
    with (office.workspace.inbox(upload) / "rows.part").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        line = find_upload(agency, upload)
        if line.state != State.OPEN:
            raise CountersealError("upload-closed", f"The upload is {line.state}; it takes no more pieces.")
        if offset != line.offset:
            raise CountersealError(
                "upload-offset",
                f"The next piece begins at byte {line.offset}.",
                next_step="Ask for the upload's offset and go on from there.",
            )
        file.truncate(offset)  # what a cut left beyond the offset
        file.write(piece)
        file.flush()
        os.fsync(file.fileno())
        with one_act():
            set_offset(line, offset + len(piece))
    return find_upload(agency, upload)


def complete_upload(office: Office, agency: str, upload: str, manifest: str, signature: str | None) -> UploadLine:
    """Put the manifest and its signature beside the rows: a whole submission, which waits to be run.

    Raises CountersealError: ``not-found``, ``upload-closed``, ``upload-short``, ``rows-hash``; the manifest's own
    faults; ``upload-differs`` when it names another submission, file or agency; those of ``authenticate``. The
    upload stays open, so that the right manifest can follow; a refused signature is an entry.
    """
    line = find_upload(agency, upload)
    if line.state != State.OPEN:
        raise CountersealError("upload-closed", f"The upload is {line.state}.")
    if line.offset != line.size:
        raise CountersealError("upload-short", f"{line.size - line.offset} bytes of the rows file are not here yet.")
    folder = office.workspace.inbox(upload)
    part, whole = folder / "rows.part", folder / line.rows
    if part.exists():
        part.replace(whole)
    if _digest(whole) != line.sha256:
        set_state(line.id, (State.OPEN,), State.REFUSED, refused="rows-hash")
        shutil.rmtree(folder, ignore_errors=True)
        raise CountersealError("rows-hash", "The rows file is not the one that was announced.", where=line.rows)
    _put(folder, manifest, signature)
    named = read_manifest(folder)
    _is_of(office, named, line)
    check_signer(office, folder, named, agency)
    with one_act():
        if not set_state(line.id, (State.OPEN,), State.COMPLETE, completed_at=office.clock.now()):
            raise CountersealError("upload-closed", "The upload was closed in the meantime.")
    return find_upload(agency, upload)


def put_away(office: Office, upload: str, code: str) -> None:
    """End an upload that was refused for this reason; only its name and the reason stay, for its agency."""
    if set_state(upload, (State.OPEN,), State.REFUSED, refused=code):
        shutil.rmtree(office.workspace.inbox(upload), ignore_errors=True)


def own_upload(agency: str, upload: str) -> UploadLine:
    """Give one of the agency's own uploads. Raises CountersealError ``not-found``."""
    return find_upload(agency, upload)


def _put(folder: Path, manifest: str, signature: str | None) -> None:
    if len(manifest) > LARGEST_MANIFEST or len(signature or "") > LARGEST_SIGNATURE:
        raise CountersealError("manifest", "The manifest or its signature is larger than either can be.")
    try:
        write_durably(folder / "manifest.json", manifest.encode())
        (folder / SIGNATURE).unlink(missing_ok=True)
        if signature is not None:
            write_durably(folder / SIGNATURE, signature.encode())
    except UnicodeEncodeError:
        raise CountersealError("manifest", "The manifest or its signature is not Unicode text.") from None


def _is_of(office: Office, manifest: Manifest, line: UploadLine) -> None:
    """Refuse a manifest of another submission, file or agency than the upload's; another agency is an entry."""
    asker = registered_agency(manifest.requesting_agency, today=office.clock.now().date())
    if asker is None or asker[0] != line.agency:
        enter_refusal(office, manifest, "upload-differs")
        raise CountersealError(
            "upload-differs",
            "The manifest is not of the agency that sends it.",
            where="manifest.json, requesting_agency",
        )
    wanted = (line.submission, line.rows, line.sha256)
    for key, said, meant in zip(
        ("submission", "rows", "sha256"), (manifest.submission, manifest.rows, manifest.sha256), wanted, strict=True
    ):
        if said != meant:
            raise CountersealError(
                "upload-differs", "The manifest is not of this upload.", where=f"manifest.json, {key}"
            )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
