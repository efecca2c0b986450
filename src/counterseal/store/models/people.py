"""How an official comes to a first passkey: a one-time code, of which only the digest is kept."""

from __future__ import annotations

from django.db import models

from counterseal.store.models.office import Official


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
