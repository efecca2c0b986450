"""Every question gets one answer, whatever its shape; and known values come out."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ledger.conftest import ORIGIN, signers
from tests.ledger.test_commands import run

from counterseal.ledger.checkpoint import TreeHead
from counterseal.ledger.conform import KINDS, answer_line
from counterseal.ledger.note import sign_note
from counterseal.ledger.receipt import Receipt
from counterseal.ledger.tree import Tree, leaf_hash
from counterseal.vault.keys import LOG_KEYS, WITNESS_KEYS
from counterseal.vault.signing import check_signature

LOG = signers(ORIGIN, LOG_KEYS)
WITNESS = signers("witness.example/w", WITNESS_KEYS)
LEAVES = [leaf_hash(bytes([n])) for n in range(13)]
TREE = Tree(LEAVES)
NOTE = str(sign_note(str(TreeHead(ORIGIN, 13, TREE.root())), [*LOG, *WITNESS], 1_700_000_000))
POLICY = f"log {LOG[0].key}\nwitness w {WITNESS[1].key}\nquorum w\n"


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def ask(kind: str, **question: object) -> dict[str, object]:
    return json.loads(answer_line(json.dumps({"kind": kind, **question}), check_signature))


RECEIPT = str(Receipt(5, tuple(TREE.inclusion(5)), NOTE))
SOUND = {
    "inclusion": {
        "leaf": b64(LEAVES[5]),
        "index": 5,
        "size": 13,
        "path": [b64(step) for step in TREE.inclusion(5)],
        "root": b64(TREE.root()),
    },
    "consistency": {
        "first": 6,
        "second": 13,
        "path": [b64(step) for step in TREE.consistency(6)],
        "first_root": b64(TREE.root(6)),
        "second_root": b64(TREE.root()),
    },
    "root": {"leaves": [b64(leaf) for leaf in LEAVES], "root": b64(TREE.root())},
    "note": {"text": NOTE, "vkeys": [str(LOG[0].key)]},
    "checkpoint": {"text": NOTE, "vkeys": [str(LOG[1].key)], "origin": ORIGIN},
    "cosignature": {"text": NOTE, "vkeys": [str(one.key) for one in WITNESS]},
    "tlog-proof": {"proof": RECEIPT, "leaf": b64(LEAVES[5]), "policy": POLICY},
    "policy": {"text": POLICY, "checkpoint": NOTE},
    "vkey": {"vkey": str(LOG[1].key)},
    "tile-path": {"path": "tile/3/x001/x234/067.p/8"},
}


def test_a_kind_without_its_question():
    assert set(SOUND) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_a_sound_question(kind: str):
    assert ask(kind, **SOUND[kind])["ok"] is True


UNBOUND = {("inclusion", "size"), ("consistency", "second"), ("checkpoint", "vkeys")}
"""A path may hold for a neighbouring size too, which is why sizes come from the checkpoint; and a checkpoint
without keys is only read."""


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_a_question_with_one_part_changed_that_still_holds(kind: str):
    for name, value in SOUND[kind].items():
        if (kind, name) in UNBOUND:
            continue
        if isinstance(value, str):
            changed: object = value.replace("A", "B", 1) if "A" in value else value + "x"
        elif isinstance(value, int):
            changed = value + 1
        else:
            changed = value[1:] if kind != "cosignature" else []
        assert ask(kind, **{**SOUND[kind], name: changed})["ok"] is False, (kind, name)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(
        st.sampled_from(sorted({name for question in SOUND.values() for name in question} | {"level", "width"})),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
            lambda inner: st.lists(inner, max_size=4),
            max_leaves=6,
        ),
        max_size=5,
    ),
)
def test_a_question_of_any_shape_that_goes_unanswered(kind: str, question: dict[str, object]):
    assert ask(kind, **question)["ok"] in {True, False}


@given(st.binary(max_size=80))
def test_a_line_that_is_no_question(line: bytes):
    assert json.loads(answer_line(line, check_signature))["ok"] is False


def test_one_line_out_for_each_line_in():
    lines = ['{"kind": "tile-path", "path": "tile/0/000"}', "", "[1]", '{"kind": "vkey", "vkey": 7}']
    told = run("conform", stdin="\n".join(lines) + "\n")
    assert [json.loads(line)["ok"] for line in told.output.splitlines()] == [True, False, False, False]
