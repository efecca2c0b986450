"""How an official comes to a first passkey, and at which cases officials looked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from counterseal.store.models.office import Official
from counterseal.store.models.submission import Case


class Invitation(models.Model):
    """A one-time code for one official, given by an administrator and handed over in person."""

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
