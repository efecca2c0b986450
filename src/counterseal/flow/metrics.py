"""Counts for a collector, in Prometheus' text form: how an office stands, and nothing of whom it is about.

Labels are words of this product alone: the name of a check, the state of a case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.flow.doctor import SOON, State
from counterseal.store.condition import cases_by_state, condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.flow.doctor import Checked
    from counterseal.flow.office import Office

SEVERITY = {State.SOUND: 0, State.WARNING: 1, State.BROKEN: 2}


def metrics(office: Office, found: Iterable[Checked]) -> str:
    """Give the text (exposition format 0.0.4): each check's severity, cases by state, the ledger's size and more."""
    return "".join(_lines(office, list(found)))


def _lines(office: Office, found: list[Checked]) -> Iterator[str]:
    counted = condition(now=office.clock.now(), soon=SOON)
    yield from _gauge(
        "check", "0 sound, 1 warning, 2 broken.", {f'{{check="{one.name}"}}': SEVERITY[one.state] for one in found}
    )
    yield from _gauge("cases", "Cases by state.", {f'{{state="{s}"}}': n for s, n in cases_by_state().items()})
    single = {
        "ledger_entries": ("Entries of the ledger.", office.ledger.size_and_root()[0]),
        "cases_overdue": ("Cases past their day whose clock runs.", counted.overdue),
        "cases_intended": ("Cases between intent and delivery.", counted.intended),
        "stop_orders_unacknowledged": ("Stop orders not yet witnessed.", counted.unacknowledged_orders),
        "registrations_ending": (f"Keys and certificates that end within {SOON} days.", counted.ending),
        "looked_at_seconds": ("When this was counted, Unix time.", int(office.clock.now().timestamp())),
    }
    for name, (says, value) in single.items():
        yield from _gauge(name, says, {"": value})


def _gauge(name: str, says: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# HELP counterseal_{name} {says}\n# TYPE counterseal_{name} gauge\n"
    yield from (f"counterseal_{name}{label} {value}\n" for label, value in values.items())
