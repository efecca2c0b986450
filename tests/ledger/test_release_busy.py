"""The way of one answer in an office where others work, and by a policy that asks nobody."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.ledger import test_release
from tests.ledger.test_release import UNDER, Scene, approved, kinds

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.release import Gate, release_answer, stop
from counterseal.ledger.policy import read_policy
from counterseal.ledger_wiring import post
from counterseal.store.submissions import one_act
from counterseal_verify import sealer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

scene = test_release.scene


def once(scene: Scene) -> Callable[[], None]:
    """Somebody else's act, the first time that this is called: its checkpoint bears no witness's line."""
    acts = [None]

    def act() -> None:
        if acts:
            acts.pop()
            with one_act():
                scene.log.append("case", {"act": "take"})
            scene.log.publish()

    return act


@pytest.mark.parametrize("when", ["while witnesses cosign", "before the sealer looks"])
def test_others_who_enter_something_hold_up_a_release(scene: Scene, when: str):
    intent, others = approved(scene), once(scene)

    def posts(url: str, body: bytes) -> tuple[int, str, bytes]:
        answer = post(url, body)
        others()
        return answer

    def seals(request: Mapping[str, object], package: Path) -> None:
        others()
        scene.gate.seal(request, package)

    gate = replace(scene.gate, **({"post": posts} if when.startswith("while") else {"seal": seals}))
    assert release_answer(gate, scene.release, UNDER, intent, [scene.key]).is_file()
    assert kinds()[-3:] == ["intent", "case", "delivered"]


def test_a_sealer_that_refuses_is_asked_again(scene: Scene):
    """Nobody entered anything: what it refuses now it would refuse again."""
    intent, asked = approved(scene), []

    def refuses(request: Mapping[str, object], package: Path) -> None:
        asked.append(request)
        raise CountersealError("sealer", "No.")

    with pytest.raises(CountersealError, match="No"):
        release_answer(replace(scene.gate, seal=refuses), scene.release, UNDER, intent, [scene.key])
    assert len(asked) == 1


def by_nobody(scene: Scene) -> Gate:
    """The gate of an office whose policy asks for no witness; the sealer's too."""
    path = scene.gate.seal.policy
    path.write_text(path.read_text().replace("quorum ig", "quorum none"))
    return replace(scene.gate, policy=read_policy(path.read_bytes()))


def test_an_office_that_asks_no_witness(scene: Scene):
    """Such a policy is well formed, and a reader may go by it: here it would make ``witnessed`` mean nothing."""
    intent, gate = approved(scene), by_nobody(scene)
    with pytest.raises(CheckFailedError, match="asks for no witness"):
        release_answer(gate, scene.release, UNDER, intent, [scene.key])
    with pytest.raises(CheckFailedError, match="asks for no witness"):
        stop(scene.log, gate.policy, post, {"case": scene.release.case})
    assert kinds()[-2:] == ["intent", "stop"]


def test_a_sealer_that_asks_no_witness(scene: Scene):
    intent = approved(scene)
    given = scene.gate.policy
    by_nobody(scene)
    with pytest.raises(CountersealError, match="asks for no witness"):
        release_answer(replace(scene.gate, policy=given), scene.release, UNDER, intent, [scene.key])
    assert not list(scene.gate.packages.iterdir())


def test_a_sealer_that_is_told_the_database(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It has no database: neither an address nor a password of one stands in its environment."""
    monkeypatch.setenv("COUNTERSEAL_DATABASE_URL", "postgresql://office:secret@db/office")
    monkeypatch.setenv("PGPASSWORD", "secret")
    (tmp_path / "counterseal_verify").mkdir()
    (tmp_path / "counterseal_verify" / "__init__.py").touch()
    (tmp_path / "counterseal_verify" / "sealer.py").write_text(
        "import os, sys\nprint(*sorted(os.environ), *os.environ.values(), file=sys.stderr)\nsys.exit(1)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CountersealError, match="PYTHONPATH") as told:
        scene.gate.seal({}, tmp_path / "package")
    assert "secret" not in told.value.message


def test_what_a_sealer_leaves_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A package that the disk refused, and one of a process that was killed and had the same number."""

    def refuses(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (tmp_path / f".package.{os.getpid()}").write_bytes(b"killed")
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", refuses)
        with pytest.raises(OSError, match="error"):
            sealer.write(tmp_path / "package", b"sealed")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / f".package.{os.getpid()}").write_bytes(b"killed")
    sealer.write(tmp_path / "package", b"sealed")
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
