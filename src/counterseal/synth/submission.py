"""A submission for ``irs-ice-2025`` with a labelled truth for every row.

The truth says what a row is and which determinations the law allows for it; it lies beside the
submission, never inside, and no part of the office reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from counterseal.errors import CountersealError
from counterseal.synth.chance import Chance
from counterseal.synth.defects import FACIAL, Defect, Spoiling
from counterseal.synth.holdings import QUARTERS_FROM
from counterseal.synth.mistaken import MISTAKES, Asked, Mistake
from counterseal.synth.reasons import Reasons
from counterseal.synth.registry import CANARY
from counterseal.synth.writing import write_address, write_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from numpy.typing import NDArray

    from counterseal.synth.holdings import Holdings

FIELDS = (
    "request_ref", "given_name", "middle_name", "family_name", "suffix", "date_of_birth", "tin",
    "address_line_1",
    "address_line_2", "city", "state", "zip", "taxable_periods", "statute", "stage", "case_number",
    "case_opened",
    "final_order_date", "final_order_case", "order_basis", "judicial_review_date", "stay_in_force",
    "reason", "officers",
)  # fmt: skip
TRUTH_FIELDS = ("row", "request_ref", "kind", "expected", "account_id", "address_held")
FACIAL_SHARE, MISTAKEN_SHARE = 0.25, 0.12
REVIEWED_SHARE = 0.08
ROWS_PER_OFFICER = 18
ROWS_PER_ADDRESS = 6
ROWS_PER_GROUP_SET = 2000
LEAST_ROWS_FOR_GROUPS = 400
_BASES = (
    "8 USC 1227(a)(1)(A)", "8 USC 1227(a)(1)(B)", "8 USC 1227(a)(1)(C)(i)", "8 USC 1227(a)(1)(E)(i)",
    "8 USC 1227(a)(2)(A)(i)", "8 USC 1227(a)(2)(A)(iii)", "8 USC 1227(a)(2)(B)(i)", "8 USC 1227(a)(2)(E)(i)",
    "8 USC 1227(a)(3)(D)(i)",
)  # fmt: skip
_STAGES = ("preparation", "investigation", "investigation", "grand_jury")

SOUND = {
    "sound": "reviewable",
    "sound_reviewed_in_court": "reviewable|judgement",
    "sound_named_like_a_placeholder": "reviewable|cure|judgement",
    "sound_asked_again": "reviewable|judgement|cure",
}
"""Sound rows and what may become of them: review in court waits for a person, and some people are called Null."""
_LIKE_PLACEHOLDERS = frozenset({"NULL", "DOE", "NONE", "TEST", "BLANK", "NOBODY", "UNKNOWN"})
_ALONE_AT_ADDRESS = frozenset({"namesake_at_the_address", "address_shared_by_many"})
"""Kinds at whose address no other row may have asked before: the rows would read alike, or count as one more."""

Row = dict[str, str]


@dataclass(frozen=True)
class Group:
    """Rows that are wrong only together: how many, and what they share."""

    kind: str
    expected: str
    least: int
    most: int


GROUPS = (
    Group("officer_overloaded", "refused", 26, 28),
    Group("reason_shared_by_few", "judgement", 2, 5),
    Group("reason_shared_by_many", "cure", 6, 9),
    Group("reason_shared_but_respelled", "cure", 6, 9),
    Group("address_shared_by_many", "judgement", 11, 13),
)


class Composed(NamedTuple):
    """A row and its truth."""

    row: Row
    kind: str
    expected: str
    account_id: str
    address_held: bool


class _Pool:
    """Address rows in a chance order, again and again; ``lap`` counts the times through."""

    def __init__(self, rows: NDArray[np.int64], chance: Chance) -> None:
        self._rows: list[int] = rows[chance.order(len(rows))].tolist()
        self._at = -1
        self.lap = 1

    def __len__(self) -> int:
        return len(self._rows)

    def next(self) -> int:
        self._at += 1
        if self._at == len(self._rows):
            self._at, self.lap = 0, self.lap + 1
        return self._rows[self._at]


def _same_name_rows(found: Holdings) -> NDArray[np.bool_]:
    """Address rows whose place another account of the same name holds, too."""
    mask = found.same_name_here[found.holder].copy()
    name = found.account["given_name"] + " " + found.account["family_name"]
    for row in np.flatnonzero(mask).tolist():
        own = found.holder[row]
        mask[row] = any(other != own and name[other] == name[own] for other in found.together(row))
    return mask


def _pools(found: Holdings, seed: int, signed_on: date) -> dict[str, _Pool]:
    """Whom a row of each kind may ask for; ``''`` are people who cannot be mistaken for another.

    Nobody is asked for whom an order of five years ago would have found a child.
    """
    quarters = found.residents[found.dwelling] >= QUARTERS_FROM
    odd = (found.same_name_here | found.borrowed_tin)[found.holder]
    canary = found.holder == (-1 if found.canary is None else found.canary)
    grown = (found.account["date_of_birth"] < f"{signed_on.year - 24}")[
        found.holder
    ]  # an unknown birth counts as grown
    plain = ~quarters & ~odd & ~canary & grown
    born = (found.account["date_of_birth"] != "")[found.holder]
    masks = {
        "": plain,
        "group_quarters_only": quarters & ~odd,
        "namesake_at_the_address": _same_name_rows(found) & ~quarters,
        "twin_registered": found.twin_here[found.holder] & plain,
        **dict.fromkeys(("twin_absent", "son_absent", "date_of_birth_of_another"), plain & born),
        "tin_of_two": found.borrowed_tin[found.holder] & ~quarters & ~found.same_name_here[found.holder],
    }
    return {kind: _Pool(np.flatnonzero(mask), Chance(seed, "pool", kind)) for kind, mask in masks.items()}


class Composer:
    """Composes rows one after the other; keeps only what must stay unique or bounded in the file."""

    def __init__(self, holdings: Holdings, seed: int, signed_on: date) -> None:
        self.holdings, self.signed_on = holdings, signed_on
        self.chance = Chance(seed, "rows")
        self._reasons = Reasons(Chance(seed, "reasons"))
        self._pools = _pools(holdings, seed, signed_on)
        self._asked: dict[int, int] = {}
        self._on_address: dict[int, int] = {}
        self._shared: dict[int, Row] = {}
        self._count = 0

    def _pick(self, kind: str) -> int | None:
        """An address row: a person not yet asked for, at an address not used up.

        When everybody was asked for, people who cannot be mistaken are asked for again; others never.
        """
        pool = self._pools.get(kind, self._pools[""])
        most = 1 if kind in _ALONE_AT_ADDRESS else ROWS_PER_ADDRESS
        for _ in range(2 * len(pool)):
            row = pool.next()
            if kind in self._pools and kind and pool.lap > 1:
                return None
            account, place = int(self.holdings.holder[row]), int(self.holdings.dwelling[row])
            if self._asked.get(account, 0) < pool.lap and self._on_address.get(place, 0) < most:
                self._asked[account] = self._asked.get(account, 0) + 1
                self._on_address[place] = self._on_address.get(place, 0) + 1
                return row
        return None

    def _matter(self, reviewed_share: float) -> Row:
        """The part of a row that the law asks about the proceeding: sound in every particular."""
        chance, signed = self.chance, self.signed_on
        ago = chance.number(100, 5 * 365 - 40)
        reviewed = ago > 160 and chance.yes(reviewed_share)
        final = chance.number(95, ago - 40) if reviewed else ago
        opened = chance.number(1, final - 91)
        year = signed.year - chance.number(1, 6)
        years = [str(one) for one in range(year, min(year + chance.number(1, 3), signed.year))]
        stage = chance.of(_STAGES)
        opened_on = signed - timedelta(days=opened)
        number = chance.number(1, 99_999)
        case = (
            f"{chance.number(1, 5)}:{opened_on:%y}-cr-{number:05d}"
            if stage != "investigation"
            else f"HSI-{opened_on:%Y}-CR-{number:06d}"
        )
        removal = f"{chance.number(20_000_0000, 24_999_9999):09d}"
        officer = self._count // ROWS_PER_OFFICER
        officers = f"HSI-{officer:06d};HSI-A{officer:06d}" if chance.yes(0.2) else f"HSI-{officer:06d}"
        return {
            "taxable_periods": ";".join(years), "statute": "8 USC 1253(a)(1)(A)",
            "stage": stage, "case_number": case,
            "case_opened": opened_on.isoformat(),
            "final_order_date": (signed - timedelta(days=ago)).isoformat(),
            "final_order_case": f"A{removal}",
            "order_basis": chance.of(_BASES),
            "judicial_review_date": (signed - timedelta(days=final)).isoformat() if reviewed else "",
            "stay_in_force": "no", "reason": self._reasons.next(), "officers": officers,
        }  # fmt: skip

    def _sound(self, person: Row, place: Row, reviewed_share: float) -> Row:
        self._count += 1
        chance = self.chance
        tin = person["tin"] if chance.yes(0.6) else ""
        if tin and chance.yes(0.25):
            tin = f"{tin[:3]}-{tin[3:5]}-{tin[5:]}"
        return {
            "request_ref": f"R{self._count:08d}",
            **write_name(chance, person),
            "date_of_birth": person["date_of_birth"] if chance.yes(0.7) else "",
            "tin": tin,
            **write_address(chance, place),
            **self._matter(reviewed_share),
        }

    def compose(self, plan: Defect | Mistake | Group | None, group: int) -> Composed:
        """One row of the kind planned (``None``: sound). ``group`` numbers the group of a group's row."""
        kind = plan.kind if plan else ""
        address = self._pick(kind)
        if address is None:
            plan, kind, address = None, "", self._pick("")
        if address is None:
            raise CountersealError(
                "synth-registry-too-small",
                "The registry holds too few people for so many rows.",
                next_step="Ask for fewer rows, or make a larger registry.",
            )
        account = int(self.holdings.holder[address])
        reviewed = 0 if plan else REVIEWED_SHARE
        row = self._sound(self.holdings.person(account), self.holdings.place(address), reviewed)
        account_id = str(self.holdings.account["account_id"][account])
        match plan:
            case Defect():
                plan.spoil(row, Spoiling(self.chance, self.signed_on))
                held = not plan.changes_address
            case Mistake():
                plan.turn(Asked(row, account, address, self.holdings, self.chance))
                held = plan.address_held
                account_id = account_id if plan.registered else ""
            case Group():
                held = self._share(plan, group, row, address)
            case None:
                kind, held = self._sound_kind(row, account), True
        expected = plan.expected if plan else SOUND[kind]
        if self._asked[account] > 1 and "cure" not in expected:
            expected += "|cure"  # a person may not be asked about twice
        return Composed(row, kind, expected, account_id, held)

    def _sound_kind(self, row: Row, account: int) -> str:
        if self._asked[account] > 1:
            return "sound_asked_again"
        if row["family_name"].upper() in _LIKE_PLACEHOLDERS:
            return "sound_named_like_a_placeholder"
        return "sound_reviewed_in_court" if row["judicial_review_date"] else "sound"

    def _share(self, plan: Group, group: int, row: Row, address: int) -> bool:
        """Give the row what its group shares. Whether the stated address is still the person's."""
        first = self._shared.setdefault(group, dict(row))
        if plan.kind == "officer_overloaded":
            row["officers"] = f"HSI-X{group:06d}"
        elif plan.kind == "address_shared_by_many":
            self._on_address[int(self.holdings.dwelling[address])] = ROWS_PER_ADDRESS
            row.update({name: first[name] for name in ("address_line_1", "address_line_2", "city", "state", "zip")})
            return first["request_ref"] == row["request_ref"]
        else:
            row["reason"] = first["reason"]
        if plan.kind == "reason_shared_but_respelled":
            words = row["reason"].split(" ")
            spoken = (" ".join(words), "  ".join(words), " ".join(words).upper(), " ".join(words).lower())
            row["reason"] = f"{self.chance.of(spoken)} {self.chance.number(1, 9999)}"
        return True

    def canary(self) -> Composed:
        """The row about the canary: sound where the registry holds it."""
        row = self._sound(dict(CANARY), dict(CANARY), 0)
        row.update(
            {name: CANARY[name] for name in ("given_name", "middle_name", "family_name", "date_of_birth", "tin")}
        )
        row.update(
            address_line_1=CANARY["line_1"],
            address_line_2="",
            city=CANARY["city"],
            state="NY",
            zip=CANARY["zip"],
        )
        if self.holdings.canary is None:
            return Composed(row, "canary", "not_disclosed", "", False)
        return Composed(row, "canary", "reviewable", CANARY["account_id"], True)


def plan_rows(rows: int, seed: int) -> list[tuple[Defect | Mistake | Group | None, int]]:
    """What each of ``rows`` rows but one (the canary) is to be, in file order, with its group's number."""
    plan: list[tuple[Defect | Mistake | Group | None, int]] = []
    chance = Chance(seed, "plan")
    if rows >= LEAST_ROWS_FOR_GROUPS:
        for number in range(max(1, rows // ROWS_PER_GROUP_SET) * len(GROUPS)):
            group = GROUPS[number % len(GROUPS)]
            plan += [(group, number)] * chance.number(group.least, group.most)
    for kinds, share in ((FACIAL, FACIAL_SHARE), (MISTAKES, MISTAKEN_SHARE)):
        turn = chance.order(len(kinds)).tolist()
        plan += [(kinds[turn[at % len(kinds)]], -1) for at in range(int(rows * share))]
    plan = plan[: rows - 1]
    plan += [(None, -1)] * (rows - 1 - len(plan))
    return [plan[at] for at in chance.order(len(plan)).tolist()]


def compose_rows(holdings: Holdings, rows: int, seed: int, signed_on: date) -> Iterator[Composed]:
    """``rows`` rows with their truth, the canary at a chance place among them.

    Raises ``CountersealError`` where the registry is too small.
    """
    composer = Composer(holdings, seed, signed_on)
    canary_at = Chance(seed, "canary").number(0, rows - 1)
    plan = iter(plan_rows(rows, seed))
    for at in range(rows):
        yield composer.canary() if at == canary_at else composer.compose(*next(plan))
