"""A list with a row left out, one added, two swapped, one shown to the wrong person, or held under another root."""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import CountersealError
from counterseal.oversight.person_index import (
    EMPTY,
    Item,
    ListProof,
    PersonIndex,
    PersonList,
    list_holds,
    name_salt,
    person_key,
    reserved_salt,
)

SECRET = sha256(b"an accounting key").digest()


def item(at: int) -> Item:
    told = sha256(at.to_bytes(8)).digest()
    return Item(at // 7, at % 7, told, at if at % 3 == 0 else -1, sha256(told).digest())


def key_of(name: str) -> bytes:
    return person_key(name, name_salt(SECRET, name))


@st.composite
def filed(draw: st.DrawFn) -> dict[bytes, PersonList]:
    rows = draw(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40))
    lists: dict[bytes, tuple[list[Item], list[Item]]] = {key_of(f"tin:{n}"): ([], []) for n in range(10)}
    for at, (whose, shown) in enumerate(rows):
        lists[key_of(f"tin:{whose}")][not shown].append(item(at))
    return {
        key: PersonList(tuple(shown), reserved_salt(SECRET, key, 9), tuple(reserved))
        for key, (shown, reserved) in lists.items()
    }


@given(filed(), st.integers(0, 9), st.data())
def test_any_other_list_than_the_one_that_was_filed(lists: dict[bytes, PersonList], who: int, data: st.DataObject):
    index, key = PersonIndex(lists), key_of(f"tin:{who}")
    shown, proof, root = lists[key].shown, index.prove(key), index.root()
    assert list_holds(key, shown, proof, root)
    assert not list_holds(key, (*shown, item(999)), proof, root)
    if shown:
        at = data.draw(st.integers(0, len(shown) - 1))
        assert not list_holds(key, shown[:at] + shown[at + 1 :], proof, root)
        other = replace(shown[at], delivered=shown[at].delivered + 1)
        assert not list_holds(key, (*shown[:at], other, *shown[at + 1 :]), proof, root)
        assert not list_holds(key, (*shown, shown[at]), proof, root)
    if len(shown) > 1:
        assert not list_holds(key, shown[::-1], proof, root)
    assert not list_holds(key_of(f"tin:{(who + 1) % 10}"), shown, proof, root)


@given(filed(), st.integers(0, 9))
def test_a_root_from_before_something_was_filed(lists: dict[bytes, PersonList], who: int):
    key = key_of(f"tin:{who}")
    before = PersonIndex(lists)
    old = lists[key]
    after = PersonIndex({**lists, key: replace(old, shown=(*old.shown, item(999)))})
    assert before.root() != after.root()
    assert not list_holds(key, old.shown, before.prove(key), after.root())
    hidden = PersonIndex({**lists, key: replace(old, reserved=(*old.reserved, item(999)))})
    assert hidden.root() != before.root()


@given(filed(), st.integers(0, 9), st.data())
def test_a_proof_that_was_altered_anywhere(lists: dict[bytes, PersonList], who: int, data: st.DataObject):
    index, key = PersonIndex(lists), key_of(f"tin:{who}")
    proof, root, shown = index.prove(key), index.root(), lists[key].shown
    at = data.draw(st.integers(0, len(proof.siblings)))
    whole = [proof.reserved, *proof.siblings]
    whole[at] = bytes([whole[at][0] ^ 1, *whole[at][1:]])
    assert not list_holds(key, shown, ListProof(whole[0], tuple(whole[1:])), root)
    assert not list_holds(key, shown, replace(proof, siblings=proof.siblings[1:]), root)
    assert not list_holds(key, shown, replace(proof, siblings=(EMPTY, *proof.siblings)), root)
    assert not list_holds(key, shown, replace(proof, siblings=proof.siblings * 200), root)


@given(st.sets(st.integers(0, 2**16 - 1), min_size=2, max_size=30))
def test_keys_that_are_alike_for_many_bits(numbers: set[int]):
    keys = [bytes(30) + number.to_bytes(2) for number in sorted(numbers)]
    lists = {key: PersonList((item(at),), SECRET, ()) for at, key in enumerate(keys)}
    index = PersonIndex(lists)
    for key in keys:
        assert list_holds(key, lists[key].shown, index.prove(key), index.root())


def test_a_reserved_part_tells_nothing_to_whoever_guesses_it():
    """Nobody without the salt can tell an empty reserved part from one with an item in it."""
    key = key_of("tin:1")
    salt = reserved_salt(SECRET, key, 9)
    empty, full = (PersonIndex({key: PersonList((), salt, part)}) for part in ((), (item(3),)))
    seen = [index.prove(key) for index in (empty, full)]
    assert [len(one.siblings) for one in seen] == [0, 0]
    guesses = {sha256(b"counterseal/accounting-reserved/v1\0" + bytes(32)).digest(), sha256(b"").digest(), EMPTY}
    assert not guesses & {one.reserved for one in seen}
    assert not hmac.compare_digest(seen[0].reserved, seen[1].reserved)


def test_a_key_that_is_none_and_a_person_without_a_leaf():
    with pytest.raises(CountersealError, match="32 bytes"):
        PersonIndex({b"short": PersonList((), SECRET, ())})
    with pytest.raises(CountersealError, match="Nothing is filed"):
        PersonIndex({}).prove(key_of("tin:1"))
    assert PersonIndex({}).root() == EMPTY


def test_a_row_twice_in_one_list():
    with pytest.raises(CountersealError, match="stands once"):
        PersonIndex({key_of("tin:1"): PersonList((item(1), item(1)), SECRET, ())})
