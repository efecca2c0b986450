"""A demonstration at work: officers who can receive, and a case in every state that acts lead to.

Everything is done through the acts themselves, by made-up officials with passkeys in software whose seeds are
forgotten when this returns. The people who sign in have none: whoever tries the pages enrols their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from counterseal.core.official import Role
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow import casework, orders
from counterseal.flow.casefile import one_row
from counterseal.flow.casework import Site, ready_to_sign, sign_first, sign_second
from counterseal.flow.people import enrol_key
from counterseal.flow.releasing import release_case
from counterseal.store.casework import held_case, official_named
from counterseal.store.officials import add_official
from counterseal.store.queue import Sought, queue_page
from counterseal.store.register_demonstration import enter_officers, submissions_of_agencies
from counterseal.store.submissions import one_act
from counterseal.vault.authority import OFFICER_LASTS, DemonstrationAuthority
from counterseal.vault.certificates import certificate_sha256
from counterseal.vault.durable import write_durably
from counterseal.vault.passkeys import SoftPasskey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal.flow.office import Office

FOLDER = "demonstration-officers"
STAFF = (
    ("specialist", Role.SPECIALIST), ("dana", Role.SPECIALIST), ("releasing", Role.RELEASING), ("lee", Role.RELEASING),
    ("counsel", Role.COUNSEL),
)  # fmt: skip
"""Two specialists and two releasing officials; one of each signs in, the other has been at work before."""
NEEDED = 10
LOOKED_AT = 60
TIN_DIGITS = 9
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
SITE = Site("http://localhost:8000", "localhost")
SAID = "The file was read for what would identify an informant or impair a tax investigation; there is nothing."


@dataclass(frozen=True)
class _Staging:
    """The office with those who work in it."""

    office: Office
    ids: Mapping[str, int]
    keys: Mapping[str, SoftPasskey]

    def taken(self, case: int) -> None:
        casework.take(self.office, case, self.ids["specialist"])

    def reviewed(self, case: int) -> None:
        casework.take(self.office, case, self.ids["dana"])
        casework.determine(self.office, case, self.ids["dana"], SAID)

    def signed(self, case: int) -> None:
        self.reviewed(case)
        self._sign(case, "dana", sign_first)

    def signed_twice(self, case: int) -> None:
        self.signed(case)
        self._sign(case, "lee", sign_second)

    def released(self, case: int) -> None:
        self.signed_twice(case)
        release_case(self.office, case)

    def cut(self, case: int) -> None:
        """Leave a release as a cut would: intended, witnessed, and not sealed."""

        def rests(request: Mapping[str, object], package: Path) -> None:  # noqa: ARG001  # the sealer's interface
            raise CountersealError("sealer", "The demonstration lets the sealer rest here.")

        self.signed_twice(case)
        try:
            release_case(replace(self.office, sealer=rests), case)
        except CountersealError as error:
            if error.code != "sealer":
                raise

    def refused(self, case: int) -> None:
        self.reviewed(case)
        casework.refuse(self.office, case, self.ids["dana"], "The order of removal was vacated.")

    def returned(self, case: int) -> None:
        self.reviewed(case)
        casework.return_for_cure(self.office, case, self.ids["dana"], "The court's order is not among the papers.")

    def held(self, case: int) -> None:
        self.taken(case)
        casework.hold(self.office, case, self.ids["specialist"], "Counsel asks the agency for the order's text.")

    def offered(self, case: int) -> None:
        self.reviewed(case)
        casework.hand_over(self.office, case, self.ids["dana"], self.ids["specialist"])

    def stopped(self, case: int) -> None:
        """Stop one person, by an order on their number."""
        self.reviewed(case)
        held = held_case(case)
        row = one_row(
            self.office.files, self.office.workspace.batch(SubmissionId(held.submission)) / "rows.parquet", held.row
        )
        orders.issue(self.office, "person", str(row["tin"]), "Demonstration: a court's order on one person.", "counsel")

    def _sign(self, case: int, name: str, act: Callable[..., None]) -> None:
        digest = bytes.fromhex(ready_to_sign(self.office, case).release.digest)
        given = self.keys[name].sign(digest, origin=SITE.origin, rp_id=SITE.rp_id)
        act(self.office, case, self.ids[name], self.keys[name].credential, given, SITE)


def stage(office: Office) -> dict[int, str]:
    """Register the officers and bring cases into every state; give each case with where it stands.

    Raises CountersealError ``not-a-demonstration`` in any other workspace. A submission with too few cases leaves
    the later states out.
    """
    if not office.workspace.demonstration:
        raise CountersealError("not-a-demonstration", "Only a demonstration is staged.")
    register_demonstration_officers(office)
    staging = _staffed(office)
    cases = _cases(office)
    acts = (
        staging.taken, staging.signed, staging.signed_twice, staging.released, staging.cut, staging.refused,
        staging.returned, staging.held, staging.offered, staging.stopped,
    )  # fmt: skip
    for case, act in zip(cases, acts, strict=False):
        act(case)
    return {case: held_case(case).state.value for case in cases[: len(acts)]}


def register_demonstration_officers(office: Office) -> None:
    """Make an authority and a certificate for every officer whom a request names; the keys are kept in a folder."""
    folder = office.workspace.root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    authority = DemonstrationAuthority("Demonstration authority: proves nothing", office.clock.now())
    write_durably(folder / "authority.pem", authority.certificate.encode())
    for agency, names in _named(office).items():
        issued = {name: authority.issue(name) for name in sorted(names)}
        for name, one in issued.items():
            write_durably(folder / f"{name}.pem", one.certificate.encode())
            write_durably(folder / f"{name}.key", one.key, mode=0o600)
        told = {name: (one.certificate, certificate_sha256(one.certificate)) for name, one in issued.items()}
        with one_act():
            office.ledger.lock()
            entry = office.ledger.append(
                "role", {"act": "officers registered", "agency": agency, "keys": [sha for _, sha in told.values()]}
            )
            root = (authority.certificate, certificate_sha256(authority.certificate))
            enter_officers(agency, root, told, at=office.clock.now(), entry=entry, lasts=OFFICER_LASTS)
        office.ledger.publish()


def _named(office: Office) -> dict[str, set[str]]:
    """Give, by agency, the officers whom its requests name."""
    found: dict[str, set[str]] = {}
    for submission, agency in submissions_of_agencies():
        path = office.workspace.batch(SubmissionId(submission)) / "rows.parquet"
        with office.files.open(path) as file:
            officers = pq.read_table(file, columns=["officers"]).column("officers").unique().to_pylist()
        for row in officers:
            names = {one.strip() for one in (row or "").split(";")}
            found.setdefault(agency, set()).update(one for one in names if PLAIN.fullmatch(one))
    return found


def _staffed(office: Office) -> _Staging:
    ids, keys = {}, {}
    for name, role in STAFF:
        with one_act():
            if add_official(name, role):
                office.ledger.append("role", {"role": role.value, "act": "given"}, {"official": name})
        ids[name] = official_named(name)
    for name in ("dana", "lee"):
        keys[name] = SoftPasskey(office.entropy(32))
        enrol_key(office, ids[name], keys[name].credential, keys[name].public_key)
    return _Staging(office, ids, keys)


def _cases(office: Office) -> list[int]:
    """Give open cases that could be signed and have a number, the first of the queue."""
    page = queue_page(Sought(state="open"), 0, now=office.clock.now(), after=None, before=None, size=LOOKED_AT)
    fit = []
    for one in page.cases:
        try:
            request = ready_to_sign(office, one.id).file.document["request"]
        except CountersealError:
            continue
        if sum(sign.isdigit() for sign in request["tin"]) == TIN_DIGITS:
            fit.append(one.id)
        if len(fit) == NEEDED:
            break
    return fit
