"""What the doors call for agencies: their register, signatures, what is held, what they send in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.ledger.note import ED25519
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import make_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from counterseal.flow.inbox import Worked
    from counterseal.flow.office import Office, Progress
    from counterseal.store.holds import Held
    from counterseal.store.registration import Line


def new_key(name: str, file: Path) -> str:
    """Make an agency's key in a new file that its owner alone may read; give its verifier key.

    Raises CountersealError ``keys-exist`` or ``signing-key``.
    """
    (signer,) = make_keys(file.parent, name, {file.name: ED25519}, os.urandom)
    return str(signer.key)


def sign(submission: Path, key: Path) -> Path:
    """Sign the manifest of a submission; give the signature's file. Raises CountersealError."""
    from counterseal.flow.authenticate import SIGNATURE, sign_manifest  # models need Django
    from counterseal.intake import read_manifest

    signature = sign_manifest(read_manifest(submission), key)
    write_durably(submission / SIGNATURE, signature.encode())
    return submission / SIGNATURE


def answer(office: Office, submission: str) -> Path:
    """Answer a batch as a whole; give the response. Raises CountersealError ``waiting``."""
    from counterseal.flow.answer import answer_batch

    return answer_batch(office, submission)


def register_agency(office: Office, agency: str, title: str, names: Sequence[str], *, by: str) -> None:
    """Enter an agency. Raises CountersealError."""
    from counterseal.flow.register import register_asker

    register_asker(office, agency, title, names, by=by)


def propose_key(
    office: Office,
    agency: str,
    vkey: str,
    *,
    signer: str,
    office_held: str,
    valid: tuple[date, date],
    memo: Path | None,
    by: str,
) -> Line:
    """Propose a key. Raises CountersealError."""
    from counterseal.flow.register import propose_key as propose

    content = None if memo is None else _content(memo)
    return propose(office, agency, vkey, signer=signer, office_held=office_held, valid=valid, memo=content, by=by)


def propose_officer(
    office: Office, agency: str, officer: str, certificate: Path, *, by: str, certification: Path | None = None
) -> Line:
    """Propose an officer who may receive; a contractor with their certification. Raises CountersealError."""
    from counterseal.flow.register import propose_officer as propose

    content = None if certification is None else _content(certification)
    return propose(office, agency, officer, _content(certificate), by=by, certification=content)


def propose_root(office: Office, agency: str, certificate: Path, *, by: str) -> Line:
    """Propose an authority of officers' certificates. Raises CountersealError."""
    from counterseal.flow.register import propose_root as propose

    return propose(office, agency, _content(certificate), by=by)


def confirm_registration(office: Office, kind: str, number: int, *, by: str) -> Line:
    """Confirm what another person proposed. Raises CountersealError."""
    from counterseal.flow.register import confirm
    from counterseal.store.registration import Kind

    return confirm(office, Kind(kind), number, by=by)


def end_registration(office: Office, kind: str, number: int, *, by: str, why: str) -> Line:
    """End a line of the register. Raises CountersealError."""
    from counterseal.flow.register import end
    from counterseal.store.registration import Kind

    return end(office, Kind(kind), number, by=by, why=why)


def register_lines(agency: str | None) -> list[Line]:
    """Give the lines of the register."""
    from counterseal.store.registration import listed

    return listed(agency)


def held_submissions() -> list[Held]:
    """Give what is held and what was let go on."""
    from counterseal.store.holds import holds

    return holds()


def release_hold(office: Office, submission: str, *, by: str, why: str) -> None:
    """Let a held submission go on. Raises CountersealError."""
    from counterseal.flow.hold import release_hold as let_go_on

    let_go_on(office, submission, by=by, why=why)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise CountersealError("no-such-file", "This file cannot be read.", where=str(path)) from None


def work(office: Office, registry: Path, progress: Progress | None) -> list[Worked]:
    """Run what agencies have sent. Raises CountersealError ``being-worked-on``."""
    from counterseal.flow.inbox import work_inbox

    return work_inbox(office, registry, progress)
