"""Proposals for accounts: what one administrator proposed, and whether it still waits for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.official import AccountAct, Role
from counterseal.errors import CountersealError
from counterseal.store.models import AccountProposal

if TYPE_CHECKING:
    from datetime import datetime

LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed. ``official`` and ``held_role`` are those of the account as it is, none for a new one."""

    what: AccountAct
    username: str
    official: int | None = None
    held_role: Role | None = None
    role: Role | None = None
    agency: str = ""


@dataclass(frozen=True, slots=True)
class ProposalHeld:
    """A proposal that was entered: its number, what is proposed, by whom and when, and whether it has ended."""

    id: int
    proposed: Proposed
    agency_title: str
    by: int
    by_name: str
    at: datetime
    entry: int
    ended: bool


def keep_proposal(proposed: Proposed, *, by: int, at: datetime, entry: int) -> int:
    """Keep a proposal with its entry; an earlier one for the same account ends with it. Gives its number."""
    earlier = AccountProposal.objects.filter(username=proposed.username, ended_at=None)
    earlier.update(ended_at=at, ended_entry=entry)
    made = AccountProposal.objects.create(
        what=proposed.what.value, username=proposed.username, official_id=proposed.official,
        role=proposed.role or "", held_role=proposed.held_role or "", agency_id=proposed.agency or None,
        by_id=by, at=at, entry=entry,
    )  # fmt: skip
    return int(made.pk)


def proposal_held(proposal: int) -> ProposalHeld:
    """Give a proposal, ended or not. Raises CountersealError ``proposal-unknown``."""
    found = AccountProposal.objects.filter(pk=min(proposal, LARGEST)).select_related("by", "agency").first()
    if found is None:
        raise CountersealError("proposal-unknown", "There is no proposal with this number.")
    return _held(found)


def proposals_waiting(username: str | None = None) -> list[ProposalHeld]:
    """Give the proposals that have not ended, the oldest first: every one, or the one for this account name."""
    found = AccountProposal.objects.filter(ended_at=None, **({} if username is None else {"username": username}))
    return [_held(one) for one in found.select_related("by", "agency").order_by("pk")]


def end_proposal(proposal: int, *, at: datetime, entry: int) -> None:
    """End a proposal by the entry that confirmed or withdrew it. Raises CountersealError ``proposal-ended``."""
    if AccountProposal.objects.filter(pk=proposal, ended_at=None).update(ended_at=at, ended_entry=entry) != 1:
        raise proposal_ended()


def proposal_ended() -> CountersealError:
    """Give the refusal of what was confirmed, withdrawn or replaced before."""
    return CountersealError(
        "proposal-ended", "This proposal was confirmed, withdrawn or replaced before.", next_step="Propose it anew."
    )


def _held(found: AccountProposal) -> ProposalHeld:
    proposed = Proposed(
        AccountAct(found.what), found.username, found.official_id, Role(found.held_role) if found.held_role else None,
        Role(found.role) if found.role else None, found.agency_id or "",
    )  # fmt: skip
    title = found.agency.title if found.agency else ""
    ended = found.ended_at is not None
    return ProposalHeld(found.pk, proposed, title, found.by_id, found.by.username, found.at, found.entry, ended)
