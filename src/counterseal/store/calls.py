"""Calls of agencies' programs: tokens that were taken, how many calls, what was answered to a repeated one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F

from counterseal.store.models import CallCount, IdempotentCall, SpentToken

if TYPE_CHECKING:
    from datetime import datetime

KEPT_FOR = 86_400
"""Seconds for which an answer is given again to the same call."""


def spend_token(key: int, sha256: str, expires: int, now: int) -> bool:
    """Take a token once; False when it was taken before. Tokens whose time is up are forgotten."""
    SpentToken.objects.filter(expires__lt=now).delete()
    try:
        with transaction.atomic():
            SpentToken.objects.create(key_id=key, sha256=sha256, expires=expires)
    except IntegrityError:
        return False
    return True


def count_call(agency: str, minute: int) -> int:
    """Count one call within a minute since the epoch; give how many there are now."""
    CallCount.objects.filter(agency_id=agency, minute__lt=minute).delete()
    count, _ = CallCount.objects.get_or_create(agency_id=agency, minute=minute)
    CallCount.objects.filter(pk=count.pk).update(calls=F("calls") + 1)
    count.refresh_from_db()
    return count.calls


def remembered(agency: str, name: str) -> tuple[str, int, str] | None:
    """Give digest of the request, status and answer of an earlier call under this name, or None."""
    found = IdempotentCall.objects.filter(agency_id=agency, name=name).first()
    return None if found is None else (found.request_sha256, found.status, found.answer)


def remember(agency: str, name: str, request_sha256: str, status: int, answer: str, at: datetime) -> None:
    """Keep what was answered; the first answer stands."""
    IdempotentCall.objects.get_or_create(
        agency_id=agency,
        name=name,
        defaults={"request_sha256": request_sha256, "status": status, "answer": answer, "at": at},
    )


def forget(before: datetime) -> None:
    """Forget answers given before a moment."""
    IdempotentCall.objects.filter(at__lt=before).delete()
