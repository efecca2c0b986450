"""Builds of an index that are killed, or that meet one another: what lies there then, and what the next build does."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.identity.conftest import address, strangers, write_source

from counterseal.cli import status
from counterseal.errors import CountersealError
from counterseal.flow.registry import build_registry
from counterseal.identity.index import open_registry
from counterseal.vault.durable import worked_on_alone
from counterseal.vault.registry_files import RegistryFiles

CANARIES = (b"QUETZALCANARY", b"XOCHITLCANARY")
FILES = RegistryFiles(os.urandom)
KILLED = """
import os, random, signal, sys
from pathlib import Path
from counterseal.flow.registry import build_registry
from counterseal.vault.registry_files import RegistryFiles

source, places, numbers = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
for number in numbers:
    if (child := os.fork()) == 0:
        left = int(number)
        def count(event, _given):
            global left
            if event in {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}:
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        build_registry(source, places / number / "index", RegistryFiles(os.urandom))
        (places / number / "count").write_text(str(int(number) - left))
        os._exit(0)
    os.waitpid(child, 0)
"""
"""A process that ends itself, as kill -9 does, when it has touched the disk so many times."""


def killed(source: Path, places: Path, numbers: list[int]) -> None:
    call = [sys.executable, "-c", KILLED, str(source), str(places), *map(str, numbers)]
    subprocess.run(call, check=True, capture_output=True, timeout=300)


def holding(folder: Path) -> set[str]:
    """Name the files under a folder in which one of the canaries lies in the clear."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(canary in path.read_bytes() for canary in CANARIES)}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    accounts, addresses = strangers(300)
    accounts[7] |= {"family_name": CANARIES[0].decode()}
    addresses[7] = address(accounts[7]["account_id"], f"12 {CANARIES[1].decode()} ST")
    return write_source(tmp_path_factory.mktemp("killed") / "source", accounts, addresses)


def test_a_name_that_a_killed_build_leaves_and_an_index_that_nobody_can_build_again(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten builds over an index that stands, each killed elsewhere, the last ones while key and index are exchanged."""
    build_registry(source, tmp_path / "first" / "index", FILES)
    shutil.copytree(tmp_path / "first", tmp_path / "99999")
    killed(source, tmp_path, [99999])
    whole = int((tmp_path / "99999" / "count").read_text())
    points = [*random.Random(9).sample(range(2, whole - 24), 5), *range(whole - 24, whole, 5)]  # noqa: S311
    for point in points:
        shutil.copytree(tmp_path / "first", tmp_path / str(point))
    killed(source, tmp_path, points)
    opened = []
    for point in points:
        place = tmp_path / str(point)
        assert not (place / "count").exists()  # it was killed
        assert holding(place) <= {"build.duckdb", "build.duckdb.wal"}
        work = place / "index.building"
        assert not work.exists() or work.stat().st_mode & 0o777 == 0o700
        assert all(path.stat().st_mode & 0o077 == 0 for path in place.rglob("*.key*"))
        try:
            opened.append(open_registry(place / "index", FILES).size == 300)
        except CountersealError as refused:
            assert refused.code == "registry-unreadable"  # no index, never one that another key opens  # noqa: PT017
            opened.append(False)
        assert status(["registry", "build", str(source), "--out", str(place / "index")]) == 0
        assert open_registry(place / "index", FILES).size == 300
        assert not work.exists()
        assert not holding(place)
        assert not (place / "index" / "replaced").exists()
    assert True in opened
    assert False in opened
    capsys.readouterr()


def test_a_key_that_cannot_be_written_and_takes_the_old_index_with_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_registry(source, tmp_path / "index", FILES)

    def full(*_given: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("counterseal.vault.registry_files.write_durably", full)
    with pytest.raises(OSError, match="No space"):
        build_registry(source, tmp_path / "index", FILES)
    assert open_registry(tmp_path / "index", FILES).size == 300
    assert not (tmp_path / "index.building").exists()


def test_an_old_key_destroyed_before_the_new_index_outlives_a_power_cut(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable: list[int] = []
    synchronise = os.fsync

    def noted(descriptor: int) -> None:
        durable.append(os.fstat(descriptor).st_ino)
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    build_registry(source, tmp_path / "index", FILES)
    before_the_key = durable[: durable.index((tmp_path / "index.key").stat().st_ino)]
    assert {path.stat().st_ino for path in (tmp_path / "index").iterdir()} <= set(before_the_key)
    assert durable[-1] == tmp_path.stat().st_ino  # the name under which it stands


def test_two_builds_that_clear_away_each_others_work(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with worked_on_alone(tmp_path / "index"):
        assert status(["registry", "build", str(source), "--out", str(tmp_path / "index")]) == 2
    told = capsys.readouterr().err.strip()
    assert "[being-worked-on]" in told
    assert "\n" not in told


def test_a_key_and_an_index_that_are_reached_through_links(source: Path, tmp_path: Path) -> None:
    """The key stays on the medium to which the link leads; the index is replaced where it lies."""
    (tmp_path / "medium").mkdir()
    named = RegistryFiles(os.urandom, tmp_path / "link.key")
    (tmp_path / "link.key").symlink_to(tmp_path / "medium" / "k")
    (tmp_path / "link").symlink_to(tmp_path / "index")
    for _ in range(2):
        build_registry(source, tmp_path / "link", named)
        assert (tmp_path / "link.key").is_symlink()
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "medium" / "k").stat().st_mode & 0o777 == 0o600
        assert open_registry(tmp_path / "link", named).size == 300
    assert not holding(tmp_path)


def test_a_key_whose_replacement_leaves_the_old_one_on_the_disk(source: Path, tmp_path: Path) -> None:
    build_registry(source, tmp_path / "index", FILES)
    with (tmp_path / "index.key").open("rb") as old:
        build_registry(source, tmp_path / "index", FILES)
        assert old.read() == bytes(65)


@pytest.mark.parametrize("stands", ["a folder", "a folder that is not there", "a link that leads nowhere", "the root"])
def test_a_place_for_the_key_or_the_index_that_is_none(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], stands: str
) -> None:
    key, out = tmp_path / "k", tmp_path / "index"
    if stands == "a folder":
        key.mkdir()
    elif stands == "a folder that is not there":
        key = tmp_path / "unmounted" / "k"
    elif stands == "a link that leads nowhere":
        key.symlink_to(tmp_path / "unmounted" / "k")
    else:
        key, out = tmp_path / "k", Path("/")
    assert status(["registry", "build", str(source), "--out", str(out), "--key", str(key)]) == 2
    told = capsys.readouterr().err.strip()
    assert "[registry-" in told
    assert "\n" not in told
    assert not (tmp_path / "unmounted").exists()
