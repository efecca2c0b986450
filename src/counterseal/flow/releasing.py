"""From two signatures to a sealed package: everything is read again inside the intent's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.case import CaseAct, next_state
from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.flow.casework import ready_to_sign
from counterseal.flow.orders import is_stopped
from counterseal.flow.release import Gate, intend, release_answer
from counterseal.ledger.intent import Approval
from counterseal.store.asker import is_withdrawn
from counterseal.store.casework import add_event, held_case, move_case, signatures
from counterseal.store.register import roots_of, safeguards_in_force
from counterseal.store.submissions import answered_at
from counterseal.vault.certificates import certificate_bytes
from counterseal.vault.durable import make_folder, worked_on_alone, write_durably

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.flow.casework import Ready
    from counterseal.flow.office import Office
    from counterseal.ledger.intent import Release
    from counterseal.store.casework import CaseHeld, Signed

PLACES = {1: Role.SPECIALIST, 2: Role.RELEASING}


@dataclass(frozen=True)
class CaseOffice:
    """What the intent's transaction reads again, for one case."""

    office: Office
    ready: Ready

    def stopped(self, release: Release) -> bool:  # noqa: ARG002  # the case says which orders reach it
        """Tell whether a stop order in force reaches the case."""
        return is_stopped(self.office, held_case(self.ready.case.id))

    def holds(self, release: Release) -> bool:
        """Tell whether case, answer, recipients and the agency's safeguards are what was signed for.

        A batch that was answered as a whole releases nothing more: that would tell its late row from the rest.
        Nor does one that its agency withdrew, although the intent was entered before.
        """
        held = held_case(self.ready.case.id)
        now = ready_to_sign(self.office, held.id).release
        signed = (held.case_sha256, held.answer_sha256, sorted(held.recipients))
        return (
            now == release
            and signed == (release.case, release.answer, sorted(release.recipients))
            and bool(held.determination)
            and answered_at(held.submission) is None
            and self._may_have_it(held)
        )

    def still_fit(self, held: CaseHeld) -> None:
        """Look once more, with the delivery, at what the sealer cannot see. Raises CountersealError ``predicates``."""
        if not self._may_have_it(held):
            raise CountersealError("predicates", "The agency withdrew its request, or its safeguards are not in force.")

    def _may_have_it(self, held: CaseHeld) -> bool:
        today = self.office.clock.now().date()
        return not is_withdrawn(held.agency, held.submission) and safeguards_in_force(held.agency, today=today)

    def may_approve(self, approval: Approval) -> bool:
        """Tell whether the signer still has the part in which they signed, and the key is still theirs.

        A key that was entered anew after it signed belongs to somebody whose role changed meanwhile.
        """
        return any(
            one.entry == approval.entry
            and one.active
            and not one.key_ended
            and one.enrolled < one.entry
            and PLACES.get(one.place) is one.role
            for one in self._signed()
        )

    def approvals(self, release: Release) -> list[Approval]:
        """Give the signatures of this round over this release."""
        signed = (one for one in self._signed() if one.over == release.digest)
        return [Approval(one.key_sha256, one.over, one.entry, one.role.value) for one in signed]

    def _signed(self) -> list[Signed]:
        held = held_case(self.ready.case.id)
        return signatures(held.id, held.round)


def release_case(office: Office, case: int) -> Path:
    """Release a case that two people signed; give the package's path.

    Begun again after a cut it makes its intent anew, and a package stands under its release's digest, once. One
    process or thread of this machine at a time does it: two would each seal, and the slower one would write over what
    the other delivered. Raises CountersealError ``stopped``, ``predicates``, ``approvals``, ``sealer``, ``overtaken``
    or ``being-worked-on``, CheckFailedError ``quorum``.
    """
    with worked_on_alone(office.workspace.root / "unfinished" / f"release-{case}"):
        return _release(office, case)


def _release(office: Office, case: int) -> Path:
    ready = ready_to_sign(office, case)
    intended = next_state(ready.case.state, CaseAct.INTEND)
    office.trust()
    people = CaseOffice(office, ready)

    def keep_intent(entry: int) -> None:
        add_event(case, "intend", None, at=office.clock.now(), entry=entry)
        move_case(held_case(case), intended, intent_entry=entry)

    def keep_delivery(entry: int) -> None:
        held = held_case(case)
        state = next_state(held.state, CaseAct.DELIVER)
        people.still_fit(held)
        add_event(case, "deliver", None, at=office.clock.now(), entry=entry)
        move_case(held, state, delivered_entry=entry)

    index = intend(office.ledger, people, ready.release, keep_intent)
    certificates = [certificate_bytes(one.certificate) for one in ready.file.officers]
    publish_roots(office, ready.case.agency)
    return release_answer(_gate(office), ready.release, ready.file.reviewed, index, certificates, keep_delivery)


def publish_roots(office: Office, agency: str) -> None:
    """Write the agency's authorities in force today where the sealer reads them.

    Where the sealer runs as its own user the folder is that user's, and those who confirm a root write it.
    """
    roots = roots_of(agency, today=office.clock.now().date())
    write_durably(office.workspace.agencies / f"{agency}.pem", "".join(f"{one.strip()}\n" for one in roots).encode())


def _gate(office: Office) -> Gate:
    workspace = office.workspace
    make_folder(workspace.packages, mode=0o700)
    return Gate(office.ledger, office.trust(), office.post, office.sealer, workspace.packages)
