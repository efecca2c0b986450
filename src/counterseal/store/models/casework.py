"""What people do to a case: every touch, every signature, every question of law that counsel settled."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from counterseal.store.models.office import Official
from counterseal.store.models.submission import Case, Submission


class CaseEvent(models.Model):
    """One act on a case, by whom and when. Whoever stands here has touched the case; nothing is taken away.

    ``note`` is the official's own words and stays in the office; ``entry`` is the act's place in the ledger.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    act = models.CharField(max_length=20)
    official = models.ForeignKey(Official, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    note = models.TextField(blank=True, default="")
    entry = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["case", "official"], name="case_event_touch"),
            models.Index(fields=["entry"], name="case_event_entry"),
            models.Index(fields=["official", "entry"], name="case_event_official"),
        ]

    def __str__(self) -> str:
        return f"{self.act} on case {self.case_id}"


class OfficialKey(models.Model):
    """A passkey with which an official signs: its COSE public key, entered in the ledger when it was enrolled."""

    official = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="signing_keys")
    credential = models.CharField(max_length=400, unique=True)  # the credential's id, base64url
    public_key = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    added_at = models.DateTimeField()
    entry = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"signing key {self.pk} of official {self.official_id}"


class Approval(models.Model):
    """One of the two signatures over a release's digest: a WebAuthn assertion whose challenge is that digest.

    The database refuses a second signature by anybody who has touched the case, a signer of another role,
    and a digest other than the first signer's; and it refuses to change or remove one.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="approvals")
    round = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField()
    official = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="+")
    over = models.CharField(max_length=64)
    key = models.ForeignKey(OfficialKey, on_delete=models.PROTECT, related_name="+")
    evidence = models.TextField()
    at = models.DateTimeField()
    entry = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "round", "place"], name="approval_once_a_place"),
            models.UniqueConstraint(fields=["case", "round", "official"], name="approval_by_two_people"),
            models.CheckConstraint(condition=models.Q(place__in=[1, 2]), name="approval_first_or_second"),
        ]

    def __str__(self) -> str:
        return f"approval {self.place} of case {self.case_id}"


class Opinion(models.Model):
    """Counsel's answer to one question that a group of rows raises. It admits to look-up, never to release."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="opinions")
    rules = models.CharField(max_length=200)  # the rule ids that ask, joined by a space
    decision = models.CharField(max_length=10)
    text = models.TextField()
    rows = models.BigIntegerField()
    counsel = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    entry = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "rules"], name="opinion_once_a_group"),
            models.CheckConstraint(condition=models.Q(decision__in=["admit", "refuse"]), name="opinion_decision"),
        ]

    def __str__(self) -> str:
        return f"opinion {self.pk}"
