"""What an agency without a program does through pages: check a request before it is signed, send it, read the answer.

A check asks the law and the request and nothing else: no registry, no register, no order, no entry. What was sent
for it lies in a folder of its own that is gone before the answer is given. A signing key never comes here: an
agency signs on its own machine and sends the signature.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.agreements.versions import law_on
from counterseal.errors import CountersealError
from counterseal.flow.asker import own, own_file
from counterseal.flow.authenticate import LARGEST_SIGNATURE
from counterseal.flow.in_force import read_agreement
from counterseal.flow.screen import screen_submission
from counterseal.flow.upload import LARGEST_PIECE, add_piece, complete_upload, open_upload, put_away
from counterseal.intake import read_manifest
from counterseal.intake.manifest import LARGEST_MANIFEST
from counterseal.screening.compile import MALFORMED_RULE
from counterseal.store.listing import submissions_listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.agreements import Agreement
    from counterseal.core.request import Manifest
    from counterseal.flow.office import Office
    from counterseal.store.uploads import UploadLine

LARGEST_BY_PAGE = 256 * 1024**2
"""Bytes. A larger file is sent by a program, in pieces that may be cut off."""
ROWS_TOLD = 20
"""So many rows are named for a reason; the response has all of them."""
ANSWERED_AS = {"refused": "refuse", "cure": "cure"}
"""Rows that read anything else have no reasons (26 U.S.C. 6103(b)(8))."""
OTHERWISE = ("An order in force, or a rule of another version of the agreement", "See the response")
FIRST_ROWS = (
    f"SELECT u.rule, count(*), list_slice(list(row ORDER BY row), 1, {ROWS_TOLD}) FROM screened, "
    "unnest(rules) AS u(rule) GROUP BY 1 ORDER BY 2 DESC, 1"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with a form: the rows file in pieces, and the two small files; ``signature`` None where none came."""

    rows: Iterable[bytes]
    size: int
    manifest: bytes
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A reason in plain words: the rule, its law, what the requester may do, how many rows, and the first of them."""

    rule: str
    title: str
    cite: str
    answer: str
    rows: int
    first: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the law says of a request on its face. Nothing of it was kept."""

    submission: str
    rows: int
    outcomes: dict[str, int]
    reasons: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A response by its reasons. ``answers`` counts rows by what they read."""

    answers: dict[str, int]
    reasons: tuple[Told, ...]


def check(office: Office, sent: Sent) -> Checked:
    """Hold a request against its agreement on its face, and keep nothing.

    Raises CountersealError: ``sent-size``, the manifest's and the file's own faults, ``agreement-unknown``.
    """
    with tempfile.TemporaryDirectory(prefix="counterseal-check-") as place:
        folder = Path(place) / "asked"
        manifest = _lay_down(folder, sent)
        out = Path(place) / "screened"
        with office.engine() as engine:
            counts = screen_submission(
                engine, folder, out, shipped=office.workspace.agreements, named=None,
                received_on=office.clock.now().date(),
            )  # fmt: skip
            found = engine.rows(FIRST_ROWS)
        agreement = law_on(office.workspace.agreements / manifest.agreement, manifest.signed_on)
        told = tuple(_told(agreement, rule, "", n, first) for rule, n, first in found)
        return Checked(manifest.submission, counts["rows"], counts["outcomes"], told)


def send(office: Office, agency: str, sent: Sent, *, cures: str = "") -> UploadLine:
    """Take a signed request in; it then waits to be run. Of what is refused nothing is kept but name and reason.

    Raises CountersealError: ``sent-size``, the faults of ``open_upload``, ``add_piece`` and ``complete_upload``.
    """
    with tempfile.TemporaryDirectory(prefix="counterseal-sent-") as place:
        folder = Path(place) / "asked"
        manifest = _lay_down(folder, sent)
        path = folder / manifest.rows
        line = open_upload(
            office, agency, submission=manifest.submission, rows=manifest.rows, size=path.stat().st_size,
            sha256=manifest.sha256, cures=cures,
        )  # fmt: skip
        try:
            with path.open("rb") as file:
                while piece := file.read(LARGEST_PIECE):
                    line = add_piece(office, agency, line.id, line.offset, piece, hashlib.sha256(piece).hexdigest())
            signature = None if sent.signature is None else _text(sent.signature, LARGEST_SIGNATURE)
            return complete_upload(office, agency, line.id, _text(sent.manifest, LARGEST_MANIFEST), signature)
        except CountersealError as fault:
            put_away(office, line.id, fault.code)
            raise


def read_response(office: Office, agency: str, submission: str) -> Read:
    """Give one's own response by its reasons. Raises CountersealError ``not-found`` or ``not-yet``."""
    one = own(agency, submission)
    path = own_file(office, agency, one.submission, "response")
    answers: Counter[str] = Counter()
    rows: Counter[tuple[str, str]] = Counter()
    first: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, line in _lines(path):
        answers[line["answer"]] += 1
        for reason in line["reasons"]:
            key = (reason["rule"], ANSWERED_AS[line["answer"]])
            rows[key] += 1
            if len(first[key]) < ROWS_TOLD:
                first[key].append(number)
    (listed,) = submissions_listed(submission)
    agreement = read_agreement(office.workspace.agreements / listed.agreement, listed.agreement_digest)
    ranked = sorted(rows.items(), key=lambda one: (-one[1], one[0]))
    return Read(dict(answers), tuple(_told(agreement, rule, as_, n, first[rule, as_]) for (rule, as_), n in ranked))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield number, json.loads(line)


def _lay_down(folder: Path, sent: Sent) -> Manifest:
    """Write what was sent into a folder as a submission; give its manifest. Raises CountersealError ``sent-size``."""
    if not 0 < sent.size <= LARGEST_BY_PAGE or len(sent.manifest) > LARGEST_MANIFEST:
        raise CountersealError(
            "sent-size",
            "A file is empty or too large to be sent through a page.",
            next_step="Send a larger request with a program; docs/use/agency.md tells how.",
        )
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(sent.manifest)
    manifest = read_manifest(folder)
    with (folder / manifest.rows).open("wb") as file:
        shutil.copyfileobj(_Pieces(sent.rows), file)
    return manifest


class _Pieces:
    """Reads pieces as a file is read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002  # a piece is as large as it came
        """Give the next piece, empty at the end."""
        return next(self._pieces, b"")


def _text(raw: bytes, largest: int) -> str:
    try:
        return raw[: largest + 1].decode("utf-8")
    except UnicodeDecodeError:
        raise CountersealError("signature-form", "The manifest or its signature is not text.") from None


def _told(agreement: Agreement, rule: str, answer: str, rows: int, first: Iterable[int]) -> Told:
    """Give a reason without a value of any row: what the response says of each row may hold one."""
    known = next((one for one in agreement.screened_rules if one.id == rule), None)
    if known is None:
        title, cite = ("The row can be read", agreement.authority) if rule == MALFORMED_RULE else OTHERWISE
        return Told(rule, title, cite, answer or "cure", rows, tuple(first))
    return Told(rule, known.title, known.cite, answer or known.answer.value, rows, tuple(first))
