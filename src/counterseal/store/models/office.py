"""Officials, agencies and the orders that stop the office."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac

from counterseal.core.official import Role


def _one_of(field: str, values: list[str], name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": values}), name=name)


class Official(AbstractUser):
    """A person who may sign in: one role, given by an administrator, never by oneself."""

    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    agency = models.ForeignKey("store.Agency", null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        constraints: ClassVar = [_one_of("role", [role.value for role in Role], "official_has_a_role")]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Bind a session to the role and to the account's being alive: when either changes, the session is dead."""
        about = f"{self.password}\0{self.role}\0{self.is_active}"
        return salted_hmac("counterseal.official.session", about, secret=secret, algorithm="sha256").hexdigest()

    def __str__(self) -> str:
        return f"official {self.pk}"


class Agency(models.Model):
    """What the custodian holds on file about a requesting agency (26 U.S.C. 6103(p)(4))."""

    id = models.CharField(max_length=40, primary_key=True)
    title = models.CharField(max_length=200)
    names = models.JSONField(default=list)
    safeguards_in_force = models.BooleanField(default=False)
    safeguards_until = models.DateField(null=True, blank=True)  # the last day; nothing is in force without one
    registered_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class StopOrder(models.Model):
    """An order that stops disclosure, in its own words. Lifted, never deleted."""

    class Scope(models.TextChoices):
        """What an order reaches."""

        EVERYTHING = "everything"
        AGENCY = "agency"
        AGREEMENT = "agreement"
        STATUTE = "statute"
        SUBMISSION = "submission"
        PERSON = "person"

    scope = models.CharField(max_length=20, choices=Scope.choices)
    reaches = models.CharField(max_length=200, blank=True, default="")
    person = models.BinaryField(blank=True, default=b"")  # the taxpayer number, sealed; ``reaches`` commits to it
    authority = models.TextField()
    issued_by = models.CharField(max_length=150, blank=True, default="")
    issued_at = models.DateTimeField()
    issue_entry = models.BigIntegerField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)  # durable and witnessed
    lift_asked_by = models.CharField(max_length=150, blank=True, default="")
    lift_asked_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_authority = models.TextField(blank=True, default="")
    lift_entry = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            _one_of(
                "scope",
                ["everything", "agency", "agreement", "statute", "submission", "person"],
                "stop_order_scope",
            ),
            models.CheckConstraint(
                condition=models.Q(lifted_at=None)
                | (
                    ~models.Q(lift_asked_by="")
                    & ~models.Q(lifted_by="")
                    & ~models.Q(lifted_by=models.F("lift_asked_by"))
                ),
                name="stop_order_lifted_by_two",
            ),
            models.CheckConstraint(
                condition=models.Q(scope="everything", reaches="")
                | (~models.Q(scope="everything") & ~models.Q(reaches="")),
                name="stop_order_reaches_something",
            ),
        ]

    def __str__(self) -> str:
        return f"stop order {self.pk}"
