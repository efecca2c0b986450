"""What the interface for agencies keeps: uploads, what is held for a person, tokens that were used, calls made."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from counterseal.store.models.office import Agency
from counterseal.store.models.register import AgencyKey


class Hold(models.Model):
    """A submission held for a person before anything of it is judged. One a manifest; released, never deleted."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    submission = models.CharField(max_length=64)
    manifest_sha256 = models.CharField(max_length=64, unique=True)
    reasons = models.JSONField()
    held_at = models.DateTimeField()
    hold_entry = models.BigIntegerField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=150, blank=True, default="")
    release_entry = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"hold {self.pk}"


class Upload(models.Model):
    """A submission on its way in. Its bytes stand in the inbox; ``offset`` of them are durable."""

    class State(models.TextChoices):
        """How far it has come, from the agency's side of the door."""

        OPEN = "open"
        COMPLETE = "complete"
        HELD = "held"
        TAKEN = "taken"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    id = models.CharField(max_length=32, primary_key=True)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="uploads")
    key = models.ForeignKey(AgencyKey, null=True, on_delete=models.PROTECT, related_name="+")
    submission = models.CharField(max_length=64)
    rows = models.CharField(max_length=110)  # the file's name
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    offset = models.BigIntegerField(default=0)
    cures = models.CharField(max_length=64, blank=True, default="")  # the submission whose rows this one mends
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    refused = models.CharField(max_length=40, blank=True, default="")  # the code of the error
    opened_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "complete", "held", "taken", "refused", "withdrawn"]),
                name="upload_state",
            ),
            models.CheckConstraint(
                condition=models.Q(size__gt=0, offset__gte=0, offset__lte=models.F("size")), name="upload_offset"
            ),
            models.UniqueConstraint(
                fields=["agency", "submission"],
                condition=models.Q(state__in=["open", "complete", "held", "taken"]),
                name="upload_once",
            ),
        ]

    def __str__(self) -> str:
        return f"upload {self.pk}"


class Withdrawal(models.Model):
    """An agency wants a submission no more: what has not been released ends with it."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    submission = models.CharField(max_length=64)
    at = models.DateTimeField()
    entry = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agency", "submission"], name="withdrawn_once")]

    def __str__(self) -> str:
        return f"withdrawal {self.pk}"


class SpentToken(models.Model):
    """A token that was taken, until its time is up: the same one is not taken again."""

    key = models.ForeignKey(AgencyKey, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    expires = models.BigIntegerField()  # seconds since the epoch

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "sha256"], name="token_once")]

    def __str__(self) -> str:
        return f"token of key {self.key_id}"


class IdempotentCall(models.Model):
    """What was answered to a call that may be repeated: a repetition is given the same answer, and does nothing."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=64)  # SHA-256 of the key that the caller chose
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agency", "name"], name="call_once")]

    def __str__(self) -> str:
        return f"call {self.pk}"


class CallCount(models.Model):
    """How many calls an agency has made within one minute since the epoch."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    minute = models.BigIntegerField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agency", "minute"], name="calls_a_minute")]

    def __str__(self) -> str:
        return f"calls in minute {self.minute}"
