"""The register of those who may ask and those who may receive, each entered by two people out of band.

``proposed_by`` and ``confirmed_by`` name two different people; until the second has confirmed, ``confirmed_at``
is empty and the entry is worth nothing.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from counterseal.store.models.office import Agency


class Registered(models.Model):
    """What every registration has: two people, its time of validity, its places in the ledger."""

    valid_from = models.DateField()
    valid_to = models.DateField()
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    proposal_entry = models.BigIntegerField()
    confirmed_by = models.CharField(max_length=150, blank=True, default="")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmation_entry = models.BigIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_entry = models.BigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True


def _two_people(name: str) -> list[models.BaseConstraint]:
    return [
        models.CheckConstraint(
            condition=models.Q(confirmed_by="", confirmed_at=None)
            | (~models.Q(confirmed_by="") & ~models.Q(confirmed_by=models.F("proposed_by"))),
            name=f"{name}_by_two_people",
        ),
        models.CheckConstraint(condition=models.Q(valid_to__gte=models.F("valid_from")), name=f"{name}_dates"),
    ]


class AgencyKey(Registered):
    """A key with which an agency's signer signs submissions and calls.

    ``key`` is a signed-note verifier key, ``sha256`` that of its 32 bytes; without an office it is a program's.
    """

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="keys")
    key = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True)
    signer = models.CharField(max_length=200)
    office = models.CharField(max_length=200)
    memo_sha256 = models.CharField(max_length=64, blank=True, default="")  # of an acting official's delegation

    class Meta:
        constraints: ClassVar = _two_people("agency_key")

    def __str__(self) -> str:
        return f"key {self.pk} of {self.agency_id}"


class AgencyRoot(Registered):
    """A certificate authority under which an agency's officers have their certificates."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="roots")
    certificate = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            *_two_people("agency_root"),
            models.UniqueConstraint(fields=["agency", "sha256"], name="agency_root_once"),
        ]

    def __str__(self) -> str:
        return f"root {self.pk} of {self.agency_id}"


class Officer(Registered):
    """One officer or employee who may receive: ``officer`` as requests name them, and their certificate."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="officers")
    officer = models.CharField(max_length=80)
    certificate = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            *_two_people("officer"),
            models.UniqueConstraint(
                fields=["agency", "officer"], condition=models.Q(ended_at=None), name="officer_once"
            ),
        ]

    def __str__(self) -> str:
        return f"officer {self.pk} of {self.agency_id}"
