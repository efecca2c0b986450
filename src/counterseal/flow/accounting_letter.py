"""The accounting that a clerk gives to one person: the letter, and the file that proves it complete.

What the letter lists is owed under 26 U.S.C. 6103(p)(3)(A) and 5 U.S.C. 552a(c), as the agreement's own document
says. An item that an official withholds for a time is in neither; both have the same form either way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.flow.accounting import NO_DUTY, account_name, enter_index, number_name, read_agreement_of
from counterseal.oversight.person_index import name_salt, person_key, statement_salt
from counterseal.release.accounting import AccountingLetter, AccountingLine
from counterseal.store.accounting import submissions_accounted
from counterseal.store.casework import acting, official_named
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.flow.accounting import Gathered
    from counterseal.flow.office import Office

FORMAT = "counterseal-accounting/v1"
INDEX_FORMAT = "counterseal-accounting-index/v1"
CLERK = frozenset({Role.CLERK})
COUNSEL = frozenset({Role.COUNSEL})


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, as the registry names them. ``account`` is empty for somebody who has none."""

    name: str
    address: tuple[str, ...]
    account: str
    numbers: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which rows about this person are filed."""
        return (*((account_name(self.account),) if self.account else ()), *self.numbers)


def read_person(raw: str) -> Person:
    """Read who asks: JSON with ``name``, ``address`` (lines), ``account_id`` (null for none) and ``tins``.

    Raises CountersealError ``person-form``; no value stands in the message.
    """
    try:
        told = json.loads(raw)
        name, lines, account, stated = (told[key] for key in ("name", "address", "account_id", "tins"))
        numbers = [number_name(one) for one in stated]
        texts = [name, *lines, *([] if account is None else [account])]
        plain = all(isinstance(one, str) and one.strip() for one in texts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        plain, numbers = False, [None]
    if not plain or None in numbers or not isinstance(lines, list) or len(told) != 4 or not (account or numbers):
        raise CountersealError(
            "person-form",
            "This does not say whose accounting is asked for.",
            where="--person",
            next_step='Give JSON: {"name": "…", "address": ["…"], "account_id": "…" or null, "tins": ["…"]}, with '
            "every taxpayer number of the person, nine digits each.",
        )
    return Person(name, tuple(lines), account or "", tuple(sorted({one for one in numbers if one})))


def give_accounting(office: Office, secret: bytes, person: Person, clerk: str) -> tuple[AccountingLetter, str]:
    """Enter the index with a leaf for this person; give the letter and its proof.

    Raises CountersealError ``role`` unless a clerk gives it, and as ``enter_index`` does.
    """
    who = acting(official_named(clerk), CLERK)
    committed = {"by": who.username, "to": person_key(person.names[0], name_salt(secret, person.names[0])).hex()}
    found, entry = enter_index(office, secret, frozenset(person.names), committed)
    lists = [_proved(found, name) for name in person.names]
    told = {"format": FORMAT, "entry": entry, "batches": found.spans, "lists": lists}
    return _letter(office, person, found, entry, lists), json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def index_lines(found: Gathered, entry: int) -> Iterator[str]:
    """Give the whole index for an inspector: every list as digests, no word about anybody."""
    yield json.dumps({"format": INDEX_FORMAT, "entry": entry, "batches": found.spans})
    for key, one in sorted(found.index.lists.items()):
        parts = {
            name: [[i.batch, i.place, i.leaf.hex(), i.delivered, i.statement.hex()] for i in items]
            for name, items in (("shown", one.shown), ("reserved", one.reserved))
        }
        yield json.dumps({"key": key.hex(), "reserved_salt": one.reserved_salt.hex(), **parts})


def withhold(office: Office, submission: str, row: int, until: date, counsel: str, why: str) -> int:
    """Enter that a row is left out of the person's accounting until a day; give the entry's index.

    A later entry for the same row decides, so that a withholding may end sooner; with today's date it ends at once.
    Raises CountersealError ``withhold`` without a reason or for a day gone by, ``no-such-submission``,
    ``no-such-row``, ``no-accounting`` for an agreement that owes none, ``role`` unless counsel enters it.
    """
    if not why.strip() or until < office.clock.now().date():
        raise CountersealError("withhold", "A withholding has a reason, and a day on which it ends.", where="--until")
    held = submissions_accounted().get(submission)
    if held is None:
        raise CountersealError("no-such-submission", "No submission of this id was determined here.")
    if read_agreement_of(office, held).accounting == NO_DUTY:
        raise CountersealError("no-accounting", "The agreement owes nobody an accounting; its rows are in no letter.")
    if not 1 <= row <= held.rows:
        raise CountersealError("no-such-row", f"The submission has the rows 1 to {held.rows}.", where="--row")
    with one_act():
        who = acting(official_named(counsel), COUNSEL)
        named: dict[str, str | int] = {"submission": submission, "row": row, "by": who.username, "why": why.strip()}
        entry = office.ledger.append("withheld", {"until": until.isoformat()}, named)
    office.ledger.publish()
    return entry


def _proved(found: Gathered, name: str) -> dict[str, Any]:
    """Open one list: its name, its shown items with their words, and what proves that there are no more."""
    key = person_key(name, name_salt(found.secret, name))
    proof = found.index.prove(key)
    shown = [
        {
            "batch": one.batch,
            "place": one.place,
            "leaf": one.leaf.hex(),
            "path": [step.hex() for step in found.batches[one.batch].tree.inclusion(one.place)],
            "delivered": one.delivered,
            "statement": found.statements[one.leaf].decode(),
            "salt": statement_salt(found.secret, one.leaf).hex(),
        }
        for one in found.index.lists[key].shown
    ]
    return {
        "name": name,
        "salt": name_salt(found.secret, name).hex(),
        "shown": shown,
        "reserved": proof.reserved.hex(),
        "siblings": [one.hex() for one in proof.siblings],
    }


def _letter(
    office: Office, person: Person, found: Gathered, entry: int, lists: list[dict[str, Any]]
) -> AccountingLetter:
    said = [json.loads(one["statement"]) for whole in lists for one in whole["shown"]]
    custodians = {read_agreement_of(office, one.submission).custodian for one in found.batches.values()}
    return AccountingLetter(
        custodian=" and ".join(sorted(custodians)) or "The custodian of the records",
        name=person.name,
        address=person.address,
        written_on=office.clock.now().date(),
        entry=entry,
        origin=office.ledger.origin,
        lines=tuple(_line(one) for one in sorted(said, key=lambda one: (one["received_on"], one["submission"]))),
        demonstration=office.workspace.demonstration,
    )


def _line(said: dict[str, Any]) -> AccountingLine:
    return AccountingLine(
        submission=said["submission"],
        agency=said["agency"],
        agreement=said["agreement"],
        asked_on=date.fromisoformat(said["asked_on"]),
        received_on=date.fromisoformat(said["received_on"]),
        purpose="; ".join(said["purpose"]),
        confirmed=said["confirmed"] == "yes",
        answer=said["answer"],
        reasons=tuple((one["rule"], one["title"], one["cites"]) for one in said["reasons"]),
        disclosed_on=date.fromisoformat(said["disclosed_on"]) if said["disclosed_on"] else None,
        disclosed=tuple(said["disclosed"]),
    )
