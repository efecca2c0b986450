"""Submissions as received, and the cases that they opened."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from counterseal.core.case import CaseState
from counterseal.store.models.office import Agency, Official


class Submission(models.Model):
    """One request file, received once. Its rows stand in the batch folder, never here."""

    class State(models.TextChoices):
        """How far the run has come; each step is an entry in the ledger."""

        RECEIVED = "received"
        DETERMINED = "determined"

    id = models.CharField(max_length=64, primary_key=True)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    agreement = models.CharField(max_length=80)
    agreement_version = models.CharField(max_length=20)
    agreement_digest = models.CharField(max_length=64)
    manifest_sha256 = models.CharField(max_length=64, unique=True)
    rows_sha256 = models.CharField(max_length=64)
    row_count = models.BigIntegerField()
    signed_on = models.DateField()
    received_on = models.DateField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.RECEIVED)
    outcomes = models.JSONField(default=dict)
    registry = models.TextField(blank=True, default="")  # the folder that was looked into
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=["received", "determined"]), name="submission_state"),
            models.CheckConstraint(condition=models.Q(row_count__gt=0), name="submission_has_rows"),
        ]

    def __str__(self) -> str:
        return self.id


class Case(models.Model):
    """One person in one submission: reviewable, and nothing more until two people have signed."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT)
    row = models.BigIntegerField()
    state = models.CharField(
        max_length=20, choices=[(state.value, state.value) for state in CaseState], default=CaseState.OPEN
    )
    opened_at = models.DateTimeField()
    round = models.PositiveSmallIntegerField(default=1)  # signatures are made anew after a stop or a hold
    assignee = models.ForeignKey(Official, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    offered_to = models.ForeignKey(Official, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)  # the office's own clock
    legal_due_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    legal_paused_at = models.DateTimeField(null=True, blank=True)
    determination = models.TextField(blank=True, default="")  # of 26 U.S.C. 6103(i)(6), in the specialist's words
    case_sha256 = models.CharField(max_length=64, blank=True, default="")
    answer_sha256 = models.CharField(max_length=64, blank=True, default="")
    recipients = models.JSONField(default=list)  # SHA-256 of each named officer's certificate
    intent_entry = models.BigIntegerField(null=True, blank=True)
    delivered_entry = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="case_queue")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "row"], name="one_case_a_row"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in CaseState]), name="case_state"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["signed_once", "signed_twice", "intended", "released"])
                | (~models.Q(determination="") & ~models.Q(case_sha256="") & ~models.Q(answer_sha256="")),
                name="case_signed_over_something",
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"
