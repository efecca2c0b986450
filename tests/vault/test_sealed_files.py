"""A sealed file that is read by somebody without its key, or that is not the one that was written."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterseal.engine.duck import DuckEngine
from counterseal.errors import CountersealError
from counterseal.vault.batch_files import BatchFiles
from counterseal.vault.sealed_file import HEADING, PIECE, TAG, SealedReader, SealedWriter

KEY = bytes(32)
WORD = b"TWELVE MAPLE STREET "


def written(path: Path, content: bytes, key: bytes = KEY, cut: int = 7_919) -> Path:
    with SealedWriter(path, key, os.urandom) as file:
        for at in range(0, len(content), cut):
            file.write(content[at : at + cut])
    return path


@pytest.fixture
def office(tmp_path: Path) -> Path:
    for name in ("batches", "unfinished"):
        (tmp_path / "office" / name / "S-1").mkdir(parents=True)
    return tmp_path / "office"


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 17])
def test_a_file_that_comes_back_otherwise(tmp_path: Path, size: int):
    content = os.urandom(size)
    path = written(tmp_path / "x", content)
    with SealedReader(path, KEY) as file:
        assert (file.size, file.read()) == (size, content)
    assert path.stat().st_size == HEADING + size + TAG * max(1, -(-size // PIECE))


@settings(max_examples=40)
@given(data=st.data())
def test_a_place_that_is_read_from_another(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    content = bytes(range(256)) * (3 * PIECE // 256) + b"end"
    path = written(tmp_path_factory.mktemp("sealed") / "x", content)
    with SealedReader(path, KEY) as file:
        for _ in range(5):
            at, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 2 * PIECE))
            file.seek(at)
            assert file.read(length) == content[at : at + length]


def test_two_threads_that_read_each_others_places(tmp_path: Path):
    content = os.urandom(5 * PIECE)
    with SealedReader(written(tmp_path / "x", content), KEY) as file, ThreadPoolExecutor(4) as pool:

        def look(at: int) -> bool:
            file.seek(at)
            return file.read(1_000) == content[at : at + 1_000]

        assert all(pool.map(look, [at * 97 % (4 * PIECE) for at in range(2_000)]))


def change(path: Path, how: str) -> Path:
    raw = path.read_bytes()
    piece = PIECE + TAG
    told = {
        "a bit": raw[:-100] + bytes([raw[-100] ^ 1]) + raw[-99:],
        "cut at a piece": raw[: HEADING + piece],
        "cut within": raw[:-5],
        "pieces exchanged": raw[:HEADING] + raw[HEADING + piece : HEADING + 2 * piece]
        + raw[HEADING : HEADING + piece] + raw[HEADING + 2 * piece :],
        "a piece doubled": raw[: HEADING + piece] + raw[HEADING:],
        "longer": raw + bytes(TAG),
        "another salt": raw[:10] + os.urandom(10) + raw[20:],
        "in the clear": WORD * 10_000,
        "nothing": b"",
    }[how]  # fmt: skip
    path.write_bytes(told)
    return path


@pytest.mark.parametrize(
    "how",
    [
        "a bit", "cut at a piece", "cut within", "pieces exchanged", "a piece doubled", "longer", "another salt",
        "in the clear", "nothing",
    ],
)  # fmt: skip
def test_a_file_that_was_changed(tmp_path: Path, how: str):
    path = change(written(tmp_path / "x", WORD * 10_000), how)
    with pytest.raises(CountersealError, match="cannot be opened"), SealedReader(path, KEY) as file:
        file.read()


def test_a_file_of_another_name_or_batch(tmp_path: Path):
    path = written(tmp_path / "x", WORD)
    with pytest.raises(CountersealError):
        SealedReader(path.rename(tmp_path / "y"), KEY)
    with pytest.raises(CountersealError):
        SealedReader(tmp_path / "y", bytes(31) + b"\1")


def test_a_file_whose_writer_failed(tmp_path: Path):
    with pytest.raises(RuntimeError), SealedWriter(tmp_path / "x", KEY, os.urandom) as file:
        file.write(WORD * 10_000)
        raise RuntimeError
    with pytest.raises(CountersealError):
        SealedReader(tmp_path / "x", KEY)


def test_a_table_that_the_engine_writes_in_the_clear(office: Path):
    files = BatchFiles(office / "keys", os.urandom)
    files.make_key("S-1")
    place = office / "batches" / "S-1"
    made = "SELECT range AS row, 'TWELVE MAPLE STREET ' || range AS line FROM range(300000)"
    with DuckEngine(files=files) as engine:
        engine.write_parquet(f"{made} ORDER BY 1", place / "rows.parquet")
        engine.write_parquet(f"{made} ORDER BY 1", place / "rows.parquet")
        engine.write_parquet(made, place / "determinations.parquet")
        engine.table("rows", place / "rows.parquet")
        found = engine.rows("SELECT count(*), sum(row), sum(length(line)) FROM rows")
        assert found == engine.rows(f"SELECT count(*), sum(row), sum(length(line)) FROM ({made})")
        assert engine.rows("SELECT line FROM read_parquet(?) WHERE row = 7", [place / "rows.parquet"]) == [
            ("TWELVE MAPLE STREET 7",)
        ]
    assert (place / "rows.parquet").read_bytes()[:4] != b"PAR1"
    assert b"MAPLE" not in (place / "rows.parquet").read_bytes()
    assert (place / "determinations.parquet").read_bytes()[:4] == b"PAR1"


def test_a_key_that_opens_after_it_was_destroyed(office: Path):
    files = BatchFiles(office / "keys", os.urandom)
    for name in ("S-1", "S-2"):
        (office / "batches" / name).mkdir(exist_ok=True)
        files.make_key(name)
        files.write(office / "batches" / name / "rows.secret", WORD)
    key = (office / "keys" / "batches" / "S-1.key").read_bytes()
    files.make_key("S-1")
    assert (office / "keys" / "batches" / "S-1.key").read_bytes() == key
    files.destroy_key("S-1")
    files.destroy_key("S-1")

    assert files.read(office / "batches" / "S-2" / "rows.secret") == WORD
    with pytest.raises(CountersealError) as fault:
        files.read(office / "batches" / "S-1" / "rows.secret")
    assert fault.value.code == "batch-key"
    files.make_key("S-1")
    with pytest.raises(CountersealError) as fault:
        files.read(office / "batches" / "S-1" / "rows.secret")
    assert fault.value.code == "sealed-file"
