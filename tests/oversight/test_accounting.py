"""One person's accounting, from the request to a stranger's check: what was left out, added, altered or is stale."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from tests.batch import files_of, table_of
from tests.conftest import CANARY
from tests.flow.casework import SUBMISSION, AtWork, FakeSealer, People, put_to_work, staff
from tests.flow.test_casework import refused, signed_twice

from counterseal import wiring
from counterseal.cli import status
from counterseal.core.clock import FixedClock
from counterseal.core.official import Role
from counterseal.flow import accounting
from counterseal.flow.accounting_letter import Person, give_accounting, index_lines, read_person, withhold
from counterseal.flow.book import publish_witnessed
from counterseal.flow.releasing import release_case
from counterseal.release.accounting import NOTHING, accounting_html, accounting_pdf
from counterseal_verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = bytes(range(32))


def batch_file(at_work: AtWork, name: str) -> list[dict[str, Any]]:
    return table_of(at_work.folder / "batches" / SUBMISSION / f"{name}.parquet").to_pylist()


@dataclass
class Asked:
    """An office in which one person's address was disclosed, another's row was refused, and a clerk answers."""

    at: AtWork
    row: int
    person: Person
    refused_row: int
    other: Person

    def give(self, person: Person | None = None, days: int = 0) -> tuple[str, dict[str, Any]]:
        now = self.at.office.clock.now() + timedelta(days=days)
        office = replace(self.at.office, clock=FixedClock(now)) if days else self.at.office
        letter, proof = give_accounting(office, SECRET, person or self.person, "clara")
        return accounting_html(letter), json.loads(proof)

    def check(self, proof: dict[str, Any] | str, what: str = "accounting") -> int:
        file = self.at.folder / "given.json"
        file.write_text(proof if isinstance(proof, str) else json.dumps(proof))
        call = [what, str(file), "--ledger", str(self.at.folder / "ledger"), "--policy", str(self.at.folder / "policy")]
        return verify.main(call)


def disclose(at_work: AtWork) -> None:
    release_case(at_work.office, signed_twice(at_work))
    staff(at_work.office, ("clara", Role.CLERK))


@pytest.fixture(scope="session")
def office_that_disclosed(tmp_path_factory: pytest.TempPathFactory, office_that_ran: Path) -> Path:
    """An office on SQLite that released one answer; each test works on a copy."""
    folder = tmp_path_factory.mktemp("disclosed") / "office"
    shutil.copytree(office_that_ran, folder)
    disclose(put_to_work(folder))
    return folder


@pytest.fixture
def asked(tmp_path: Path, empty_database: None, request: pytest.FixtureRequest) -> Asked:
    from counterseal.store.models import Case, Official

    if os.environ.get("COUNTERSEAL_DATABASE_URL"):
        disclose(at := request.getfixturevalue("at_work"))
    else:
        shutil.copytree(request.getfixturevalue("office_that_disclosed"), folder := tmp_path / "office")
        office = wiring.open_office(folder)
        people = People(dict(Official.objects.values_list("username", "pk")), {})
        at = AtWork(office, people, FakeSealer([]), folder)
    row = Case.objects.get(state="released").row
    rows, accounts = batch_file(at, "rows"), accounting._accounts(at.office, at.folder / "batches" / SUBMISSION)
    person = Person("Ada Example", ("1 Example Road",), accounts[row], (accounting.number_name(rows[row - 1]["tin"]),))
    turned_away = {one["row"] for one in batch_file(at, "determinations") if one["outcome"] == "refused"}
    named = [accounting.number_name(one["tin"]) for one in rows]
    lone = next(n for n in sorted(turned_away) if named[n - 1] and named.count(named[n - 1]) == 1)
    return Asked(at, row, person, lone, Person("Bo Example", ("2 Example Road",), "", (named[lone - 1],)))


def test_a_disclosure_that_the_person_is_not_told_of(asked: Asked, capsys: pytest.CaptureFixture[str]):
    letter, proof = asked.give()
    assert asked.check(proof) == 0
    assert "disclosed" in capsys.readouterr().out
    assert "One disclosure was made" in letter
    assert "mailing address" in letter
    assert "26 U.S.C. 6103(i)(2)" in letter
    row = batch_file(asked.at, "rows")[asked.row - 1]
    assert row["statute"] in letter
    for said in (letter.replace("&#x27;", "'"), json.dumps(proof, ensure_ascii=False)):
        assert row["address_line_1"] not in said
        assert row["reason"] not in said
        assert row["case_number"] not in said


def test_an_element_that_left_and_is_not_named(asked: Asked):
    (answer,) = (json.loads(path.read_bytes()) for path in (asked.at.folder / "answers").iterdir() if path.is_file())
    left = set(answer) - {"v", "request_ref", "salt"}
    assert left == {name.replace(" ", "_") for name in accounting.DISCLOSED}


def test_a_refused_request_that_is_left_out_or_says_too_much(asked: Asked):
    """A row that was refused stands under the number that it states, and without what it was asked for."""
    letter, proof = asked.give(asked.other)
    assert asked.check(proof) == 0
    assert "Refused. No record was opened" in letter
    assert "One request is listed" in letter
    assert batch_file(asked.at, "rows")[asked.refused_row - 1]["statute"] not in letter
    (item,) = proof["lists"][0]["shown"]
    (wanted,) = (one for one in batch_file(asked.at, "determinations") if one["row"] == asked.refused_row)
    assert [one["rule"] for one in json.loads(item["statement"])["reasons"]] == wanted["rules"]
    assert "What was not met" in letter


def test_somebody_whom_no_request_names(asked: Asked, capsys: pytest.CaptureFixture[str]):
    nobody = Person("Cy Example", (), "", ("tin:000000001",))
    letter, proof = asked.give(nobody)
    assert NOTHING in letter
    assert asked.check(proof) == 0
    assert "tin:000000001: 0 listed" in capsys.readouterr().out


def _shown(proof: dict[str, Any]) -> list[dict[str, Any]]:
    return next(one["shown"] for one in proof["lists"] if one["shown"])


def _other_words(proof: dict[str, Any]) -> None:
    item = _shown(proof)[0]
    item["statement"] = item["statement"].replace("Customs", "customs")


def _no_delivery(proof: dict[str, Any]) -> None:
    item = _shown(proof)[0]
    item["delivered"] = -1
    item["statement"] = item["statement"].replace('"answer":"disclosed"', '"answer":"no disclosure"')


def _another_number(proof: dict[str, Any]) -> None:
    proof["lists"][-1]["name"] = "tin:000000002"


def _another_row(proof: dict[str, Any]) -> None:
    _shown(proof)[0]["place"] += 1


def _another_list(proof: dict[str, Any]) -> None:
    """The empty list of this person's other name in the place of the one with the disclosure."""
    full, empty = sorted(proof["lists"], key=lambda one: not one["shown"])
    proof["lists"] = [{**empty, "name": full["name"]}, empty]


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "an item left out": lambda proof: _shown(proof).pop(),
    "an item added": lambda proof: _shown(proof).append(_shown(proof)[0]),
    "other words": _other_words,
    "a disclosure denied": _no_delivery,
    "another person's number": _another_number,
    "another row": _another_row,
    "another list": _another_list,
    "a batch left out": lambda proof: proof["batches"].pop(),
    "a batch that is none": lambda proof: proof["batches"].append([1, 1]),
    "another entry": lambda proof: proof.update(entry=proof["entry"] - 1),
    "another reserved part": lambda proof: proof["lists"][0].update(reserved="00" * 32),
    "no list at all": lambda proof: proof["lists"].clear(),
}


def test_a_proof_that_was_forged(asked: Asked, capsys: pytest.CaptureFixture[str]):
    _, proof = asked.give()
    for name, forge in FORGERIES.items():
        forged = json.loads(json.dumps(proof))
        forge(forged)
        assert asked.check(forged) == 1, name
        assert "REFUSED" in capsys.readouterr().err, name


def test_an_index_from_before_something_happened(asked: Asked, capsys: pytest.CaptureFixture[str]):
    _, before = asked.give()
    withhold(asked.at.office, SUBMISSION, 1, asked.at.office.clock.now().date() + timedelta(3), "cora", "So.")
    publish_witnessed(asked.at.office.ledger, asked.at.office.trust(), asked.at.office.post)
    assert asked.check(before) == 1
    assert "stale" in capsys.readouterr().err
    _, now = asked.give()
    assert asked.check(now) == 0
    assert asked.check(before) == 1


def test_a_withheld_item_that_shows_or_never_returns(asked: Asked):
    """While it is withheld the letter has the form and the words of one with nothing to withhold."""
    today = asked.at.office.clock.now().date()
    withhold(asked.at.office, SUBMISSION, asked.row, today + timedelta(30), "cora", "The agency's statement of today.")
    letter, proof = asked.give()
    assert asked.check(proof) == 0
    assert [one["shown"] for one in proof["lists"]] == [[], []]
    nobody_letter, nobody = asked.give(Person(asked.person.name, asked.person.address, "none", ("tin:000000001",)))
    assert letter.replace(f"Entry {proof['entry']} ", "") == nobody_letter.replace(f"Entry {nobody['entry']} ", "")
    assert set(proof["lists"][0]) == set(nobody["lists"][0])
    assert "withheld" not in json.dumps(proof)
    assert "One disclosure was made" not in asked.give(days=29)[0]
    letter, proof = asked.give(days=30)
    assert "One disclosure was made" in letter
    assert asked.check(proof) == 0
    withhold(asked.at.office, SUBMISSION, asked.row, today, "cora", "It has ended.")
    assert "One disclosure was made" in asked.give()[0]


def test_two_letters_that_tell_together_what_neither_does(asked: Asked):
    """Somebody whose only item is withheld, and who compares letters and entries, learns nothing from it."""
    from tests.flow.test_casework import entries

    nobody = Person("Cy Example", (), "", ("tin:000000001",))
    withhold(asked.at.office, SUBMISSION, asked.row, asked.at.office.clock.now().date() + timedelta(9), "cora", "So.")
    for person in (asked.person, nobody):
        first, second = (asked.give(person)[1] for _ in range(2))
        assert first["lists"][0]["reserved"] != second["lists"][0]["reserved"]
        bodies = [entries(asked.at)[proof["entry"]]["body"] for proof in (first, second)]
        changed = {name for name in bodies[0] if bodies[0][name] != bodies[1][name]}
        assert changed == {"covers", "root"}


def test_a_withholding_without_reason_end_official_or_duty(asked: Asked, monkeypatch: pytest.MonkeyPatch):
    office, today = asked.at.office, asked.at.office.clock.now().date()
    with refused("withhold"):
        withhold(office, SUBMISSION, 1, today, "cora", "  ")
    with refused("withhold"):
        withhold(office, SUBMISSION, 1, today - timedelta(1), "cora", "So.")
    with refused("role"):
        withhold(office, SUBMISSION, 1, today, "sam", "So.")
    with refused("no-such-row"):
        withhold(office, SUBMISSION, 901, today, "cora", "So.")
    with refused("no-such-submission"):
        withhold(office, "none", 1, today, "cora", "So.")
    _owe_nothing(monkeypatch)
    with refused("no-accounting"):
        withhold(office, SUBMISSION, 1, today, "cora", "So.")


def _owe_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import counterseal.flow.accounting_letter as letters

    read = accounting.read_agreement_of
    for module in (accounting, letters):
        monkeypatch.setattr(module, "read_agreement_of", lambda *given: replace(read(*given), accounting="none"))


def test_an_agreement_that_owes_no_accounting(asked: Asked, monkeypatch: pytest.MonkeyPatch):
    _owe_nothing(monkeypatch)
    letter, proof = asked.give()
    assert NOTHING in letter
    assert asked.check(proof) == 0


def test_a_request_that_suspends_the_accounting_for_a_time():
    from datetime import date

    assert accounting._suspended({}) is None
    assert accounting._suspended({accounting.SUSPENDS: "2027-01-01"}) == date(2027, 1, 1)
    assert accounting._suspended({accounting.SUSPENDS: "soon"}) is None


def _index(asked: Asked) -> str:
    found, entry = accounting.enter_index(asked.at.office, SECRET, frozenset(), {})
    return "\n".join(index_lines(found, entry)) + "\n"


def test_an_index_with_everything_in_it(asked: Asked, capsys: pytest.CaptureFixture[str]):
    assert asked.check(_index(asked), "index") == 0
    assert "each of 900 rows and 1 deliveries once" in capsys.readouterr().out


@pytest.mark.parametrize("gap", ["disclosed", "refused", "twice", "undelivered"])
def test_a_gap_that_the_custodian_planted(
    asked: Asked, gap: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The custodian enters an index that has a row less, or more; an inspector finds it without a name or a key."""
    filed = accounting._filed
    place = (asked.row if gap in {"disclosed", "undelivered"} else asked.refused_row) - 1

    def planted(*given: Any) -> Any:
        for name, item, said, shown in filed(*given):
            if item.place != place or gap == "twice":
                yield name, item, said, shown
            if item.place == place and gap == "twice":
                yield bytes(31) + b"3", item, said, shown
            if item.place == place and gap == "undelivered":
                yield name, replace(item, delivered=-1), said, shown

    monkeypatch.setattr(accounting, "_filed", planted)
    assert asked.check(_index(asked), "index") == 1
    told = capsys.readouterr().err
    assert {"disclosed": "left out", "refused": "left out", "twice": "filed twice", "undelivered": "delivery"}[
        gap
    ] in told


def test_an_index_file_that_was_altered(asked: Asked):
    lines = _index(asked).splitlines()
    assert asked.check("\n".join([lines[0], *lines[2:]]), "index") == 1
    assert asked.check("\n".join([lines[0], lines[2], lines[1], *lines[3:]]), "index") == 1
    assert asked.check("\n".join(lines[1:]), "index") == 1
    assert asked.check("{}", "accounting") == 1


def test_a_batch_judged_anew_that_is_counted_twice(asked: Asked):
    from tests.flow.test_judge import settle

    settle(asked.at, "admit")
    letter, proof = asked.give()
    assert asked.check(proof) == 0
    assert proof["batches"][0][0] < proof["batches"][0][1]
    assert "One disclosure was made" in letter
    assert asked.check(_index(asked), "index") == 0


def test_files_that_are_not_those_of_the_ledger(asked: Asked):
    folder = asked.at.folder / "batches" / SUBMISSION
    path = folder / "determinations.parquet"
    whole = path.read_bytes()
    table = pq.read_table(path)
    pq.write_table(table.slice(0, table.num_rows - 1), path)
    with refused("accounting-gap"):
        asked.give()
    path.write_bytes(whole)
    rows = (folder / "rows.parquet").read_bytes()
    table = table_of(folder / "rows.parquet")
    with files_of(folder / "rows.parquet").create(folder / "rows.parquet") as file:
        pq.write_table(table.slice(1), file)
    with refused("accounting-gap"):
        asked.give()
    (folder / "rows.parquet").write_bytes(rows)
    (folder / "rows.secret").unlink()
    with refused("row-secret"):
        asked.give()


def test_a_delivery_that_the_database_forgot(asked: Asked):
    from counterseal.store.models import LedgerEntry

    assert LedgerEntry.objects.filter(kind="delivered").count() == 1
    found = accounting.submissions_accounted

    def forgetful() -> Any:
        return {name: replace(one, deliveries={}) for name, one in found().items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounting, "submissions_accounted", forgetful)
        with refused("accounting-gap"):
            asked.give()


def test_an_accounting_key_that_was_lost(asked: Asked):
    asked.give()
    with refused("accounting-key"):
        give_accounting(asked.at.office, bytes(32), asked.person, "clara")


def test_an_accounting_given_by_somebody_else_than_a_clerk(asked: Asked):
    with refused("role"):
        give_accounting(asked.at.office, SECRET, asked.person, "sam")


@pytest.mark.parametrize(
    "raw",
    [
        "", "[]", "{", '{"name": "A"}', '{"name": "A", "address": [], "account_id": null, "tins": []}',
        '{"name": "A", "address": [], "account_id": null, "tins": ["12345"]}',
        '{"name": "A", "address": "x", "account_id": "9", "tins": []}',
        '{"name": "A", "address": [], "account_id": 9, "tins": ["123456789"]}',
        '{"name": " ", "address": [], "account_id": "9", "tins": []}',
        '{"name": "A", "address": [], "account_id": "", "tins": ["123456789"]}',
        '{"name": "A", "address": [], "account_id": "9", "tins": [], "more": 1}',
        '{"name": "A", "address": [], "account_id": null, "tins": [123456789]}',
    ],
)  # fmt: skip
def test_a_person_file_that_names_nobody_for_certain(raw: str):
    with refused("person-form"):
        read_person(raw)


def test_a_command_that_shows_a_person(asked: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """By the commands alone, with what they write; nothing of a person is in a line or in the ledger."""
    named = tmp_path / "person.json"
    number = asked.person.numbers[0].removeprefix("tin:")
    told = {"name": CANARY[0], "address": ["1 A St"], "account_id": asked.person.account, "tins": [number]}
    named.write_text(json.dumps(told))
    why = tmp_path / "why.txt"
    why.write_text("Because of an investigation.")
    place = ["--workspace", str(asked.at.folder)]
    call = ["report", "accounting", *place, "--person", str(named), "--by", "clara", "--out", str(tmp_path / "letter")]
    assert status(call) == 0
    shown = capsys.readouterr().out
    assert "1 disclosures" in shown
    letter = (tmp_path / "letter" / "letter.html").read_text()
    assert CANARY[0] in letter
    assert (tmp_path / "letter" / "letter.pdf").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "letter" / "accounting.json").stat().st_mode & 0o077 == 0
    assert asked.check((tmp_path / "letter" / "accounting.json").read_text()) == 0
    shown += capsys.readouterr().err
    withheld = ["report", "withhold", *place, "--submission", SUBMISSION, "--row", "1", "--by", "cora"]
    assert status([*withheld, "--until", "2999-01-01", "--reason", str(why)]) == 0
    assert status(["report", "index", *place, "--out", str(tmp_path / "index.jsonl"), "--json"]) == 0
    shown += capsys.readouterr().out
    assert asked.check((tmp_path / "index.jsonl").read_text(), "index") == 0
    assert status([*withheld, "--until", "2999-01-01", "--reason", str(tmp_path / "no.txt")]) == 2
    shown += capsys.readouterr().err + (tmp_path / "index.jsonl").read_text()
    left = {one.name: one.stat().st_mode & 0o077 for one in (asked.at.folder / "keys").iterdir()}
    assert left["accounting.key"] == 0
    assert not any(left.values())
    public = b"".join(one.read_bytes() for one in (asked.at.folder / "ledger").rglob("*") if one.is_file())
    for private in (number, asked.person.account, CANARY[0], "investigation"):
        assert private not in shown
        assert private.encode() not in public


def test_a_letter_with_markup_or_strange_names_in_it(asked: Asked):
    strange = replace(asked.person, name='<script>#let x = "a"[*', address=("$\\ @ref", "Łódź <b>"))
    letter, _ = give_accounting(asked.at.office, SECRET, strange, "clara")
    assert "<script>" not in accounting_html(letter)
    assert accounting_pdf(letter) == accounting_pdf(letter)
    with refused("letter-font"):
        accounting_pdf(replace(letter, name="東京"))
