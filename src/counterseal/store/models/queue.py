"""What an official keeps of the queue: a choice of filters under a name."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from counterseal.store.models.office import Official


class SavedFilter(models.Model):
    """A named set of filters. ``query`` is the queue's own address after the question mark; it names no person."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=300)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["official", "name"], name="saved_filter_once")]

    def __str__(self) -> str:
        return f"saved filter {self.pk}"
