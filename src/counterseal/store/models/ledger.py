"""The ledger's authority: what the tiles are derived from. Append-only, by triggers, on both databases."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


def kept_bytes(value: object) -> bytes:
    """Give the bytes that the database holds; none where it holds something else in their place.

    SQLite keeps a value of any type in a column; what was never bytes then hashes to nothing that was entered.
    """
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


class LedgerEntry(models.Model):
    """One entry's bytes as they were made. ``peaks`` are the tree's complete subtrees after it."""

    index = models.IntegerField(primary_key=True)  # the row id itself in SQLite: one page less to write
    kind = models.CharField(max_length=32)
    at = models.DateTimeField()
    entry = models.BinaryField()
    peaks = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.index} {self.kind}"


class LedgerCheckpoint(models.Model):
    """A tree head that the log has signed: one a size, so two writers cannot sign two."""

    size = models.IntegerField(primary_key=True)
    at = models.DateTimeField()
    note = models.TextField()

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class LedgerCosignature(models.Model):
    """A witness's signature line under a checkpoint."""

    checkpoint = models.ForeignKey(LedgerCheckpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=255)
    line = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["checkpoint", "witness"], name="ledger_cosignature_once")
        ]

    def __str__(self) -> str:
        return f"{self.witness} on {self.checkpoint_id}"


class LedgerOpening(models.Model):
    """What opens one commitment, sealed. May be destroyed; the entry then stays closed for good.

    ``salt_sha256`` is unique: a generator that repeats itself (a machine that was copied or resumed)
    is caught when it happens.
    """

    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="openings")
    field = models.CharField(max_length=64)
    salt_sha256 = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["entry", "field"], name="ledger_opening_once")]

    def __str__(self) -> str:
        return f"opening of {self.field} at {self.entry_id}"
