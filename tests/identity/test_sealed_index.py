"""An index that lies sealed: pieces read wrongly, and readers who have no key, another key, or other files."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.conftest import strangers, write_source
from tests.identity.test_identify_file import sound_requests

from counterseal.cli import status
from counterseal.engine.mailing import last_known_address
from counterseal.errors import CountersealError
from counterseal.flow.registry import build_registry
from counterseal.identity import sealed_array
from counterseal.identity.index import COUNTED, FILED, open_registry
from counterseal.identity.sealed_array import PIECE, OpenedPieces, SealedArray, SealedArrayWriter
from counterseal.vault.registry_files import RegistryFiles
from counterseal.vault.sealed_file import HEADING, TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EACH = PIECE // FILED.itemsize
FILES = RegistryFiles(os.urandom, new=bytes(32))
SIZES = [0, 1, EACH - 1, EACH, EACH + 1, 3 * EACH, 3 * EACH + 5]


def sealed(path: Path, records: np.ndarray, room: int = 1 << 20, cut: int = 777) -> SealedArray:
    with SealedArrayWriter(FILES, path, records.dtype, "key") as file:
        for at in range(0, len(records), cut):
            file.append(records[at : at + cut])
    return SealedArray(FILES, path, records.dtype, OpenedPieces(room), "key")


def filed(keys: np.ndarray) -> np.ndarray:
    records = np.zeros(len(keys), FILED)
    records["key"], records["owner"] = np.sort(keys), np.arange(len(keys))
    return records


def held_against(plain: np.ndarray, array: SealedArray, wanted: np.ndarray, limit: int) -> None:
    """Ask both forms the same and see that they answer alike."""
    left, right = (np.searchsorted(plain["key"], wanted, side) for side in ("left", "right"))
    assert np.array_equal(array.bounds(wanted), [left, right])
    count, start, records = array.runs(wanted, limit)
    assert np.array_equal(count, right - left)
    for one in range(len(wanted)):
        given = plain[left[one] : right[one]] if count[one] <= limit else plain[:0]
        assert np.array_equal(records[start[one] : start[one] + len(given)], given)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("alike", [1, 3, 2 * EACH, 5 * EACH])
def test_a_key_at_the_border_of_a_piece(tmp_path: Path, size: int, alike: int) -> None:
    """``alike`` records bear each key, so that runs end at borders, cross them, and fill whole pieces."""
    plain = filed(np.arange(size) // alike * 2 + 2)
    array = sealed(tmp_path / "filed", plain)
    assert len(array) == size
    borders = plain["key"][[at for at in (0, EACH - 1, EACH, 2 * EACH, size - 1) if 0 <= at < size]]
    wanted = np.unique(np.concatenate([borders - 1, borders, borders + 1, np.array([0, 2**64 - 1], np.uint64)]))
    for limit in (0, 2, alike, size):
        held_against(plain, array, wanted, limit)
    for start, stop in ((0, size), (EACH - 1, EACH + 1), (size - 1, size), (5, 5), (size, size + 9), (-3, size)):
        assert np.array_equal(array.span(start, stop), plain[start:stop])


@settings(max_examples=60)
@given(data=st.data())
def test_two_forms_of_one_array_that_answer_differently(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    size, kinds = data.draw(st.integers(0, 4 * EACH)), data.draw(st.sampled_from([1, 3, 50, 2**63]))
    plain = filed(chance.integers(0, kinds, size, np.uint64, endpoint=True))
    array = sealed(tmp_path_factory.mktemp("sealed") / "filed", plain, room=data.draw(st.sampled_from([0, 1 << 22])))
    for _ in range(3):
        asked = chance.integers(0, size, data.draw(st.integers(0, 3 * EACH))) if size else np.empty(0, np.int64)
        assert np.array_equal(array.take(asked), plain[asked])
        guessed = chance.integers(0, kinds, data.draw(st.integers(0, 200)), np.uint64, endpoint=True)
        known = plain["key"][asked[:200]]
        held_against(plain, array, np.unique(np.concatenate([guessed, known])), data.draw(st.integers(0, 2 * EACH)))


def test_more_pieces_than_lie_open_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_array, "TOGETHER", 2)
    plain = filed(np.random.default_rng(3).integers(1, 9 * EACH, 20 * EACH, np.uint64))
    array = sealed(tmp_path / "filed", plain, room=0)
    asked = np.random.default_rng(4).integers(0, len(plain), 5_000)
    assert np.array_equal(array.take(asked), plain[asked])
    held_against(plain, array, np.unique(plain["key"][asked]), 7)


def test_levels_above_levels(tmp_path: Path) -> None:
    """Past a million first keys there is more than one level above; a small piece shows it on fewer."""
    plain = filed(np.arange(EACH * (PIECE // 8) + EACH) * 3)
    array = sealed(tmp_path / "filed", plain, cut=100_000)
    assert (tmp_path / "filed.above.above").exists()
    wanted = np.unique(np.random.default_rng(1).integers(0, 3 * len(plain), 4_000, np.uint64))
    held_against(plain, array, wanted, 2)


def test_two_threads_that_take_each_others_room(tmp_path: Path) -> None:
    plain = filed(np.arange(40 * EACH) * 2)
    array = sealed(tmp_path / "filed", plain, room=0)

    def ask(seed: int) -> bool:
        asked = np.random.default_rng(seed).integers(0, len(plain), 300)
        wanted = np.unique(plain["key"][asked])
        _, _, records = array.runs(wanted, 1)
        return np.array_equal(array.take(asked), plain[asked]) and np.array_equal(records["key"], wanted)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(200)))


def test_memory_that_grows_with_the_array(tmp_path: Path) -> None:
    """What an array holds beside the room is the same for ten pieces and for a thousand."""
    opened = OpenedPieces(0)
    for size in (10 * EACH, 1_000 * EACH):
        sealed(tmp_path / "filed", filed(np.arange(size)))
        array = SealedArray(FILES, tmp_path / "filed", FILED, opened, "key")
        array.take(np.arange(0, size, EACH // 2))
        assert len(opened._places) <= 2 * sealed_array.TOGETHER
        held = [one for one in vars(array).values() if isinstance(one, np.ndarray) and one.base is None]
        assert not held


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index, its key, and requests for it."""
    folder = tmp_path_factory.mktemp("sealed")
    build_registry(write_source(folder / "source", *strangers(400)), folder / "index", RegistryFiles(os.urandom))
    pq.write_table(pa.table(sound_requests(40)), folder / "requests.parquet")
    return folder


@pytest.fixture
def place(built: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(built, tmp_path / "place")


def identify(place: Path, *more: str) -> int:
    out = place / "answers.parquet"
    return status(
        ["identify", str(place / "requests.parquet"), "--registry", str(place / "index"), "--out", str(out), *more]
    )


def refused(place: Path, capsys: pytest.CaptureFixture[str], code: str) -> str:
    """See that nobody is identified, in one line without a traceback; give the line."""
    assert identify(place) == 2
    told = capsys.readouterr().err.strip()
    assert told.count("\n") == 0
    assert f"[{code}]" in told
    assert not list(place.glob("answers*"))
    return told


def test_an_index_that_says_something_to_who_has_no_key(built: Path) -> None:
    everything = b"".join(path.read_bytes() for path in sorted((built / "index").iterdir()))
    for word in (b"S000123", b"MAPLE", b"YAKIMA", b"SMITH", b"accounts.parquet", b"PAR1", b"NUMPY"):
        assert word not in everything
    assert (built / "index" / "index.json").read_text() == '{"format": 2}\n'
    key = built / "index.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert bytes.fromhex(key.read_text()) not in everything
    assert (built / "index").stat().st_mode & 0o077 == 0


def test_a_key_that_is_gone_another_or_open_to_everybody(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert identify(place) == 0
    (place / "answers.parquet").unlink()
    key = place / "index.key"
    content = key.read_bytes()
    capsys.readouterr()
    for other in (os.urandom(32).hex().encode(), content[:-9], b"", b"\xff" * 65):
        key.write_bytes(other)
        refused(place, capsys, "sealed-file" if len(other) == 64 else "registry-key")
    key.write_bytes(content)
    key.chmod(0o644)
    assert "chmod 600" in refused(place, capsys, "registry-key")
    key.unlink()
    assert "COUNTERSEAL_REGISTRY_KEY" in refused(place, capsys, "registry-key")


def test_a_key_that_lies_elsewhere(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "safe").mkdir()
    elsewhere = (place / "index.key").rename(place / "safe" / "k")
    refused(place, capsys, "registry-key")
    assert identify(place, "--key", str(elsewhere)) == 0
    monkeypatch.setenv("COUNTERSEAL_REGISTRY_KEY", str(elsewhere))
    assert identify(place) == 0


def test_an_index_whose_key_was_destroyed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = RegistryFiles(os.urandom)
    assert set(last_known_address(place / "index", "S000007", files)) == {"line_1", "line_2", "city", "state", "zip"}
    held = (place / "index.key").open("rb")
    assert status(["registry", "destroy", str(place / "index")]) == 0
    assert held.read() == bytes(65)  # overwritten before it went
    capsys.readouterr()
    assert "was destroyed" in refused(place, capsys, "registry-key")
    for path in (place / "index").iterdir():
        if path.name != "index.json":
            with pytest.raises(CountersealError, match="was destroyed"):
                files.open(path)
    with pytest.raises(CountersealError, match="was destroyed"):
        last_known_address(place / "index", "S000007", files)
    assert status(["registry", "destroy", str(place / "index")]) == 2


def changes(index: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Give every file of an index with something that a hostile hand does to it."""
    for path in sorted(index.iterdir()):
        raw = path.read_bytes()
        if path.name == "index.json":
            yield path.name, lambda path=path: path.write_text('{"format": 3}')
            continue
        middle = HEADING + (len(raw) - HEADING) // 2
        yield (
            f"{path.name} changed",
            lambda path=path, raw=raw, at=middle: path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]),
        )
        yield f"{path.name} cut", lambda path=path, raw=raw: path.write_bytes(raw[:-7])
        yield f"{path.name} gone", path.unlink


def test_a_file_that_was_changed_cut_or_taken_away(built: Path, tmp_path: Path) -> None:
    """Everything is read of a sound copy; of one with any change somebody who reads it all is stopped."""

    def read_all(index: Path) -> None:
        opened = open_registry(index, RegistryFiles(os.urandom))
        for array in (opened.accounts, opened.account_ids, opened.addresses, opened.filed, *opened.counts.values()):
            array.span(0, len(array))
            if array._key:
                array.bounds(array.span(0, len(array))[array._key])
        last_known_address(index, "S000007", RegistryFiles(os.urandom))

    shutil.copy(built / "index.key", tmp_path / "copy.key")
    names = [name for name, _ in changes(built / "index")]
    assert len(names) > 3 * len(COUNTED)
    read_all(built / "index")
    for at, name in enumerate(names):
        shutil.copytree(built / "index", tmp_path / "copy")
        list(changes(tmp_path / "copy"))[at][1]()
        with pytest.raises(CountersealError):
            read_all(tmp_path / "copy")
            pytest.fail(f"nobody was stopped by: {name}")
        shutil.rmtree(tmp_path / "copy")


@pytest.mark.parametrize("form", ["a piece changed", "pieces exchanged", "another's name", "of another build"])
def test_one_piece_that_is_not_what_was_written(place: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    path = place / "index" / "filed"
    raw = path.read_bytes()
    piece = EACH * FILED.itemsize + TAG
    first, second = raw[HEADING : HEADING + piece], raw[HEADING + piece : HEADING + 2 * piece]
    if form == "a piece changed":
        path.write_bytes(raw[: HEADING + 5] + bytes([raw[HEADING + 5] ^ 1]) + raw[HEADING + 6 :])
    elif form == "pieces exchanged":
        path.write_bytes(raw[:HEADING] + second + first + raw[HEADING + 2 * piece :])
    elif form == "another's name":
        (place / "index" / "given").rename(place / "index" / "family")
        shutil.copy(place / "index" / "family", place / "index" / "given")
    else:
        again = write_source(place / "source", *strangers(400))
        build_registry(again, place / "again", RegistryFiles(os.urandom))
        shutil.copy(place / "again" / "filed", path)
    refused(place, capsys, "sealed-file")


def test_an_index_of_before(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "index" / "index.json").write_text('{"accounts": 400, "format": 1, "source": {}}')
    assert "registry build" in refused(place, capsys, "registry-version")


def test_a_build_that_takes_away_a_key_which_is_not_its_own(place: Path) -> None:
    source, index = place / "source", place / "index"
    beside = (place / "index.key").read_text()
    for stands in (RegistryFiles(os.urandom, index / "k"), RegistryFiles(os.urandom, place / "requests.parquet")):
        with pytest.raises(CountersealError) as fault:
            build_registry(source, index, stands)
        assert fault.value.code == "registry-key"
    other = place / "other.key"
    other.write_text("ab" * 32)
    with pytest.raises(CountersealError):
        build_registry(source, place / "second", RegistryFiles(os.urandom, other))
    assert other.read_text() == "ab" * 32
    assert not (place / "second.building").exists()
    build_registry(source, index, RegistryFiles(os.urandom))  # its own it replaces: another each time
    assert (place / "index.key").read_text() != beside
    assert open_registry(index, RegistryFiles(os.urandom)).size == 400


def test_a_build_that_fails_and_takes_the_old_index_with_it(place: Path) -> None:
    (place / "source" / "addresses.parquet").unlink()
    with pytest.raises(CountersealError):
        build_registry(place / "source", place / "index", RegistryFiles(os.urandom))
    assert open_registry(place / "index", RegistryFiles(os.urandom)).size == 400


def test_what_a_killed_build_left(place: Path) -> None:
    """Its folder is its owner's alone while it stands, and goes with the next build."""
    left = place / "index.building"
    left.mkdir()
    (left / "build.duckdb").write_bytes(b"SMITH")
    seen = []

    def says(_what: str, _step: int, _steps: int) -> None:
        seen.append((left.stat().st_mode & 0o777, (left / "build.duckdb").read_bytes()[:5] == b"SMITH"))
        for path in left.iterdir():
            if path.name in {"accounts.coded", "addresses.coded"}:
                assert b"SMITH" not in path.read_bytes()

    build_registry(place / "source", place / "index", RegistryFiles(os.urandom), progress=says)
    assert set(seen) == {(0o700, False)}
    assert not left.exists()
    stands = {path.name for path in (place / "index").iterdir()}
    assert not stands & {"accounts.coded", "addresses.coded", "tin", "build.duckdb", "build.duckdb.tmp"}
