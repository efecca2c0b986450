"""Every file of the corpus through the real command, under limits of memory and time.

What comes of each: every row has its determination, or one clear line says what is wrong. Never a traceback, a
hang, a process that the system ends, or a file where none belongs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Container, Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests import preloaded
from tests.agreements.conftest import DOCUMENT
from tests.hostile.corpus import ROWS
from tests.hostile.corpus_documents import agreements, checkpoints, manifests, packages, strange_files
from tests.intake.test_take_in import submit
from tests.preloaded import Ended
from tests.release_package.pki import Authority

from counterseal.ledger.note import ED25519, VerifierKey

MEMORY = 5 << 30
"""Bytes of address space; the engine may use 2 GB of it, and what lies between its pages counts."""
SECONDS = 40
ROOT = Path(__file__).parents[2]
MAIN = {
    name: f"import sys; from {place} import main; sys.exit(main())"
    for name, place in (
        ("counterseal", "counterseal.cli"),
        ("counterseal-open", "counterseal_open.recipient"),
        ("counterseal-verify", "counterseal_verify.verify"),
    )
}
QUICK = {
    "nul.csv", "nul-alone.csv", "bom.csv", "utf-16.csv", "quote-never-closed.csv", "escape-in-header.csv",
    "columns-without-end.csv", "line-without-end.csv", "infinity.jsonl", "surrogate-key.jsonl", "many-keys.jsonl",
    "deep.jsonl", "lone-surrogate.jsonl", "no-archive.xlsx", "strings-repeated.xlsx", "entity-bomb.xlsx", "deep.xlsx",
    "footer-length.parquet", "footer-turned.parquet", "nested.parquet", "column-names.parquet", "name-not-utf-8.parquet", "not-utf-8.parquet",
}  # fmt: skip
"""One of each kind; the others are left to the full pass, because each that is screened takes its seconds."""


def first(names: Iterable[str], quick: Container[str]) -> list[object]:
    """Give the names as parameters, those that are not quick marked for the full pass."""
    return [pytest.param(name, marks=[] if name in quick else [pytest.mark.thorough]) for name in sorted(names)]


def clearly(ended: Ended) -> None:
    """Assert that it ended by itself, well or with one clear line."""
    assert ended.code in {0, 1, 2}, (ended.code, ended.err[-2000:])
    assert "Traceback" not in ended.out + ended.err, ended.err[-2000:]
    assert "unexpected failure" not in ended.err, ended.err
    told = ended.err.strip().splitlines()
    assert len(told) == (1 if ended.code == 2 else len(told)), ended.err[-2000:]
    assert all(line.isprintable() and len(line) < 600 for line in told), ended.err[:2000]


Confined = Callable[..., Ended]


@pytest.fixture
def confined(tmp_path_factory: pytest.TempPathFactory) -> Confined:
    folder = tmp_path_factory.mktemp("confined")
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONUTF8": "1"}

    def run(*words: object, program: str = "counterseal") -> Ended:
        ended = preloaded.run(
            MAIN[program], *words, environment=environment, folder=folder, seconds=SECONDS, memory=MEMORY
        )
        clearly(ended)
        return ended

    return run


def all_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("name", first(ROWS, QUICK))
def test_rows(confined: Confined, tmp_path: Path, name: str):
    content, count = ROWS[name]()
    folder = submit(tmp_path / "in", f"r.{name.rpartition('.')[2]}", content, count)
    ended = confined("screen", folder, "--out", tmp_path / "out")

    left = all_below(tmp_path)
    if ended.code == 0:
        judged = pq.read_table(tmp_path / "out" / "determinations.parquet").to_pylist()
        assert sorted(row["row"] for row in judged) == list(range(1, count + 1))
        assert all(row["outcome"] is not None for row in judged)
    assert {path for path in left if not path.startswith(("in", "out"))} == set()
    assert not (tmp_path / "escaped.xml").exists()


PLAIN = json.loads(
    '{"submission": "S-1", "agreement": "irs-ice-2025", "requesting_agency": "ice", "signer": {"name": "A. Signer",'
    ' "office": "Secretary of Homeland Security"}, "signed_on": "2026-11-02", "requested_elements":'
    ' ["mailing_address"], "attestation": "sole-use", "rows": "r.csv", "row_count": 1}'
)


TAKEN = {f"{key}-sql" for key in ("agency", "signer", "attestation")} | {"attestation-spaces"}
"""Texts that a manifest may hold: the rules judge them, and every output writes them as text."""


def plain_submission(folder: Path) -> dict[str, object]:
    content, count = ROWS["over-long-field.csv"]()
    submit(folder, "r.csv", content, count)
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name", first(manifests(PLAIN), [name for name in manifests(PLAIN) if name not in TAKEN and len(name) % 3])
)
def test_manifest(confined: Confined, tmp_path: Path, name: str):
    plain = plain_submission(tmp_path / "in")
    (tmp_path / "in" / "manifest.json").write_bytes(manifests(plain)[name])
    ended = confined("screen", tmp_path / "in", "--out", tmp_path / "out")

    assert ended.code == 2 or name in TAKEN, ended.out
    assert {path.split("/")[0] for path in all_below(tmp_path)} <= {"in", "out"}


@pytest.mark.parametrize("what", sorted(strange_files(Path(), "x")))
@pytest.mark.parametrize("file", ["manifest.json", "r.csv"])
def test_a_file_of_a_submission_that_is_no_file(confined: Confined, tmp_path: Path, file: str, what: str):
    plain_submission(tmp_path / "in")
    (tmp_path / "in" / file).unlink()
    strange_files(tmp_path / "in", file)[what]()
    ended = confined("screen", tmp_path / "in", "--out", tmp_path / "out")

    assert ended.code == 2


@pytest.mark.parametrize("command", ["test", pytest.param("check", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("name", sorted(agreements()))
def test_agreement(confined: Confined, tmp_path: Path, name: str, command: str):
    (tmp_path / "agreement.md").write_bytes(agreements()[name])
    before = all_below(tmp_path)
    confined("agreement", command, tmp_path)
    assert all_below(tmp_path) == before


@pytest.mark.parametrize("what", sorted(strange_files(Path(), "x")))
@pytest.mark.parametrize("file", ["agreement.md", "data/names.csv"])
def test_a_file_of_an_agreement_that_is_no_file(confined: Confined, tmp_path: Path, file: str, what: str):
    (tmp_path / "data").mkdir()
    if file != "agreement.md":
        (tmp_path / "agreement.md").write_text(DOCUMENT, encoding="utf-8")
    strange_files(tmp_path, file)[what]()
    ended = confined("agreement", "test", tmp_path)

    assert ended.code == 2 or (file, what) == ("data/names.csv", "gone")


def log_key() -> tuple[str, Callable[[str], str]]:
    """Make a log's key; give its public key, and what signs a text with it."""
    private = Ed25519PrivateKey.generate()
    key = VerifierKey("log.example", ED25519, private.public_key().public_bytes_raw())
    return str(
        key
    ), lambda text: f"{text}\n— log.example {base64.b64encode(key.id + private.sign(text.encode())).decode()}\n"


@pytest.mark.parametrize("name", sorted(packages()))
def test_package(confined: Confined, tmp_path: Path, name: str):
    """No roots and no key are there: a package is refused before anything of them is asked for, or they are missed."""
    key, signed = log_key()
    (tmp_path / "package").write_bytes(packages()[name])
    (tmp_path / "policy").write_text(f"log {key}\nquorum none\n", encoding="utf-8")
    (tmp_path / "checkpoint").write_text(signed(f"log.example\n1\n{'A' * 43}=\n"), encoding="utf-8")
    officer = Authority().issue("Officer", "p256")
    (tmp_path / "certificate").write_bytes(officer.pem)
    (tmp_path / "key").write_bytes(officer.key_pem())
    before = all_below(tmp_path)
    opened = confined(
        tmp_path / "package", "--policy", tmp_path / "policy", "--custodian", key, "--certificate",
        tmp_path / "certificate", "--roots", tmp_path / "certificate", "--key", tmp_path / "key", "--accept", "A",
        program="counterseal-open",
    )  # fmt: skip
    held = confined(
        "package", tmp_path / "package", "--key", key, "--ledger", tmp_path, program="counterseal-verify"
    )  # fmt: skip

    for ended in (opened, held):
        assert ended.code == 1, ended
    assert all_below(tmp_path) == before


@pytest.mark.parametrize("name", sorted(checkpoints("x", str)))
def test_checkpoint(confined: Confined, tmp_path: Path, name: str):
    key, signed = log_key()
    (tmp_path / "checkpoint").write_bytes(checkpoints("log.example", signed)[name])
    (tmp_path / "log.vkey").write_text(f"{key}\n", encoding="utf-8")
    (tmp_path / "tile" / "entries").mkdir(parents=True)
    own = confined("ledger", "verify", tmp_path, "--key", key)
    other = confined("ledger", tmp_path, "--key", key, program="counterseal-verify")

    for ended in (own, other):
        assert ended.code in {1, 2} or name == "size-zero", ended
