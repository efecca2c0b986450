"""How an official comes to an account and a first passkey, and at which cases officials looked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from counterseal.core.official import AccountAct
from counterseal.store.models.office import Agency, Official
from counterseal.store.models.submission import Case


class AccountProposal(models.Model):
    """What one administrator proposes for one account, and what another has to confirm before it is done.

    ``role`` is the one proposed, none for a code; ``held_role`` is the one that the account had then, none for a new
    account. It is ended by the entry that confirmed, withdrew or replaced it, and never deleted.
    """

    what = models.CharField(max_length=20, choices=[(act.value, act.value) for act in AccountAct])
    username = models.CharField(max_length=150)
    official = models.ForeignKey(Official, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, blank=True, default="")
    held_role = models.CharField(max_length=20, blank=True, default="")
    agency = models.ForeignKey(Agency, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    entry = models.BigIntegerField(unique=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_entry = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["username"], condition=models.Q(ended_at=None), name="account_proposal_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(what=AccountAct.ADD.value, official=None)
                | models.Q(what__in=[AccountAct.INVITE.value, AccountAct.CHANGE.value], official__isnull=False),
                name="account_proposal_of_an_account",
            ),
            models.CheckConstraint(
                condition=models.Q(official=None) | ~models.Q(official=models.F("by")),
                name="account_proposal_of_another",
            ),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk} for an account"


class Invitation(models.Model):
    """A one-time code for one official, which two administrators gave and which is handed over in person."""

    official = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="invitations")
    code_sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    entry = models.BigIntegerField()

    def __str__(self) -> str:
        return f"invitation {self.pk} of official {self.official_id}"


class Inspection(models.Model):
    """One look at a case, at one field of it, or at an audit of many (then no case).

    The entry is the record; this is where it is found by case and person. It is no touch: whoever
    signs second must have seen the case.
    """

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="inspections")
    official = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=20)
    reason = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    entry = models.BigIntegerField(unique=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["official", "entry"], name="inspection_official")]

    def __str__(self) -> str:
        return f"inspection of case {self.case_id}"
