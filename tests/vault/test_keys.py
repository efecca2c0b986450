"""Keys: made once, readable by their owner alone, refused when unfit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from counterseal.errors import CountersealError
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import (
    LOG_KEYS,
    WITNESS_KEYS,
    make_keys,
    make_opening_key,
    read_keys,
    read_opening_key,
)


def test_a_key_that_others_may_read(tmp_path: Path):
    make_keys(tmp_path, "log.example/a", LOG_KEYS, os.urandom)
    for name in LOG_KEYS:
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    (tmp_path / "log.ed25519").chmod(0o644)
    with pytest.raises(CountersealError, match="chmod 600"):
        read_keys(tmp_path, LOG_KEYS)


def test_a_key_that_is_overwritten(tmp_path: Path):
    first = make_keys(tmp_path, "log.example/a", LOG_KEYS, os.urandom)
    with pytest.raises(CountersealError, match="keys-exist"):
        make_keys(tmp_path, "log.example/a", LOG_KEYS, os.urandom)
    assert [one.key for one in read_keys(tmp_path, LOG_KEYS)] == [one.key for one in first]


@pytest.mark.parametrize("content", ["", "x\ny\n", "log.example/a+00000000+AAAA\n00\n"])
def test_a_key_file_that_is_none(tmp_path: Path, content: str):
    make_keys(tmp_path, "log.example/a", LOG_KEYS, os.urandom)
    (tmp_path / "log.ed25519").write_text(content)
    with pytest.raises(CountersealError, match="signing-key"):
        read_keys(tmp_path, LOG_KEYS)


def test_keys_of_two_signers_in_one_folder(tmp_path: Path):
    make_keys(tmp_path, "log.example/a", {"log.ed25519": LOG_KEYS["log.ed25519"]}, os.urandom)
    make_keys(tmp_path, "log.example/b", {"log.ml-dsa-44": LOG_KEYS["log.ml-dsa-44"]}, os.urandom)
    with pytest.raises(CountersealError, match="not one signer"):
        read_keys(tmp_path, LOG_KEYS)


def test_a_name_that_cannot_stand_in_a_note(tmp_path: Path):
    for name in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(CountersealError):
            make_keys(tmp_path / str(len(name)), name, WITNESS_KEYS, os.urandom)


def test_an_opening_under_another_context_or_key(tmp_path: Path):
    seal = make_opening_key(tmp_path, os.urandom)
    sealed = seal.seal(b"value", b"here")
    assert read_opening_key(tmp_path, os.urandom).open(sealed, b"here") == b"value"
    for wrong, context in ((sealed, b"there"), (sealed[:-1], b"here"), (b"", b"here")):
        with pytest.raises(CountersealError, match="opening"):
            seal.open(wrong, context)


def test_a_file_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "checkpoint"
    write_durably(path, b"old")

    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output"):
        write_durably(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint"]
