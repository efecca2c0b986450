"""Whether an office is fit for work: everything that is looked at by hand otherwise, looked at by one command."""

from __future__ import annotations

import shutil
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection

from counterseal.agreements.versions import versions
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.flow.in_force import entered
from counterseal.ledger.folder import LedgerFolder
from counterseal.ledger.gather import gather
from counterseal.ledger.note import cosigned_at
from counterseal.store.condition import condition
from counterseal.store.ledger_fsck import inspect
from counterseal.store.ledger_triggers import pending_migrations
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.flow.office import Office

LEAST_FREE = 5 * 1024**3
APART = 600
"""Seconds. How far the office's clock may stand from a witness's."""
MAKE_OFFICIALS = 2
"""Administrators that an account takes: one proposes it, another confirms it."""
SOON = 30
"""Days ahead that something which ends is told of."""


class State(StrEnum):
    """What came of one check."""

    SOUND = "sound"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Checked:
    """One check: what was looked at, what came of it, and what to do."""

    name: str
    state: State
    says: str
    next_step: str = ""


def examine(office: Office) -> list[Checked]:
    """Look at everything, and give what came of each check. Changes nothing but the ledger's checkpoint."""
    return [_one(name, check, office) for name, check in CHECKS.items()]


def _one(name: str, check: Callable[[Office], Iterator[Checked]], office: Office) -> Checked:
    try:
        found = list(check(office))
    except (CountersealError, CheckFailedError) as fault:
        return Checked(name, State.BROKEN, fault.message, fault.next_step or "")
    except OSError as fault:
        return Checked(name, State.BROKEN, f"cannot be looked at ({type(fault).__name__})", "Look at the machine.")
    worst = max(found, key=lambda one: list(State).index(one.state))
    return Checked(name, worst.state, "; ".join(one.says for one in found if one.state is worst.state), worst.next_step)


def _database(office: Office) -> Iterator[Checked]:  # noqa: ARG001  # one form for all checks
    pending = pending_migrations(connection)
    if pending:
        yield Checked(
            "",
            State.BROKEN,
            f"{pending} migrations are not applied",
            "Back up, then: counterseal upgrade",
        )
        return
    yield Checked("", State.SOUND, f"{connection.vendor}, tables up to date")


def _ledger(office: Office) -> Iterator[Checked]:
    office.ledger.start()
    size, _ = office.ledger.size_and_root()
    yield Checked("", State.SOUND, f"{size} entries, guarded, durable, of one history with what was published")


def _files(office: Office) -> Iterator[Checked]:
    damage = inspect(office.workspace.ledger, list(office.ledger.keys), check_signature)
    if damage:
        told = "; ".join(f"{one.file or 'database'}: {one.what}" for one in damage[:3])
        yield Checked("", State.BROKEN, told, "counterseal ledger fsck DIR --repair")
        return
    yield Checked("", State.SOUND, "tiles and checkpoint are what the database says")


def _witnesses(office: Office) -> Iterator[Checked]:
    publish_witnessed(office.ledger, office.trust(), office.post)
    if office.workspace.demonstration:
        yield Checked("", State.WARNING, "a quorum cosigns, run by the operator: it proves nothing")
        return
    yield Checked("", State.SOUND, "a quorum cosigns")


def _clock(office: Office) -> Iterator[Checked]:
    """Ask every witness to cosign the newest checkpoint once more: each signs the time that it has."""
    note = office.ledger.newest_checkpoint()
    if note is None:
        yield Checked("", State.WARNING, "nothing was published yet, so no witness says the time")
        return
    gathered = gather(LedgerFolder(office.ledger.folder), office.trust(), office.post, check_signature, note)
    now = int(office.clock.now().timestamp())
    apart = [now - cosigned_at(line) for line in gathered.lines.values()]
    if not apart:
        yield Checked("", State.WARNING, "no witness says the time")
        return
    far = max(apart, key=abs)
    if abs(far) > APART:
        told = f"stands {abs(far) // 60} minutes {'after' if far > 0 else 'before'} what a witness says"
        yield Checked("", State.BROKEN, told, "Enter nothing until it is right: the ledger cannot go back.")
        return
    yield Checked("", State.SOUND, f"within {APART // 60} minutes of the witnesses'")


def _keys(office: Office) -> Iterator[Checked]:
    for path in sorted(office.workspace.root.rglob("*")):
        private = path.is_relative_to(office.workspace.keys) or path.suffix == ".secret"
        if private and path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Checked("", State.BROKEN, f"others may read {path.name}", "chmod 600, and find out who did")
    yield Checked("", State.SOUND, "private files are their owner's alone")


def _disk(office: Office) -> Iterator[Checked]:
    free = shutil.disk_usage(office.workspace.root).free
    state = State.SOUND if free > LEAST_FREE else State.WARNING
    yield Checked("", state, f"{free / 1024**3:.1f} GB free", "A run of 7 million rows needs some 10 GB.")


def _agreements(office: Office) -> Iterator[Checked]:
    known = entered()
    for path in sorted(office.workspace.agreements.glob("*/agreement.md")):
        for agreement in versions(path.parent):
            if (agreement.id, agreement.digest) in known:
                yield Checked("", State.SOUND, f"{agreement.id} {agreement.version}, from {agreement.in_force}")
            else:
                yield Checked(
                    "", State.BROKEN, f"{agreement.id} {agreement.version} is not the one that the ledger has",
                    "Put back what was entered, or propose it and have another adopt it; until then nothing is decided",
                )  # fmt: skip


def _stop_orders(office: Office) -> Iterator[Checked]:  # noqa: ARG001
    orders = condition().unacknowledged_orders
    if orders:
        yield Checked(
            "", State.BROKEN, f"{orders} in force, not yet witnessed", "Reach the witnesses, then: counterseal doctor"
        )
        return
    yield Checked("", State.SOUND, "every one in force is durable and witnessed")


def _cases(office: Office) -> Iterator[Checked]:
    found = condition(now=office.clock.now(), soon=SOON)
    if found.intended:
        yield Checked("", State.WARNING, f"{found.intended} intended and not delivered", "Release them again.")
    if found.overdue:
        yield Checked("", State.WARNING, f"{found.overdue} overdue", "See the queue, overdue only.")
    yield Checked("", State.SOUND, "none overdue, none between intent and delivery")


def _register(office: Office) -> Iterator[Checked]:
    found = condition(now=office.clock.now(), soon=SOON)
    if found.ending:
        yield Checked("", State.WARNING, f"{found.ending} keys or certificates end within {SOON} days", "Renew them.")
    if not found.agencies:
        yield Checked("", State.WARNING, "no agency is registered; every submission is refused", "counterseal agency")
    yield Checked("", State.SOUND, f"{found.agencies} agencies, {found.officers} officers who may receive")


def _registries(office: Office) -> Iterator[Checked]:
    for registry in (Path(path) for path in condition().registries):
        if not (registry / "index.json").is_file():
            yield Checked("", State.BROKEN, f"{registry.name} is not where runs found it", "Put it back.")
            continue
        office.registries.try_key(registry)
        if office.registries.key_path(registry).stat().st_mode & stat.S_IRWXG:
            yield Checked("", State.WARNING, f"a group may read the key of {registry.name}", "chmod 600, or see why")
        if registry.with_name(f"{registry.name}.building").exists():
            yield Checked(
                "", State.WARNING, f"{registry.name} is being built, or a build was killed and left rows in the clear",
                "Where none runs: build it again, or remove the folder REGISTRY.building",
            )  # fmt: skip
    yield Checked("", State.SOUND, "every registry that open cases need is in its place, and its key opens it")


def _administrators(office: Office) -> Iterator[Checked]:
    alive = condition().administrators
    if alive < MAKE_OFFICIALS and not office.workspace.demonstration:
        yield Checked(
            "", State.WARNING, f"{alive} alive; without two no account, code or role is given",
            "Another person's: counterseal administrator NAME",
        )  # fmt: skip
        return
    yield Checked("", State.SOUND, f"{alive} alive")


CHECKS: dict[str, Callable[[Office], Iterator[Checked]]] = {
    "database": _database,
    "ledger": _ledger,
    "ledger files": _files,
    "witnesses": _witnesses,
    "clock": _clock,
    "private files": _keys,
    "disk": _disk,
    "agreements": _agreements,
    "stop orders": _stop_orders,
    "cases": _cases,
    "register": _register,
    "registries": _registries,
    "administrators": _administrators,
}
