"""The release protocol as a small model, small enough to try every state of it.

One request. The ledger is a sequence of entries (an approval by one of three people of one version of the
content, a stop, an intent, a change of the third person's role); a prefix of it is durable. The first person is a
specialist, the second a releasing official, the third a specialist until the first change, a releasing official
until the next, and so on. The content can be narrowed once. A crash loses what
is not durable, and nothing that is outside: a sent answer, an acknowledged stop. The same model stands as
TLA+ in ``docs/design/release.tla``; TLC and this file must count the same states.

Properties, whenever an answer leaves: P1 no acknowledged stop; P2 its intent is durable; P3 the law's
conditions hold for the version sent; P4 a specialist and a releasing official approved exactly that version before
the intent, and neither's role changed between their approval and the intent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE = (1, 2, 3)
MOVER = 3
SPECIALIST, RELEASING = 1, 2
FAULTS = (
    "sends before the intent is durable",
    "checks for a stop outside the step that sends",
    "counts approvals and not people",
    "forgets stops at a restart",
    "takes an approval of another version",
    "acknowledges a stop before it is durable",
    "does not check the conditions again after narrowing",
    "counts people and not roles",
    "takes an approval made in a role that was left",
    "takes the role of today for an approval of yesterday",
)

Entry = tuple[str, int, int]
"""Kind (``a``pproval, ``s``top, ``i``ntent, ``r``ole changed), person or 0, version or 0."""


class State(NamedTuple):
    """All there is. ``sent`` is the version that left, or -1."""

    ledger: tuple[Entry, ...]
    durable: int
    version: int
    holds: tuple[bool, bool]
    sent: int
    acknowledged: bool
    crashes: int


STOP: Entry = ("s", 0, 0)
CHANGE: Entry = ("r", MOVER, 0)


def first_states() -> list[State]:
    """The conditions hold for the content as it is; for the narrowed content they may or may not."""
    return [State((), 0, 0, (True, narrowed), -1, False, 0) for narrowed in (False, True)]


def role_of(person: int, ledger: tuple[Entry, ...]) -> int:
    """In which role a person is after these entries."""
    if person != MOVER:
        return person
    return RELEASING if ledger.count(CHANGE) % 2 else SPECIALIST


def approved_as(ledger: tuple[Entry, ...], version: int, fault: str = "") -> set[int]:
    """The roles in which this version is approved, by people who have had that role ever since."""
    changed = max((place for place, entry in enumerate(ledger) if entry == CHANGE), default=-1)
    roles = set()
    for place, (kind, person, of) in enumerate(ledger):
        if kind == "a" and (of == version or fault == FAULTS[4]):
            if person != MOVER or place > changed or fault == FAULTS[8]:
                roles.add(role_of(person, ledger[:place]))
            elif fault == FAULTS[9]:
                roles.add(role_of(person, ledger))
    return roles


def may_intend(state: State, fault: str) -> bool:
    """Whether the gateway makes an intent now."""
    ledger = state.ledger
    if STOP in ledger and not (fault == FAULTS[3] and state.crashes) and fault != FAULTS[1]:
        return False
    if not state.holds[0 if fault == FAULTS[6] else state.version]:
        return False
    approved = [person for kind, person, of in ledger if kind == "a" and of == state.version]
    if fault == FAULTS[2]:
        return len(approved) >= 2
    if fault == FAULTS[7]:
        return len(set(approved)) >= 2
    return len(approved_as(ledger, state.version, fault)) == 2


def may_send(state: State, place: int, fault: str) -> bool:
    """Whether the sealer lets the answer of the intent at ``place`` go."""
    if fault != FAULTS[0] and place >= state.durable:
        return False
    forgotten = fault == FAULTS[1] or (fault == FAULTS[3] and state.crashes > 0)
    return forgotten or STOP not in state.ledger


def steps(state: State, entries: int, crashes: int, fault: str = "") -> Iterator[tuple[str, int, State]]:
    """Give every step that can be taken: its name, its argument, the state after it."""
    ledger, version = state.ledger, state.version
    if len(ledger) < entries:
        for person in PEOPLE:
            yield "approve", person, state._replace(ledger=(*ledger, ("a", person, version)))
        yield "stop", 0, state._replace(ledger=(*ledger, STOP))
        yield "change", 0, state._replace(ledger=(*ledger, CHANGE))
        if may_intend(state, fault):
            yield "intend", 0, state._replace(ledger=(*ledger, ("i", 0, version)))
    if version == 0:
        yield "narrow", 0, state._replace(version=1)
    if state.durable < len(ledger):
        yield "sync", 0, state._replace(durable=len(ledger))
    stops = ledger if fault == FAULTS[5] else ledger[: state.durable]
    if not state.acknowledged and STOP in stops:
        yield "acknowledge", 0, state._replace(acknowledged=True)
    if state.sent < 0:
        for place, (kind, _, of) in enumerate(ledger):
            if kind == "i" and may_send(state, place, fault):
                yield "send", place, state._replace(sent=of)
    if state.crashes < crashes:
        yield "crash", 0, state._replace(ledger=ledger[: state.durable], crashes=state.crashes + 1)


def wrong(state: State, place: int) -> str:
    """Name the property that sending the intent at ``place`` breaks; empty when it breaks none."""
    version = state.ledger[place][2]
    if state.acknowledged:
        return "P1"
    if place >= state.durable:
        return "P2"
    if not state.holds[version]:
        return "P3"
    return "" if len(approved_as(state.ledger[:place], version)) == 2 else "P4"


def explore(entries: int, crashes: int, fault: str = "") -> tuple[int, str]:
    """Try every state, breadth first. Give how many there are, and the first property broken."""
    seen = set(first_states())
    front = list(seen)
    while front:
        following = []
        for state in front:
            for name, argument, after in steps(state, entries, crashes, fault):
                if name == "send" and (broken := wrong(state, argument)):
                    return len(seen), broken
                if after not in seen:
                    seen.add(after)
                    following.append(after)
        front = following
    return len(seen), ""
