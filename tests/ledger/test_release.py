"""The way of one answer: nothing leaves without two people, a witnessed intent, and no stop after it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.ledger.conftest import approve, enrol, official, passkey, signers
from tests.ledger.test_witness import make_witness
from tests.release_package.pki import Authority, Officer

from counterseal.cli.witness import make_server
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.flow.release import Gate, SealerProcess, intend, release_answer, stop
from counterseal.ledger.folder import LedgerFolder, prove_entry
from counterseal.ledger.intent import Approval, Release, Reviewed
from counterseal.ledger.note import sign_note
from counterseal.ledger.policy import read_policy
from counterseal.ledger_wiring import post
from counterseal.store.models import LedgerEntry
from counterseal.store.submissions import one_act
from counterseal.vault.keys import CUSTODIAN_KEYS, WITNESS_KEYS, make_keys
from counterseal_open.envelope import open_envelope
from counterseal_open.keys import FileKey
from counterseal_verify import sealer
from counterseal_verify.newest import newest_witnessed
from counterseal_verify.package import Package
from counterseal_verify.verify import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.store.ledger_log import LedgerLog

ANSWER = json.dumps(
    {
        "mailing_address": {
            "line_1": "CANARY 14 MAPLE ST", "line_2": "", "city": "SPRINGFIELD", "state": "IL", "zip": "62701",
        },
        "request_ref": "R-1",
        "salt": "5" * 64,
        "v": 1,
    }
).encode()  # fmt: skip
UNDER = Reviewed("c" * 64, "an-agency", "an-agreement", "1.0.0")


@dataclass
class LedgerOffice:
    """An office that reads everything from the ledger itself."""

    unfit: set[str] = field(default_factory=set)
    barred: set[str] = field(default_factory=set)

    def _bodies(self, kind: str) -> Iterator[tuple[int, dict[str, str]]]:
        for index, entry in LedgerEntry.objects.filter(kind=kind).values_list("index", "entry"):
            yield index, json.loads(bytes(entry)).get("body", {})

    def stopped(self, release: Release) -> bool:
        return any(body.get("case") == release.case for _, body in self._bodies("stop"))

    def holds(self, release: Release) -> bool:
        return release.answer not in self.unfit

    def may_approve(self, approval: Approval) -> bool:
        """By the last enrolment of the key: one after the approval means that the role changed."""
        enrolled = [
            index
            for index, body in self._bodies("role")
            if body.get("act") == "key" and _digest(body["key"]) == approval.official
        ]
        return approval.official not in self.barred and enrolled[-1] < approval.entry

    def approvals(self, release: Release) -> list[Approval]:
        return [self._approval(index, body) for index, body in self._bodies("signed") if body["over"] == release.digest]

    def _approval(self, index: int, body: dict[str, str]) -> Approval:
        enrolment = dict(self._bodies("role"))[int(body["enrolled"])]
        return Approval(body["official"], body["over"], index, enrolment["role"])


def _digest(key: str) -> str:
    return hashlib.sha256(base64.b64decode(key)).hexdigest()


@dataclass
class Scene:
    log: LedgerLog
    gate: Gate
    office: LedgerOffice
    officer: Officer
    release: Release
    key: bytes
    server: object
    authority: Authority


def sealers_folder(folder: Path, authority: Authority) -> sealer.Custody:
    """What a sealer holds itself: one agency's root, one agreement's conditions, the custodian's key."""
    make_keys(folder / "custody", "custodian.example", CUSTODIAN_KEYS, os.urandom)
    (folder / "agencies").mkdir()
    (folder / "agreements" / UNDER.agreement).mkdir(parents=True)
    (folder / "agencies" / f"{UNDER.agency}.pem").write_bytes(authority.pem)
    (folder / "agreements" / UNDER.agreement / "conditions.txt").write_text("# Heading\nOnly for the case named.\n")
    return sealer.Custody(folder / "agencies", folder / "agreements", folder / "custody" / "custodian.ed25519")


@pytest.fixture
def scene(log: LedgerLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "src"))
    witness = make_witness(tmp_path / "w0", "w0")
    server = make_server(witness, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    text = (
        f"log {log._signers[0].key}\n"
        f"witness ig {signers('w0', WITNESS_KEYS)[0].key} http://127.0.0.1:{server.server_port}\nquorum ig\n"
    )
    (tmp_path / "policy").write_text(text)
    (tmp_path / "answers").mkdir()
    (tmp_path / "packages").mkdir()
    answer = hashlib.sha256(ANSWER).hexdigest()
    (tmp_path / "answers" / answer).write_bytes(ANSWER)
    authority = Authority()
    officer = authority.issue("An Officer", "p256")
    key = officer.der
    release = Release(UNDER.digest, answer, (hashlib.sha256(key).hexdigest(),))
    custody = sealers_folder(tmp_path, authority)
    process = SealerProcess(
        tmp_path / "policy", log.folder, tmp_path / "answers", custody.agencies, custody.agreements, custody.custodian
    )
    gate = Gate(log, read_policy(text.encode()), post, process, tmp_path / "packages")
    enrol(log, {"ann": "specialist", "ben": "releasing"})
    yield Scene(log, gate, LedgerOffice(), officer, release, key, server, authority)
    server.shutdown()
    server.server_close()


def approved(scene: Scene) -> int:
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "ben")
    return intend(scene.log, scene.office, scene.release)


def lied(scene: Scene) -> int:
    """The intent of a gateway that takes whatever approvals there are."""
    signed = [(index, body["official"]) for index, body in scene.office._bodies("signed")]
    approvals = [{"official": name, "entry": index} for index, name in signed]
    with one_act():
        scene.log.lock()
        body = {"case": scene.release.case, "over": scene.release.digest, "approvals": approvals}
        return scene.log.append("intent", body)


def kinds() -> list[str]:
    return list(LedgerEntry.objects.order_by("index").values_list("kind", flat=True))


def test_an_answer_that_its_recipient_cannot_open(scene: Scene):
    package = Package.read(release_answer(scene.gate, scene.release, UNDER, approved(scene), [scene.key]).read_bytes())
    note = open_envelope(package.sealed, FileKey(scene.key, scene.officer.key))
    content = json.loads(note.decode().split("\n")[1])
    assert base64.b64decode(content["answer"]).rstrip() == ANSWER
    assert kinds() == ["role", "role", "signed", "signed", "intent", "delivered"]


def test_one_person_who_approves_twice(scene: Scene):
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "ann")
    with pytest.raises(CountersealError, match="approvals"):
        intend(scene.log, scene.office, scene.release)
    assert "intent" not in kinds()


def test_an_approval_of_another_answer_or_recipient(scene: Scene):
    approve(scene.log, scene.release, "ann")
    for other in (
        Release(scene.release.case, "d" * 64, scene.release.recipients),
        Release("d" * 64, scene.release.answer, scene.release.recipients),
        Release(scene.release.case, scene.release.answer, ("d" * 64,)),
    ):
        approve(scene.log, other, "ben")
        with pytest.raises(CountersealError, match="approvals"):
            intend(scene.log, scene.office, scene.release)


def test_two_specialists_who_approve(scene: Scene):
    enrol(scene.log, {"cat": "specialist"})
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "cat")
    with pytest.raises(CountersealError, match="approvals"):
        intend(scene.log, scene.office, scene.release)
    assert "intent" not in kinds()


def _two_of_one_role(scene: Scene) -> None:
    enrol(scene.log, {"cat": "specialist"})
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "cat")


def _one_in_both_roles(scene: Scene) -> None:
    approve(scene.log, scene.release, "ann")
    enrol(scene.log, {"ann": "releasing"})
    approve(scene.log, scene.release, "ann")


def _role_left(scene: Scene) -> None:
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "ben")
    enrol(scene.log, {"ben": "counsel"})


def _role_left_and_had_again(scene: Scene) -> None:
    _role_left(scene)
    enrol(scene.log, {"ben": "releasing"})


def _key_ended(scene: Scene) -> None:
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "ben")
    with one_act():
        scene.log.append("role", {"act": "key ended", "key_sha256": official("ben")})


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (_two_of_one_role, "not both a specialist and a releasing official"),
        (_one_in_both_roles, "fewer than two people"),
        (_role_left, "role changed"),
        (_role_left_and_had_again, "role changed"),
        (_key_ended, "was ended"),
    ],
)
def test_a_gateway_that_lies_about_roles(scene: Scene, how: Callable[[Scene], None], why: str):
    """The sealer goes by the roles in which the keys stand in the ledger at the intent, and by no one's word."""
    how(scene)
    with pytest.raises(CountersealError, match=why):
        release_answer(scene.gate, scene.release, UNDER, lied(scene), [scene.key])
    assert not list(scene.gate.packages.iterdir())


def test_a_role_that_changes_after_the_intent(scene: Scene):
    """What stood when the intent was made stands: the intent is the moment that counts."""
    intent = approved(scene)
    enrol(scene.log, {"ben": "counsel"})
    assert release_answer(scene.gate, scene.release, UNDER, intent, [scene.key]).is_file()


def test_a_role_withdrawn_before_the_intent(scene: Scene):
    scene.office.barred.add(official("ben"))
    with pytest.raises(CountersealError, match="approvals"):
        approved(scene)


def test_predicates_that_no_longer_hold(scene: Scene):
    scene.office.unfit.add(scene.release.answer)
    with pytest.raises(CountersealError, match="predicates"):
        approved(scene)


def test_a_stop_before_the_intent(scene: Scene):
    stop(scene.log, scene.gate.policy, post, {"case": scene.release.case})
    with pytest.raises(CountersealError, match="stopped"):
        approved(scene)


def test_a_stop_between_intent_and_sealing(scene: Scene):
    intent = approved(scene)
    stop(scene.log, scene.gate.policy, post, {"case": scene.release.case})
    with pytest.raises(CountersealError, match="stop order came after"):
        release_answer(scene.gate, scene.release, UNDER, intent, [scene.key])
    assert not list(scene.gate.packages.iterdir())


def _request(scene: Scene, told: int) -> dict[str, object]:
    """What the sealer is told of the entry ``told``."""
    return {
        **asdict(UNDER),
        "answer": scene.release.answer,
        "recipients": [base64.b64encode(scene.key).decode()],
        "entry": base64.b64encode(scene.log.entry(told)).decode(),
        "receipt": str(prove_entry(LedgerFolder(scene.log.folder), told)),
    }


def _asked_of_the_sealer(scene: Scene, intent: int, ledger: Path, package: Path) -> None:
    """What a gateway says that shows the sealer a ledger of its choice."""
    publish_witnessed(scene.log, scene.gate.policy, post)
    request = _request(scene, intent)
    if not ledger.exists():
        shutil.copytree(scene.log.folder, ledger)
        stop(scene.log, scene.gate.policy, post, {"case": scene.release.case})
    replace(scene.gate.seal, ledger=ledger)(request, package)


def test_an_older_ledger_that_is_shown_to_hide_a_stop(scene: Scene, tmp_path: Path):
    """The copy is sound and has its quorum; that the ledger has grown since, the witnesses say."""
    with pytest.raises(CountersealError, match="a witness has cosigned a larger ledger"):
        _asked_of_the_sealer(scene, approved(scene), tmp_path / "copy", tmp_path / "package")
    assert not (tmp_path / "package").exists()


def test_a_sealer_that_cannot_ask_the_witnesses(scene: Scene, tmp_path: Path):
    """The receipt has its quorum; nobody says that the ledger shown is the newest."""
    intent = approved(scene)
    publish_witnessed(scene.log, scene.gate.policy, post)
    scene.server.shutdown()
    scene.server.server_close()
    with pytest.raises(CountersealError, match="too few witnesses say"):
        _asked_of_the_sealer(scene, intent, scene.log.folder, tmp_path / "package")
    assert not (tmp_path / "package").exists()


def test_witnesses_that_the_sealer_asks_one_after_another(scene: Scene):
    """Each waits until all have been asked: asked in turn, none would answer."""
    publish_witnessed(scene.log, scene.gate.policy, post)
    own = (scene.log.folder / "checkpoint").read_text()
    keys = [signers(name, WITNESS_KEYS)[0] for name in ("w0", "w1", "w2")]
    lines = "".join(f"witness {n} {one.key} http://w{n}\n" for n, one in enumerate(keys))
    text = f"log {scene.log._signers[0].key}\n{lines}group all all 0 1 2\nquorum all\n"
    together = threading.Barrier(3, timeout=20)

    def told(url: str) -> str:
        together.wait()
        body = own.partition("\n\n")[0] + "\n"
        return str(sign_note(body, [keys[int(url[8])]], 1))

    assert newest_witnessed(text, own.split("\n")[0], told) == int(own.split("\n")[1])


def test_a_witnesss_word_that_is_not_its_own(scene: Scene):
    """Another log's head, another signer's, no note, an error: none of them is an answer."""
    text = scene.gate.seal.policy.read_text()
    publish_witnessed(scene.log, scene.gate.policy, post)
    own = (scene.log.folder / "checkpoint").read_text()
    origin, size = own.split("\n")[:2]
    assert newest_witnessed(text, origin, lambda _: own) == int(size)
    unsigned = "\n".join(line for line in own.split("\n") if not line.startswith("\u2014 w0"))
    for other in (
        unsigned,
        own.replace(origin, "elsewhere"),
        "",
        own.replace(f"\n{size}\n", f"\n{size}0\n", 1),
        "\n\n\u2014 w0 AAAA",
    ):
        with pytest.raises(Refused, match="too few witnesses"):
            newest_witnessed(text, origin, lambda _, told=other: told)
    demonstration = text.replace("http://127.0.0.1", "http://w0.invalid")
    assert newest_witnessed(demonstration, origin, lambda _: own) == 0


def test_safeguards_that_lapse_between_intent_and_sealing(scene: Scene):
    intent = approved(scene)
    with one_act():
        scene.log.append("safeguards", {"act": "lapsed", "agency": "another"})
        scene.log.append("safeguards", {"act": "lapsed", "agency": UNDER.agency})
    with pytest.raises(CountersealError, match="safeguards lapsed"):
        release_answer(scene.gate, scene.release, UNDER, intent, [scene.key])
    assert not list(scene.gate.packages.iterdir())


def test_another_agencys_safeguards_that_hold_up_this_one(scene: Scene):
    intent = approved(scene)
    with one_act():
        scene.log.append("safeguards", {"act": "lapsed", "agency": "another"})
    assert release_answer(scene.gate, scene.release, UNDER, intent, [scene.key]).is_file()


def test_an_answer_without_a_quorum(scene: Scene):
    intent = approved(scene)
    scene.server.shutdown()
    scene.server.server_close()
    with pytest.raises(CheckFailedError, match="quorum"):
        release_answer(scene.gate, scene.release, UNDER, intent, [scene.key])
    assert not list(scene.gate.packages.iterdir())


def test_a_stop_acknowledged_before_it_is_witnessed(scene: Scene):
    scene.server.shutdown()
    scene.server.server_close()
    with pytest.raises(CheckFailedError, match="quorum"):
        stop(scene.log, scene.gate.policy, post, {"case": scene.release.case})
    assert kinds() == ["role", "role", "stop"]


@pytest.mark.parametrize("change", ["answer", "recipient", "entry", "kind", "receipt", "file", "nothing"])
def test_a_sealer_that_believes_the_gateway(scene: Scene, change: str, tmp_path: Path):
    """Whatever the gateway claims, the sealer goes by the proof."""
    intent = approved(scene)
    publish_witnessed(scene.log, scene.gate.policy, post)
    stranger = scene.authority.issue("A Stranger", "p256").der
    told = intent - 1 if change == "kind" else intent
    request = _request(scene, told)
    if change == "answer":
        request["answer"] = hashlib.sha256(b"x").hexdigest()
    if change == "recipient":
        request["recipients"] = [base64.b64encode(stranger).decode()]
    if change == "entry":
        request["entry"] = base64.b64encode(scene.log.entry(told) + b" ").decode()
    if change == "receipt":
        request["receipt"] = str(request["receipt"]).replace("index 4", "index 3")
    if change == "file":
        (scene.gate.seal.answers / scene.release.answer).write_bytes(ANSWER + b"!")
    import io
    from unittest import mock

    arguments = ["--policy", str(scene.gate.seal.policy), "--ledger", str(scene.log.folder)]
    arguments += ["--answers", str(scene.gate.seal.answers), "--out", str(tmp_path / "package")]
    for name in ("agencies", "agreements", "custodian"):
        arguments += [f"--{name}", str(getattr(scene.gate.seal, name))]
    stdin = mock.Mock(buffer=io.BytesIO(json.dumps(request).encode()))
    with mock.patch("sys.stdin", stdin):
        code = sealer.main(arguments)
    assert code == (0 if change == "nothing" else 1)
    assert (tmp_path / "package").exists() == (change == "nothing")


def test_an_answer_outside_the_vault(scene: Scene):
    package = release_answer(scene.gate, scene.release, UNDER, approved(scene), [scene.key])
    assert b"CANARY" not in package.read_bytes()
    files = [path for path in scene.log.folder.rglob("*") if path.is_file()]
    assert not any(b"CANARY" in path.read_bytes() for path in files)


FORGED = {
    "another digest": {"evidence": passkey("ben").sign(bytes(32), origin="https://o.example", rp_id="o.example")},
    "no signature": {"evidence": "evidence"},
    "a key that is nobody's": {"enrolled": 2},
    "a key enrolled later": {"enrolled": 99},
    "somebody else's key": {"enrolled": 0},
    "another name": {"official": "b" * 64},
}


@pytest.mark.parametrize("what", FORGED)
def test_an_approval_that_the_ledgers_owner_made_up(scene: Scene, what: str):
    """Who holds the database and the log's keys can enter what they like; the sealer asks the passkey."""
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "ben", **FORGED[what])
    with pytest.raises(CountersealError, match="approval"):
        release_answer(scene.gate, scene.release, UNDER, lied(scene), [scene.key])
    assert not list(scene.gate.packages.iterdir())


def test_an_approval_by_a_key_that_was_ended(scene: Scene):
    approve(scene.log, scene.release, "ann")
    with one_act():
        scene.log.append("role", {"act": "key ended", "key_sha256": official("ann")})
    approve(scene.log, scene.release, "ben")
    intent = intend(scene.log, scene.office, scene.release)
    with pytest.raises(CountersealError, match="ended"):
        release_answer(scene.gate, scene.release, UNDER, intent, [scene.key])


def test_an_approval_by_an_administrators_key(scene: Scene):
    with one_act():
        key = base64.b64encode(passkey("eve").public_key).decode()
        scene.log.append("role", {"act": "key", "role": "administrator", "key": key})
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "eve")
    with pytest.raises(CountersealError, match="never enrolled"):
        release_answer(scene.gate, scene.release, UNDER, lied(scene), [scene.key])
