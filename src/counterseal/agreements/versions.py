"""The versions of one agreement: the one in force on the day a request was signed decides it.

The first version lies in the agreement's folder, each later one in ``versions/<version>/`` beside it, whole: the
document, its tables, its conditions of use. None is ever changed or taken away, so that what was decided can be
explained by the words that decided it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from counterseal.agreements.document import load_agreement
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from counterseal.agreements.model import Agreement

VERSIONS = "versions"
ENDED = "ended"
KEPT = ("id", "custodian", "requester")
"""What no amendment changes: another agreement would be made."""


def versions(folder: Path) -> tuple[Agreement, ...]:
    """Read every version of the agreement in ``folder``, the earliest first.

    Raises CountersealError ``agreement`` for one that cannot be read, and ``agreement-versions`` where their order is
    not one: a day or a number twice, a later number in force earlier, another agreement's document, a folder of
    another name than its version.
    """
    laid = sorted(one.parent for one in (folder / VERSIONS).glob("*/agreement.md"))
    found = [load_agreement(folder), *(load_agreement(one) for one in laid)]
    for one in found[1:]:
        if one.path.parent.name != one.version:
            raise _disordered(one, f"its folder is named {one.path.parent.name}")
    found.sort(key=lambda one: one.in_force)
    for earlier, later in pairwise(found):
        refuse_as_amendment(earlier, later)
    return tuple(found)


def refuse_as_amendment(earlier: Agreement, later: Agreement) -> None:
    """Raise CountersealError ``agreement-versions`` unless ``later`` can follow ``earlier``."""
    if changed := [name for name in KEPT if getattr(earlier, name) != getattr(later, name)]:
        raise _disordered(later, f"its {changed[0]} is another than that of version {earlier.version}")
    if later.in_force <= earlier.in_force:
        raise _disordered(later, f"it is not in force later than version {earlier.version} ({earlier.in_force})")
    if number(later) <= number(earlier):
        raise _disordered(later, f"its number does not follow {earlier.version}")


def number(agreement: Agreement) -> tuple[int, ...]:
    """Give the three numbers of a version."""
    return tuple(int(part) for part in agreement.version.split("."))


def version_on(found: Sequence[Agreement], day: date) -> Agreement:
    """Give the version in force on a day: the last whose own day has come.

    Raises CountersealError ``agreement-not-in-force`` before the first of them, and ``agreement-ended`` from the day
    of a version whose status is ``ended``.
    """
    reached = [one for one in found if one.in_force <= day]
    if not reached:
        raise CountersealError(
            "agreement-not-in-force",
            f"No version of the agreement {found[0].id} was in force on {day}, when the request was signed.",
            where="manifest.json, signed_on",
            next_step=f"The first is in force from {found[0].in_force}.",
        )
    if reached[-1].status == ENDED:
        raise CountersealError(
            "agreement-ended",
            f"The agreement {found[0].id} ended on {reached[-1].in_force}, and the request was signed on {day}.",
            where="manifest.json, signed_on",
            next_step="Nothing that is signed after the end is answered.",
        )
    return reached[-1]


def law_on(document: Path, day: date) -> Agreement:
    """Give the law for a request signed on a day: of a folder the version in force, of a file that very document.

    Raises CountersealError as ``versions`` and ``version_on``.
    """
    return version_on(versions(document), day) if document.is_dir() else load_agreement(document)


def _disordered(one: Agreement, why: str) -> CountersealError:
    return CountersealError(
        "agreement-versions",
        f"Version {one.version} of the agreement {one.id} does not follow: {why}.",
        where=f"{one.path.parent.name}/{one.path.name}",
        next_step="Versions follow one another by number and by day: see docs/law/amending.md.",
    )
