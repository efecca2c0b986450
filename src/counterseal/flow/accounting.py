"""The index by person, made from every determined batch and held against the ledger before it is entered.

A row is filed once. Where the look-up confirmed exactly one account it stands under that account; where it did not,
or was never made, under the taxpayer number that the request states, because to look a refused row up would be an
inspection (26 U.S.C. 6103(b)(7)); a row without either stands under nobody. The index is made anew each time from the
batches' own files, whose roots the ledger holds: a batch that was altered, or is missing, ends the act.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from counterseal.agreements import Agreement
from counterseal.core.request import SubmissionId
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.flow.in_force import read_agreement
from counterseal.flow.judge import take_place
from counterseal.flow.retained import RowFiled, retain, retained
from counterseal.flow.row_proofs import ROW_OPENINGS, determinations
from counterseal.ledger.batch import batch_tree
from counterseal.ledger.canonical import canonical
from counterseal.ledger.entry import read_entry
from counterseal.ledger.folder import LedgerFolder
from counterseal.ledger.note import read_head
from counterseal.ledger.tree import Tree
from counterseal.oversight.person_index import (
    NOT_DELIVERED,
    UNNAMED,
    Item,
    PersonIndex,
    PersonList,
    name_salt,
    person_key,
    reserved_salt,
    statement_digest,
    statement_salt,
)
from counterseal.store.accounting import submissions_accounted
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from counterseal.agreements.model import Rule
    from counterseal.flow.office import Office
    from counterseal.store.accounting import SubmissionAccounted

FILED = frozenset({"determined", "judged", "delivered", "answered", "withheld"})
"""Kinds of entry after which the index is no longer the newest state of affairs."""
BATCH = "batch"
"""What a ``destroyed`` entry names when a batch's retention had run out, and not a package in a holder's hands."""
NO_DUTY = "none"
SUSPENDS = "suspends_accounting_until"
"""The field by which an agency's signed request suspends a person's accounting (45 C.F.R. 164.528(a)(2))."""
DISCLOSED = ("mailing address",)
"""What an answer holds of a person, in words; ``casefile.answer_of`` makes no other."""
TRIES = 3
_ANSWERS = {"stopped": "stopped by an order", "refused": "refused", "cure": "returned to be mended"}
_NINE = re.compile(r"[0-9]{9}")


@dataclass(frozen=True, slots=True)
class Batch:
    """A determined batch: its first and its newest ``determined`` entry, and the tree over its rows.

    Of one that was ``destroyed`` when its retention had run out, what was kept for accountings is left.
    """

    submission: SubmissionAccounted
    first: int
    newest: int
    tree: Tree
    destroyed: bool = False


@dataclass(slots=True)
class _Filing:
    shown: list[Item] = field(default_factory=list)
    reserved: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Gathered:
    """The index with what it was made from. ``statements`` are of the named people's shown items, by leaf."""

    index: PersonIndex
    batches: dict[int, Batch]
    statements: dict[bytes, bytes]
    size: int
    items: int
    disclosures: int
    secret: bytes

    @property
    def spans(self) -> list[list[int]]:
        """First and newest ``determined`` entry of each batch, in the order of the first."""
        return sorted([one.first, one.newest] for one in self.batches.values())

    def body(self, covers: int) -> dict[str, Any]:
        """Give the body of the entry that names this index, covering every entry before ``covers``.

        How many lists there are is not said: one more than before would tell that who asked had none.
        """
        return {
            "covers": covers,
            "root": self.index.root().hex(),
            "items": self.items,
            "disclosures": self.disclosures,
            "batches": len(self.batches),
            "batches_sha256": sha256(canonical(self.spans)).hexdigest(),
            "key_sha256": sha256(b"counterseal/accounting-secret/v1\0" + self.secret).hexdigest(),
        }


def account_name(account: str) -> str:
    """Give the name under which rows of a confirmed account are filed."""
    return f"account:{account}"


def number_name(stated: str | None) -> str | None:
    """Give the name under which rows that state a taxpayer number are filed; None unless it has nine digits."""
    digits = re.sub(r"[\s-]", "", stated or "")
    return f"tin:{digits}" if _NINE.fullmatch(digits) else None


def enter_index(
    office: Office, secret: bytes, named: frozenset[str], committed: Mapping[str, str]
) -> tuple[Gathered, int]:
    """Make the index and enter its root; give it with the index of its entry. Who is ``named`` gets a leaf.

    Raises CountersealError ``accounting-key`` when the key is not the one of earlier entries, ``row-secret``,
    ``opening``, ``accounting-moved`` when the office did not come to rest; CheckFailedError ``accounting-gap`` when
    batches or deliveries are not those of the ledger, ``quorum`` when the entry stands but too few witnesses cosign.
    """
    for _ in range(TRIES):
        office.ledger.publish()
        found = gather(office, secret, named)
        with one_act():
            office.ledger.lock()
            size, _root = office.ledger.size_and_root()
            since = [read_entry(office.ledger.entry(at))["kind"] for at in range(found.size, size)]
            if not FILED.intersection(str(kind) for kind in since):
                entry = office.ledger.append("accounted", found.body(size), committed)
                break
    else:
        raise CountersealError("accounting-moved", "Batches were judged or released meanwhile.", next_step="Try again.")
    if office.policy is None:
        office.ledger.publish()
    else:
        publish_witnessed(office.ledger, office.policy, office.post)
    return found, entry


def gather(office: Office, secret: bytes, named: frozenset[str]) -> Gathered:
    """Make the index from the batches and hold it against the published ledger; nothing is entered."""
    folder = LedgerFolder(office.workspace.ledger)
    size = read_head(folder.checkpoint().decode("utf-8", "replace")).size
    entries = _entries(folder, size)
    _same_key(entries, secret)
    found = _batches(office, entries)
    reserved = withheld_rows(office, entries)
    today = office.clock.now().date()
    asked = {_key(secret, name) for name in named}
    lists: dict[bytes, _Filing] = {key: _Filing() for key in asked}
    statements: dict[bytes, bytes] = {}
    for _, batch in sorted(found.items()):
        for key, item, said, shown in _filed(office, secret, batch, entries, reserved, today):
            filing = lists.setdefault(key, _Filing())
            (filing.shown if shown else filing.reserved).append(item)
            if shown and key in asked:
                statements[item.leaf] = said
    index = PersonIndex({key: _list(secret, key, size, filing) for key, filing in lists.items()})
    delivered = [at for at, entry in entries.items() if entry["kind"] == "delivered"]
    known = [row for one in found.values() for row in one.submission.deliveries.values()]
    if sorted(known) != delivered:
        raise CheckFailedError("accounting-gap", "The deliveries in the ledger are not those of the cases.")
    items = sum(one.tree.size for one in found.values())
    return Gathered(index, found, statements, size, items, len(delivered), secret)


def retain_batches(office: Office, secret: bytes, submissions: set[str]) -> None:
    """Keep what accountings need of batches that are to be destroyed, and read it back. Raises as ``gather`` does.

    CheckFailedError ``accounting-gap`` when what was kept is not what the batch says.
    """
    found = gather(office, secret, frozenset())
    folder = LedgerFolder(office.workspace.ledger)
    entries = _entries(folder, found.size)
    for batch in found.batches.values():
        submission = batch.submission.id
        if submission in submissions and not batch.destroyed:
            retain(office, submission, rows_filed(office, secret, batch, entries))
            kept = zip(retained(office, submission), rows_filed(office, secret, batch, entries), strict=True)
            if not all(one == other for one, other in kept):
                raise CheckFailedError("accounting-gap", "What was kept is not what the batch says.", where=submission)


def withheld_rows(office: Office, entries: Mapping[int, Mapping[str, Any]]) -> dict[tuple[str, int], date]:
    """Give the rows that officials withheld, each with the day from which it is shown; the newest entry decides."""
    found: dict[tuple[str, int], date] = {}
    for at, entry in entries.items():
        if entry["kind"] == "withheld":
            submission, row = (office.ledger.opening(at, name).value for name in ("submission", "row"))
            found[str(submission), int(row)] = date.fromisoformat(str(entry["body"]["until"]))
    return found


def read_agreement_of(office: Office, batch: SubmissionAccounted) -> Agreement:
    """Read the agreement under which a batch was judged. Raises CountersealError ``agreement-unknown``."""
    folder = office.workspace.agreements / batch.agreement
    if not (folder / "agreement.md").is_file():
        raise CountersealError(
            "agreement-unknown",
            "The agreement of a batch is not in this workspace, so what is owed under it is not known.",
            where=batch.agreement,
            next_step="Put the agreement's folder back.",
        )
    return read_agreement(folder, batch.agreement_digest)


def _entries(folder: LedgerFolder, size: int) -> dict[int, dict[str, Any]]:
    """Read the entries of the kinds that count here, by index, in order."""
    found, at = {}, 0
    for bundle in folder.entries(size):
        for raw in bundle:
            entry = read_entry(raw)
            if entry["kind"] in FILED or entry["kind"] in {"accounted", "destroyed"}:
                found[at] = entry
            at += 1
    return found


def _same_key(entries: Mapping[int, Mapping[str, Any]], secret: bytes) -> None:
    told = sha256(b"counterseal/accounting-secret/v1\0" + secret).hexdigest()
    earlier = [entry["body"]["key_sha256"] for entry in entries.values() if entry["kind"] == "accounted"]
    if earlier and earlier[-1] != told:
        raise CountersealError(
            "accounting-key",
            "The accounting key is not the one that earlier indexes were made with.",
            next_step="Restore keys/accounting.key.",
        )


def _batches(office: Office, entries: Mapping[int, Mapping[str, Any]]) -> dict[int, Batch]:
    """Give every batch by its newest ``determined`` entry, its rows held against that entry's root."""
    anew = {entry["body"]["determined"] for entry in entries.values() if entry["kind"] == "judged"}
    spans: dict[str, tuple[int, int]] = {}
    for at, entry in entries.items():
        if entry["kind"] == "determined":
            submission = str(office.ledger.opening(at, "submission").value)
            spans[submission] = (spans[submission][0], at) if at in anew else (at, at)
    known = submissions_accounted()
    if set(known) != set(spans):
        raise CheckFailedError("accounting-gap", "The batches in the ledger are not those of the case database.")
    found, gone = {}, destroyed_batches(office, entries)
    for submission, (first, newest) in spans.items():
        if submission in gone:
            tree = Tree(row.leaf for row in retained(office, submission))
        else:
            tree = _tree(office, submission)
        if tree.root().hex() != entries[newest]["body"]["rows_root"]:
            raise CheckFailedError(
                "accounting-gap",
                "The rows of a batch are not those of its entry in the ledger.",
                where=submission,
                next_step="Restore the batch's folder; the ledger is right.",
            )
        found[newest] = Batch(known[submission], first, newest, tree, submission in gone)
    return found


def destroyed_batches(office: Office, entries: Mapping[int, Mapping[str, Any]]) -> set[str]:
    """Give the submissions whose batch was destroyed, as the ledger has it."""
    return {
        str(office.ledger.opening(at, "submission").value)
        for at, entry in entries.items()
        if entry["kind"] == "destroyed" and entry.get("body", {}).get("what") == BATCH
    }


def _tree(office: Office, submission: str) -> Tree:
    folder = office.workspace.batch(SubmissionId(submission))
    take_place(office, submission)
    try:
        return batch_tree(office.files.read(folder / ROW_OPENINGS), determinations(folder))
    except OSError:
        raise CountersealError(
            "row-secret", "What opens a batch's rows was destroyed, or is not here.", where=submission
        ) from None


def _filed(
    office: Office,
    secret: bytes,
    batch: Batch,
    entries: Mapping[int, Mapping[str, Any]],
    withheld: Mapping[tuple[str, int], date],
    today: date,
) -> Iterator[tuple[bytes, Item, bytes, bool]]:
    """Give each row of a batch: on which list it stands, as what, what is said of it, whether it is shown."""
    held = batch.submission
    rows = retained(office, held.id) if batch.destroyed else rows_filed(office, secret, batch, entries)
    for place, row in enumerate(rows):
        delivered = held.deliveries.get(place + 1, NOT_DELIVERED)
        until = max(withheld.get((held.id, place + 1), today), row.suspended or today)
        statement = statement_digest(statement_salt(secret, row.leaf), row.said)
        yield row.key, Item(batch.newest, place, row.leaf, delivered, statement), row.said, row.owed and until <= today


def rows_filed(
    office: Office, secret: bytes, batch: Batch, entries: Mapping[int, Mapping[str, Any]]
) -> Iterator[RowFiled]:
    """Give each row of a batch as it is filed, out of the batch's own files."""
    held = batch.submission
    folder = office.workspace.batch(SubmissionId(held.id))
    with office.files.open(folder / "rows.parquet") as opened:
        received = pq.read_metadata(opened).num_rows
    if received != batch.tree.size:
        raise CheckFailedError("accounting-gap", "A batch has not the rows that were determined.", where=held.id)
    agreement = read_agreement_of(office, held)
    owed, accounts = agreement.accounting != NO_DUTY, _accounts(office, folder)
    titles = {rule.id: rule for rule in agreement.rules} if agreement.digest == held.agreement_digest else {}
    rows = zip(_rows(office, folder), determinations(folder), strict=True)
    for place, (row, judged) in enumerate(rows):
        account = accounts.get(place + 1)
        delivery = entries.get(held.deliveries.get(place + 1, NOT_DELIVERED))
        said = canonical(_statement(held, agreement, titles, row, judged, delivery, confirmed=bool(account)))
        name = account_name(account) if account else number_name(row.get("tin")) or UNNAMED
        yield RowFiled(batch.tree.node(0, place), _key(secret, name), said, owed, _suspended(row))


def _statement(
    held: SubmissionAccounted,
    agreement: Agreement,
    titles: Mapping[str, Rule],
    row: Mapping[str, str | None],
    judged: Mapping[str, Any],
    delivery: Mapping[str, Any] | None,
    *,
    confirmed: bool,
) -> dict[str, Any]:
    """Say of one row what the law wants said.

    The purpose is the law under which was asked. The agency's own words stay in the record: they may name others, or
    an informant (26 U.S.C. 6103(i)(6)).
    """
    statute = str(row.get("statute") or "") if confirmed else ""
    outcome = str(judged["outcome"])
    if delivery:
        answer = "disclosed"
    else:
        answer = _ANSWERS.get(outcome) or ("no disclosure" if held.answered_at else "not yet answered")
    reasons = [] if answer in {"disclosed", "not yet answered"} else [str(rule) for rule in judged["rules"]]
    return {
        "submission": held.id,
        "agency": held.agency_title,
        "agreement": f"{held.agreement} {held.agreement_version}",
        "duty": agreement.accounting,
        "asked_on": held.signed_on.isoformat(),
        "received_on": held.received_on.isoformat(),
        "purpose": [agreement.authority, *([statute] if statute else [])],
        "confirmed": "yes" if confirmed else "no",
        "answer": answer,
        "reasons": [
            {"rule": rule, "title": titles[rule].title, "cites": "; ".join(titles[rule].cites)}
            if rule in titles
            else {"rule": rule, "title": "", "cites": ""}
            for rule in reasons
        ],
        "disclosed_on": str(delivery["at"])[:10] if delivery else "",
        "disclosed": list(DISCLOSED) if delivery else [],
    }


def _suspended(row: Mapping[str, str | None]) -> date | None:
    """Give the day from which a row is shown as far as the agency's signed request says; None where it says no day."""
    try:
        return date.fromisoformat(row.get(SUSPENDS) or "")
    except ValueError:
        return None


def _rows(office: Office, folder: Path) -> Iterator[dict[str, str | None]]:
    with office.files.open(folder / "rows.parquet") as opened:
        file = pq.ParquetFile(opened)
        wanted = [name for name in ("row", "tin", "statute", SUSPENDS) if name in file.schema_arrow.names]
        for part in file.iter_batches(10_000, columns=wanted):
            yield from part.to_pylist()


def _accounts(office: Office, folder: Path) -> dict[int, str]:
    """Give the rows for which exactly one account was confirmed, each with that account."""
    path = folder / "identified.parquet"
    if not path.exists():
        return {}
    with office.files.open(path) as opened:
        found = pq.read_table(opened, columns=["row", "account_id"], filters=[("outcome", "=", "identified")])
    return {one["row"]: one["account_id"] for one in found.to_pylist() if one["account_id"]}


def _key(secret: bytes, name: str) -> bytes:
    return person_key(name, name_salt(secret, name))


def _list(secret: bytes, key: bytes, size: int, filing: _Filing) -> PersonList:
    return PersonList(tuple(filing.shown), reserved_salt(secret, key, size), tuple(filing.reserved))
