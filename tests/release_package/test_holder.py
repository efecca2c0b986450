"""What a holder certifies and answers: signed by who received it, about exactly that, entered once, and verifiable."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.api.conftest import register
from tests.flow.casework import SUBMISSION, AtWork
from tests.flow.test_casework import refused
from tests.flow.test_custody import MovedClock, cora
from tests.release_package.test_packages import answered, answered_once, at_work, authority  # noqa: F401  # fixtures
from tests.web.test_doors import served_here

from counterseal.core.custody import Ground
from counterseal.flow import holder, recall
from counterseal.flow.book import publish_witnessed
from counterseal.flow.custody import due, held_packages
from counterseal.flow.packages import acknowledge_package
from counterseal.vault.acknowledgement import read_custody_certificate, read_order_answer
from counterseal_client import Client, ProblemError, ProgramKey
from counterseal_open import papers, recipient
from counterseal_open.keys import read_certificate, read_key
from counterseal_verify import verify
from counterseal_verify.paper import paper as verify_paper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.release_package.pki import Authority

    from counterseal.flow.office import Office

NAME = "Dana Officer"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


@dataclass
class Holding:
    """An acknowledged package, its officer's files, and the office."""

    office: Office
    agency: str
    row: int
    folder: Path
    counsel: int
    delivered: int
    document: bytes

    def key(self, name: str = "officer") -> Any:
        certificate = read_certificate(self.folder / f"{name}.pem")
        return read_key(self.folder / f"{name}.key", None, certificate)

    def run(self, *words: str) -> bytes:
        """Run the holder's own program; give what it wrote."""
        files = ["--certificate", str(self.folder / "officer.pem"), "--key", str(self.folder / "officer.key")]
        out = self.folder / "paper.json"
        out.unlink(missing_ok=True)
        assert recipient.main([*words, "--on", today(), "--name", NAME, *files, "--out", str(out)]) == 0
        return out.read_bytes()

    def certificate(self, act: str) -> bytes:
        return self.run("certify", str(self.folder / "ack.json"), "--act", act, "--method", "shredded")

    def order(self, ground: Ground = Ground.RECALL) -> int:
        by = self.office.clock.now() + timedelta(days=3)
        sent = recall.order_holders(self.office, [self.delivered], ground, by=self.counsel, reason="r", due=by)
        return sent.entries[0]

    def answer(self, order: int, answer: str, because: str = "shredded") -> bytes:
        path = self.folder / "order.json"
        path.write_bytes(holder.own_order_document(self.office, self.agency, order))
        words = ["--policy", str(self.office.workspace.policy), "--answer", answer, "--because", because]
        return self.run("answer-order", str(path), *words)

    def send(self, document: bytes) -> int:
        return holder.certify(self.office, self.agency, SUBMISSION, self.row, document).entry

    def send_answer(self, order: int, document: bytes) -> int:
        return holder.answer_order(self.office, self.agency, order, document).entry

    def held(self) -> Any:
        (one,) = held_packages(self.office)
        return one.holding

    def entry(self, number: int) -> dict[str, Any]:
        return json.loads(self.office.ledger.entry(number))


@pytest.fixture
def holding(answered: tuple[Office, str, int, bytes], at_work: AtWork, tmp_path: Path) -> Holding:  # noqa: F811
    office, agency, row, document = answered
    acknowledge_package(office, agency, SUBMISSION, row, document)
    (one,) = held_packages(office)
    return Holding(office, agency, row, tmp_path, cora(at_work), one.holding.delivered, document)


@pytest.mark.parametrize("act", ["used", "returned", "destroyed"])
def test_a_certificate_that_is_lost_or_entered_twice(holding: Holding, act: str):
    document = holding.certificate(act)
    first = holding.send(document)
    assert holding.send(document) == first
    assert holding.send(holding.certificate(act)) == first, "another paper of the same act changes nothing"
    assert holding.held().state == act
    told = holding.entry(first)
    assert told["kind"] == ("custody" if act == "used" else "destroyed")
    assert NAME not in json.dumps(told)
    kept = holding.office.workspace.papers / f"{told['body']['document']}.json"
    assert kept.read_bytes() == document
    assert kept.stat().st_mode & 0o077 == 0


def test_a_package_that_was_destroyed_and_then_returned(holding: Holding):
    holding.send(holding.certificate("destroyed"))
    with refused("custody-ended"):
        holding.send(holding.certificate("returned"))


def test_a_certificate_that_was_changed(holding: Holding):
    made = json.loads(holding.certificate("destroyed"))
    for name in made.keys() - {"v", "certificate", "signature"}:
        other = made[name] + 1 if name == "entry" else {"act": "used", "on": "2026-01-01"}.get(name, f"{made[name]}x")
        with refused("custody-certificate"):
            holding.send(json.dumps({**made, name: other}).encode())


def test_a_true_signature_over_another_package(holding: Holding):
    received, day, now = json.loads(holding.document), date.fromisoformat(today()), datetime.now(UTC)
    for name in ("package", "entry", "ledger", "conditions"):
        other = {**received, name: received[name] + 1 if name == "entry" else f"{received[name]}x"}
        made = papers.certify(json.dumps(other).encode(), "destroyed", day, "m", NAME, holding.key(), now)
        with refused("custody-certificate"):
            holding.send(made)


def another(holding: Holding, authority: Authority) -> Any:  # noqa: F811
    other = authority.issue("another", "p384")
    (holding.folder / "other.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    (holding.folder / "other.key").write_bytes(other.key_pem())
    return holding.key("other")


def test_an_officer_who_received_nothing_and_certifies(holding: Holding, authority: Authority):  # noqa: F811
    key = another(holding, authority)
    received = {**json.loads(holding.document), "certificate": base64.b64encode(key.certificate).decode()}
    day, now = date.fromisoformat(today()), datetime.now(UTC)
    with refused("not-a-recipient"):
        holding.send(papers.certify(json.dumps(received).encode(), "destroyed", day, "m", NAME, key, now))


def test_a_certificate_before_the_acknowledgement(
    answered: tuple[Office, str, int, bytes],  # noqa: F811
    at_work: AtWork,  # noqa: F811
    tmp_path: Path,
):
    office, agency, row, document = answered
    (one,) = held_packages(office)
    early = Holding(office, agency, row, tmp_path, cora(at_work), one.holding.delivered, document)
    with refused("not-acknowledged"):
        early.send(early.certificate("destroyed"))
    assert early.held().state == "sent"


def test_a_day_that_cannot_be(holding: Holding):
    far = date.fromisoformat(today()) + timedelta(days=30)
    late = datetime.now(UTC) + timedelta(days=40)
    with refused("custody-day"):
        holding.send(papers.certify(holding.document, "destroyed", far, "m", NAME, holding.key(), late))
    past = date.fromisoformat(today()) - timedelta(days=30)
    with refused("custody-day"):
        holding.send(papers.certify(holding.document, "destroyed", past, "m", NAME, holding.key(), late))


def test_an_order_that_stays_open_until_it_is_certified(holding: Holding):
    order = holding.order()
    for word in ("acknowledged", "ceased", "cannot"):
        assert [one.order for one in holder.own_orders(holding.office, holding.agency)] == [order]
        document = holding.answer(order, word, "a court has it kept")
        entry = holding.send_answer(order, document)
        assert holding.send_answer(order, document) == entry
        assert holding.held().order(order).word == word
        assert "a court has it kept" not in json.dumps(holding.entry(entry))
    late = replace(holding.office, clock=MovedClock(holding.office.clock, timedelta(days=4)))
    assert holder.own_orders(late, holding.agency)[0].state == "overdue"
    assert [one.state for one in due(late) if one.order == order] == ["overdue"]
    holding.send_answer(order, holding.answer(order, "destroyed"))
    assert holder.own_orders(late, holding.agency) == []
    assert holding.held().state == "destroyed"
    with refused("custody-certified"):
        holding.send_answer(order, holding.answer(order, "returned"))


def test_a_delivery_that_the_database_forgot(holding: Holding, monkeypatch: pytest.MonkeyPatch):
    holding.order()
    monkeypatch.setattr("counterseal.flow.custody.delivered_cases", dict)
    assert holder.own_orders(holding.office, holding.agency) == []


def test_an_order_that_tells_of_a_row_before_the_batch_is_answered(holding: Holding):
    from counterseal.store.models import Submission

    order = holding.order()
    Submission.objects.update(answered_at=None)
    assert holder.own_orders(holding.office, holding.agency) == []
    with refused("not-found"):
        holder.own_order_document(holding.office, holding.agency, order)


def test_an_answer_to_another_order(holding: Holding):
    first, second = holding.order(), holding.order(Ground.CORRECTION)
    with refused("order-answer"):
        holding.send_answer(second, holding.answer(first, "ceased"))
    told = json.loads(holding.answer(first, "ceased"))
    with refused("order-answer"):
        holding.send_answer(first, json.dumps({**told, "answer": "destroyed"}).encode())


def test_an_order_that_is_forged_or_not_mine_and_is_answered(
    holding: Holding, authority: Authority, capsys: pytest.CaptureFixture[str]  # noqa: F811
):  # fmt: skip
    order = holding.order()
    whole = json.loads(holder.own_order_document(holding.office, holding.agency, order))
    policy = recipient.Policy(holding.office.workspace.policy.read_text())
    day, now = date.fromisoformat(today()), datetime.now(UTC)
    forged = {**whole, "order": {**whole["order"], "due": "2099-01-01T00:00:00+00:00"}}
    with pytest.raises(recipient.Refused):
        papers.answer_order(json.dumps(forged).encode(), policy, "ceased", day, "", NAME, holding.key(), now)
    other = another(holding, authority)
    with pytest.raises(recipient.Refused, match="another officer"):
        papers.answer_order(json.dumps(whole).encode(), policy, "ceased", day, "", NAME, other, now)
    with pytest.raises(recipient.Refused, match="answered by"):
        papers.answer_order(json.dumps(whole).encode(), policy, "kept", day, "", NAME, holding.key(), now)
    with pytest.raises(recipient.Refused, match="why"):
        papers.answer_order(json.dumps(whole).encode(), policy, "cannot", day, " ", NAME, holding.key(), now)


def test_a_paper_other_than_the_one_that_was_entered(
    holding: Holding, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The verifier that outsiders run takes each paper as it was entered, and no other."""
    order = holding.order()
    ceased, destroyed = holding.answer(order, "ceased"), holding.certificate("destroyed")
    never_sent = holding.certificate("destroyed")
    holding.send_answer(order, ceased)
    holding.send(destroyed)
    office = holding.office
    publish_witnessed(office.ledger, office.trust(), office.post)

    def verified(paper: bytes) -> int:
        (tmp_path / "shown.json").write_bytes(paper)
        words = ["paper", str(tmp_path / "shown.json"), "--ledger", str(office.workspace.ledger)]
        return verify.main([*words, "--policy", str(office.workspace.policy)])

    assert [verified(one) for one in (holding.document, ceased, destroyed)] == [0, 0, 0]
    assert "answer to order" in capsys.readouterr().out
    assert verified(never_sent) == 1
    assert "no entry names" in capsys.readouterr().err
    for paper in (ceased, destroyed, holding.document):
        told = json.loads(paper)
        assert verified(json.dumps({**told, "ledger": "x"}).encode()) == 1
        assert "signature does not hold" in capsys.readouterr().err
    for paper in (b"{}", b"[]", b"null", b'{"answered_by":1}'):
        assert verified(paper) == 1


def entries_for(paper: bytes, **changes: Any) -> list[bytes]:
    """A ledger of four entries about one certificate of destruction, with a fact of its entry changed."""
    told = json.loads(paper)
    officer = hashlib.sha256(base64.b64decode(told["certificate"])).hexdigest()
    body = {"delivered": 1, "officer": officer, "outcome": "destroyed", "package": told["package"], "on": told["on"],
            "document": hashlib.sha256(paper).hexdigest(), **changes}  # fmt: skip
    entries = ({"kind": "intent"}, {"kind": "delivered", "body": {"intent": told["entry"]}}, {"kind": "stop"},
               {"kind": "destroyed", "body": body})  # fmt: skip
    return [json.dumps(one).encode() for one in entries]


def test_an_entry_that_says_something_else_than_its_paper(holding: Holding):
    paper = holding.certificate("destroyed")
    assert verify_paper(paper, entries_for(paper)).startswith("destroyed; entry 3")
    for name, other in (("officer", "0" * 64), ("outcome", "returned"), ("package", "x"), ("on", "2026-01-01"),
                        ("delivered", 0), ("document", "x")):  # fmt: skip
        with pytest.raises(recipient.Refused):
            verify_paper(paper, entries_for(paper, **{name: other}))


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b"\xff", b"null", b"[" * 30_000, b'{"v":1}', b"x" * 40_000])
def test_bytes_that_break_a_paper_s_reader(document: bytes):
    with refused("custody-certificate"):
        read_custody_certificate(document)
    with refused("order-answer"):
        read_order_answer(document)


@pytest.fixture
def doors(holding: Holding, tmp_path: Path) -> Iterator[tuple[Client, Client]]:
    """The holder's agency's program, and another agency's."""
    from counterseal.flow.register import register_asker
    from counterseal.web.wsgi import application

    with served_here(holding.office.workspace.root):
        register_asker(holding.office, "other", "Another Agency", [], by="A. One")
        clients = []
        for agency in (holding.agency, "other"):
            register(holding.office, agency, tmp_path / f"keys-{agency}")
            http = httpx.Client(transport=httpx.WSGITransport(app=application), base_url="http://127.0.0.1")
            clients.append(Client(http, agency, ProgramKey.read(tmp_path / f"keys-{agency}" / "client.key")))
        yield clients[0], clients[1]


def test_an_agency_s_program_that_cannot_certify_or_answer(holding: Holding, doors: tuple[Client, Client]):
    """The typed client against the real interface, over a package that went the whole way."""
    own, other = doors
    order = holding.order()
    (asked,) = own.orders()
    assert (asked.order, asked.ground, asked.row, asked.state) == (order, "recall", holding.row, "ordered")
    assert json.loads(own.order(order))["order"]["delivered"] == holding.delivered
    assert other.orders() == []
    answer, certificate = holding.answer(order, "ceased"), holding.certificate("destroyed")
    for ask in (
        lambda: other.order(order), lambda: other.answer_order(order, answer),
        lambda: other.certify(SUBMISSION, holding.row, certificate), lambda: own.order(order + 1),
        lambda: own.certify(SUBMISSION, holding.row + 1, certificate),
    ):  # fmt: skip
        with pytest.raises(ProblemError) as told:
            ask()
        assert (told.value.status, told.value.code) == (404, "not-found")
    ceased = own.answer_order(order, answer)
    assert own.answer_order(order, answer) == ceased
    assert own.orders()[0].state == "ceased"
    ended = own.certify(SUBMISSION, holding.row, certificate)
    assert own.certify(SUBMISSION, holding.row, certificate) == ended
    assert own.orders() == [], "a certificate of destruction answers every order that was open"
    with pytest.raises(ProblemError) as late:
        own.answer_order(order, holding.answer(order, "destroyed"))
    assert (late.value.status, late.value.code) == (409, "custody-certified")


def test_a_custodian_s_key_that_comes_only_with_the_package(holding: Holding, doors: tuple[Client, Client]):
    """The interface, the published ledger and the witnessed first entry tell one key; a package opens under it alone."""
    workspace, told = holding.office.workspace, doors[1].custodian_key()
    published = (workspace.ledger / "custodian.vkey").read_bytes()
    assert published == f"{told}\n".encode()
    assert holding.entry(0)["body"]["custodian"] == hashlib.sha256(published).hexdigest()
    assert workspace.custodian.read_text().splitlines()[1] not in published.decode(), "the private half"
    (package,) = workspace.packages.glob("*.sealed")
    roots, policy = (holding.folder / "roots.pem").read_bytes(), recipient.Policy(workspace.policy.read_text())
    now = datetime.now(UTC)
    recipient.open_package(package.read_bytes(), policy, told, roots, holding.key(), now)
    another = (holding.folder / "keys-other" / "client.key").read_text().splitlines()[0]
    with pytest.raises(recipient.Refused, match="custodian"):
        recipient.open_package(package.read_bytes(), policy, another, roots, holding.key(), now)
    (workspace.ledger / "custodian.vkey").unlink()
    with pytest.raises(ProblemError) as gone:
        doors[1].custodian_key()
    assert (gone.value.status, gone.value.code) == (404, "not-found")
