"""What the machine did to a command, in one clear line: its database gone, its disk full, its memory spent.

None of it is the caller's fault and none of it is an answer: an act is one transaction, so what was cut did not
happen, and the same command goes on or is refused. Texts of the failures themselves are not repeated, because they
may hold a value of a row or an address with a password.
"""

from __future__ import annotations

import errno

from counterseal.errors import CountersealError, NotLoadedError

FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
LOCKED = "locked"
AGAIN = "What was cut did not happen: give the same command again, and it goes on or says that it was done."


def machine_failure(failure: BaseException) -> CountersealError | None:
    """Give the plain word for a failure of the machine, or None when it is something else.

    A failure that came out of another counts as that other: memory spent while the disk's fault was told, say.
    """
    seen: set[int] = set()
    following: BaseException | None = failure
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        if (told := _told(following)) is not None:
            return told
        following = following.__cause__ or following.__context__
    if isinstance(failure, NotLoadedError):
        return CountersealError(
            "not-loaded", "A part of this program could not be loaded.",
            next_step=f"If memory was short: {AGAIN[0].lower()}{AGAIN[1:]} Else install it anew.",
        )  # fmt: skip
    return None


def _told(failure: BaseException) -> CountersealError | None:
    from django.db import DatabaseError, InterfaceError, OperationalError  # only when something failed

    if isinstance(failure, MemoryError) or "start new thread" in str(failure) or _errno(failure) == errno.ENOMEM:
        return CountersealError("memory-spent", "The machine has no memory left for this.", next_step=AGAIN)
    if _errno(failure) in FULL or (isinstance(failure, DatabaseError) and "disk is full" in str(failure)):
        return CountersealError("disk-full", "The disk is full.", next_step=f"Make room. {AGAIN}")
    if isinstance(failure, OperationalError) and LOCKED in str(failure):
        return CountersealError("database-locked", "Another program holds the database.", next_step=AGAIN)
    if isinstance(failure, OperationalError | InterfaceError):
        return CountersealError(
            "database-gone", "The database did not answer, or is not there.",
            next_step=f"See that it runs and is in its place. {AGAIN}",
        )  # fmt: skip
    if _errno(failure) is not None:
        return CountersealError(
            "file-failed", f"A file could not be read or written ({type(failure).__name__}).", next_step=AGAIN
        )
    return None


def _errno(failure: BaseException) -> int | None:
    return failure.errno if isinstance(failure, OSError) else None
