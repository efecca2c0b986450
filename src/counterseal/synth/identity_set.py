"""Labelled requests to train, calibrate and measure identity, in three levels of noise.

Level 1 is a careful file, level 2 a careless one, level 3 an old and careless one. Rates were set so that
the agreement of true pairs, field by field, lies near that of requests made with ``pseudopeople``; the
kinds of absent people are those that make a matcher name the wrong person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from counterseal.synth.chance import Chance
from counterseal.synth.names import census_names
from counterseal.synth.noise import slipped, turned_date, wrong_date, wrong_digits
from counterseal.synth.people import LAST_YEAR, build_world
from counterseal.synth.registry import account_ids, registry_tables, write_table
from counterseal.synth.writing import nicknames_of, without_marks, write_address

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from counterseal.synth.people import World

REQUEST_FIELDS = (
    "request_ref", "given_name", "middle_name", "family_name", "suffix", "date_of_birth", "tin",
    "address_line_1",
    "address_line_2", "city", "state", "zip",
)  # fmt: skip
PRESENT_SHARE = 0.665
ABSENT_KINDS = ("relative_same_household", "same_name_stranger", "same_name_same_household", "twin")
_ABSENT_SHARES = (0.27, 0.05, 0.015, 0.015)
_YOUNGEST = LAST_YEAR - 15

Row = dict[str, str]


@dataclass(frozen=True)
class Level:
    """How noisy a file is: the share of requests or cells to which each thing happens."""

    slip: float
    wrong_word: float
    nickname: float
    middle_kept: float
    birth_given: float
    tin_given: float
    zip_blank: float
    city_blank: float
    number_blank: float
    unit_kept: float
    swapped: float
    changed_surname: float
    elsewhere: float
    newest: float


LEVELS = (
    Level(0.014, 0.020, 0.010, 1.0, 0.50, 0.20, 0.010, 0.005, 0.003, 1.0, 0.0, 0.002, 0.003, 0.85),
    Level(0.042, 0.052, 0.045, 0.5, 0.25, 0.05, 0.049, 0.026, 0.030, 0.9, 0.004, 0.020, 0.010, 0.50),
    Level(0.084, 0.090, 0.085, 0.2, 0.10, 0.0, 0.300, 0.144, 0.145, 0.5, 0.025, 0.020, 0.045, 0.15),
)
_STYLED_SHARE = 0.2


def _pair_keys(world: World, spans: NDArray[np.int64], words: NDArray[np.object_]) -> NDArray[np.int64]:
    """A number for (dwelling, word) of each span given."""
    _, code = np.unique(words.astype(str), return_inverse=True)
    return world.span_dwelling[spans] * (int(code.max()) + 1) + code[world.span_person[spans]]


def absent_pools(world: World) -> dict[str, NDArray[np.int64]]:
    """People without account who are old enough to be asked for, by the worst confusion they invite."""
    full = world.given_name + "|" + world.family_name
    registered = np.flatnonzero(world.has_account[world.span_person])
    spans = np.flatnonzero(~world.has_account[world.span_person])
    count = len(full)

    def near(words: NDArray[np.object_]) -> NDArray[np.bool_]:
        keys = _pair_keys(world, np.arange(len(world.span_person)), words)
        mark = np.zeros(count, dtype=bool)
        mark[world.span_person[spans[np.isin(keys[spans], keys[registered])]]] = True
        return mark

    twin = np.zeros(count, dtype=bool)
    later = np.flatnonzero(world.twin)
    for one, other in ((later, later - 1), (later - 1, later)):
        twin[one[world.has_account[other]]] = True
    lives = np.zeros(count, dtype=bool)
    lives[world.span_person] = True
    birth = np.array([int(date[:4]) if date else 1980 for date in world.date_of_birth.tolist()])
    left = ~world.has_account & lives & (birth <= _YOUNGEST)
    pools = {}
    for kind, mask in (
        ("same_name_same_household", near(full)),
        ("twin", twin),
        ("relative_same_household", near(world.family_name)),
        ("same_name_stranger", np.isin(full.astype(str), full[world.has_account].astype(str))),
        ("random", left),
    ):
        pools[kind] = np.flatnonzero(left & mask)
        left = left & ~mask
    return pools


class Requests:
    """Writes requests about people of a world, and about people who are in no world."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, Chance(seed, "requests")
        order = np.argsort(world.span_person, kind="stable")
        self._spans = order[np.argsort(world.span_to[order] + 3000 * world.span_person[order], kind="stable")]
        self._first = np.searchsorted(world.span_person[self._spans], np.arange(len(world.has_account) + 1))
        self._by_home = np.argsort(world.household, kind="stable")
        self._home_first = np.searchsorted(world.household[self._by_home], np.arange(int(world.household.max()) + 2))

    def _address(self, person: int, level: Level) -> Row:
        low, high = int(self._first[person]), int(self._first[person + 1])
        at = high - 1 if self.chance.yes(level.newest) else self.chance.number(low, high - 1)
        if self.chance.yes(level.elsewhere):
            return self._dwelling(self.chance.number(0, int(self.world.span_dwelling.max())))
        return self._dwelling(int(self.world.span_dwelling[self._spans[at]]))

    def _dwelling(self, place: int) -> Row:
        home = self.world.dwellings
        return {
            "line_1": home.line_1[place], "line_2": home.line_2[place], "city": home.city[place],
            "state": home.state[place], "zip": home.zip_code[place],
        }  # fmt: skip

    def _housemate(self, person: int) -> int:
        home = int(self.world.household[person])
        return int(self._by_home[self.chance.number(int(self._home_first[home]), int(self._home_first[home + 1]) - 1)])

    def of(self, person: int, level: Level) -> Row:
        """A request about a person of the world."""
        world = self.world
        other = self._housemate(person)
        row = {
            "given_name": world.given_name[person], "middle_name": world.middle_name[person],
            "family_name": world.family_name[person], "suffix": world.suffix[person],
            "date_of_birth": world.date_of_birth[person], "tin": world.tin[person],
        }  # fmt: skip
        mixed = {
            "given_name": world.given_name[other],
            "tin": world.tin[other],
            "date_of_birth": world.date_of_birth[other],
        }
        return self._spoiled(row, self._address(person, level), mixed, level)

    def of_nobody(self, level: Level) -> Row:
        """A request about a person of no world: half at an address that others hold, half at a new one."""
        chance, names = self.chance, census_names()
        table, weights = (names.male, names.male_weights) if chance.yes(0.5) else (names.female, names.female_weights)
        row = {
            "given_name": str(table[int(chance.weighted(1, weights)[0])]),
            "middle_name": chance.of("ABCDEFGHJKLMNPRSTVW") if chance.yes(0.7) else "",
            "family_name": str(names.surnames[int(chance.weighted(1, names.surname_weights)[0])]),
            "suffix": "",
            "date_of_birth": chance.date(1935, 2007),
            "tin": f"{chance.number(1, 665):03d}{chance.number(1, 99):02d}{chance.number(1, 9999):04d}",
        }
        place = self._dwelling(chance.number(0, int(self.world.span_dwelling.max())))
        number, _, street = place["line_1"].partition(" ")
        if chance.yes(0.5) and number.isdigit():
            place["line_1"] = f"{chance.number(1, 9900)} {street}"
        return self._spoiled(row, place, {}, level)

    def _spoiled(self, row: Row, place: Row, mixed: Row, level: Level) -> Row:
        if self.chance.yes(0.6):
            row = {name: without_marks(value) for name, value in row.items()}
        row["middle_name"] = row["middle_name"][:1] if self.chance.yes(0.8) else row["middle_name"]
        self._spoil_name(row, mixed, level)
        self._spoil_numbers(row, mixed, level)
        if self.chance.yes(_STYLED_SHARE):
            return {**row, **self._spoil_address(write_address(self.chance, place), level)}
        stated = {"address_line_1": place["line_1"], "address_line_2": place["line_2"]}
        return {
            **row,
            **self._spoil_address({**stated, **{f: place[f] for f in ("city", "state", "zip")}}, level),
        }

    def _spoil_name(self, row: Row, mixed: Row, level: Level) -> None:
        chance, names = self.chance, census_names()
        if not chance.yes(level.middle_kept):
            row["middle_name"] = ""
        if row["suffix"] and chance.yes(0.4):
            row["suffix"] = ""
        if chance.yes(level.nickname * 1.2) and (short := nicknames_of(row["given_name"])):
            row["given_name"] = chance.of(short)
        if chance.yes(level.wrong_word):
            other = str(names.surnames[chance.early(5000)])
            row["given_name"] = mixed.get("given_name", other) if chance.yes(0.5) else other
        if chance.yes(level.wrong_word * 0.25 + level.changed_surname * 0.5):
            row["family_name"] = str(names.surnames[chance.early(8000)])
        parts = row["family_name"].replace("-", " ").split(" ")
        if len(parts) > 1 and chance.yes(level.slip * 2):
            row["family_name"] = chance.of(parts)
        for name, share in (("given_name", 1.3), ("family_name", 1.0)):
            if chance.yes(level.slip * share):
                row[name] = slipped(chance, row[name])
            elif chance.yes(level.slip * 0.75):
                row[name] = ""
        if chance.yes(level.swapped):
            row["given_name"], row["family_name"] = row["family_name"], row["given_name"]

    def _spoil_numbers(self, row: Row, mixed: Row, level: Level) -> None:
        chance = self.chance
        if not chance.yes(level.birth_given):
            row["date_of_birth"] = ""
        if row["date_of_birth"] and chance.yes(level.slip * 1.6):
            draw = chance.one()
            if draw < 0.3:
                row["date_of_birth"] = turned_date(row["date_of_birth"])
            elif draw < 0.75:
                row["date_of_birth"] = wrong_date(chance, row["date_of_birth"])
            else:
                row["date_of_birth"] = mixed.get("date_of_birth", row["date_of_birth"])
        if not chance.yes(level.tin_given):
            row["tin"] = ""
        if row["tin"] and chance.yes(level.slip * 3):
            row["tin"] = wrong_digits(chance, row["tin"]) if chance.yes(0.5) else mixed.get("tin", row["tin"])

    def _spoil_address(self, row: Row, level: Level) -> Row:
        chance = self.chance
        number, _, street = row["address_line_1"].partition(" ")
        if number.isdigit() and street:
            if chance.yes(level.number_blank):
                row["address_line_1"] = street
            elif chance.yes(level.slip * 0.7):
                row["address_line_1"] = f"{wrong_digits(chance, number)} {street}"
            elif chance.yes(level.slip * 1.2):
                row["address_line_1"] = f"{number} {slipped(chance, street)}"
            elif chance.yes(level.slip * 0.3):
                row["address_line_1"] = number
        if not chance.yes(level.unit_kept):
            row["address_line_2"] = ""
        if chance.yes(level.slip * 0.1):
            row["address_line_1"] = ""
        if chance.yes(level.slip * 0.1):
            row["city"] = slipped(chance, row["city"])
        if chance.yes(level.slip * 0.65):
            row["zip"] = wrong_digits(chance, row["zip"])
        for name, share in (("zip", level.zip_blank), ("city", level.city_blank)):
            if chance.yes(share):
                row[name] = ""
        return row


def evidence_class(row: Row) -> str:
    """A: date of birth or TIN given; B: a middle name or suffix; C: name and address alone."""
    if row["date_of_birth"] or row["tin"]:
        return "A"
    return "B" if row["middle_name"] or row["suffix"] else "C"


def write_identity_set(people: int, requests: int, seed: int, out: Path) -> dict[str, int]:
    """Write ``registry/``, ``requests.parquet`` and ``truth.parquet`` into ``out``; gives rows by kind.

    The truth: ``request_ref``, ``account_id`` (empty for the absent), ``level`` 1–3, ``evidence`` A, B or C,
    ``kind`` (``present`` or what the absent person is to those registered).
    """
    world = build_world(people, seed)
    ids = account_ids(world, seed)
    accounts, addresses = registry_tables(world, ids)
    folder = out / "registry"
    folder.mkdir(parents=True, exist_ok=True)
    write_table(accounts, folder, "accounts", "parquet")
    write_table(addresses, folder, "addresses", "parquet")
    rows, truth = _labelled(world, ids, requests, seed)
    table = {name: pa.array([row[name] for row in rows], pa.string()) for name in REQUEST_FIELDS}
    write_table(pa.table(table), out, "requests", "parquet")
    columns = {
        name: [one[name] for one in truth] for name in ("request_ref", "account_id", "level", "evidence", "kind")
    }
    write_table(pa.table(columns), out, "truth", "parquet")
    kinds, counts = np.unique(np.array(columns["kind"]), return_counts=True)
    return dict(zip(kinds.tolist(), counts.tolist(), strict=True))


def _labelled(
    world: World, ids: NDArray[np.object_], requests: int, seed: int
) -> tuple[list[Row], list[dict[str, str | int]]]:
    writer, chance = Requests(world, seed), Chance(seed, "whom")
    pools = absent_pools(world)
    holders = np.flatnonzero(world.has_account)
    rows: list[Row] = []
    truth: list[dict[str, str | int]] = []
    for number in range(requests):
        which = chance.number(1, 3)
        level = LEVELS[which - 1]
        account, kind = "", "present"
        if chance.yes(PRESENT_SHARE):
            person = int(holders[chance.number(0, len(holders) - 1)])
            account, row = str(ids[person]), writer.of(person, level)
        else:
            kind = _absent_kind(chance)
            if not len(pools[kind]):
                kind = "random"
            if kind == "random" and (not len(pools[kind]) or chance.yes(0.5)):
                row = writer.of_nobody(level)
            else:
                row = writer.of(int(pools[kind][chance.number(0, len(pools[kind]) - 1)]), level)
        ref = f"Q{number + 1:07d}"
        rows.append({"request_ref": ref, **row})
        truth.append(
            {
                "request_ref": ref,
                "account_id": account,
                "level": which,
                "evidence": evidence_class(row),
                "kind": kind,
            }
        )
    return rows, truth


def _absent_kind(chance: Chance) -> str:
    draw = chance.one()
    for kind, share in zip(ABSENT_KINDS, _ABSENT_SHARES, strict=True):
        if draw < share:
            return kind
        draw -= share
    return "random"
