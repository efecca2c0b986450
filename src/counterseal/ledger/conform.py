"""One JSON object in, one out: so that anybody's test vectors can be run against this ledger's code.

``kind`` says what is asked. Bytes are base64; ``ok`` tells whether the thing holds, and beside it stands
the value that was found, or ``error``. A question that makes no sense is answered ``ok: false``; none ends
the conversation. Where several public vector files name one thing differently, each name is taken, and however
its words are joined: ``leafIndex`` is ``leaf_index``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterseal.errors import CountersealError
from counterseal.ledger.checkpoint import read_body
from counterseal.ledger.note import (
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    cosigned_subtree,
    decode64,
    encode64,
    open_note,
    read_key,
    read_note,
    read_signatures,
    verified,
)
from counterseal.ledger.policy import LOG_TYPES, NO_QUORUM, WITNESS_TYPES, Policy, Witness, read_policy, readable
from counterseal.ledger.receipt import read_receipt, verify_receipt
from counterseal.ledger.tiles import ENTRIES, WIDTH, read_tile_path, tile_path
from counterseal.ledger.tree import consistent, inclusion_root, is_subtree, leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.ledger.note import (
        SignatureCheck,
        VerifierKey,
    )

Question = dict[str, Any]
Answer = dict[str, Any]

PATH = ("path", "proof", "hashes")
LEAF = ("leaf", "leafhash")
INDEX = ("index", "leafidx", "leafindex")
SIZE = ("size", "treesize")
ROOT = ("root", "roothash")
FIRST = ("first", "size1", "oldsize", "firstsize", "old", "from")
SECOND = ("second", "size2", "newsize", "secondsize", "new", "to", "size")
FIRST_ROOT = ("firstroot", "root1", "oldroot")
SECOND_ROOT = ("secondroot", "root2", "newroot", "root")
LEAVES = ("leaves", "leafhashes", "hashes")
NOTE = ("text", "note", "checkpoint")
PROOF = ("proof", "text", "tlogproof")
POLICY = ("policy", "text")


def answer_line(line: bytes | str, check: SignatureCheck) -> str:
    """Answer one line. Raises nothing."""
    try:
        question = {_plain(name): value for name, value in json.loads(line).items()}
        kind = question["kind"]
        answer = KINDS[kind](question, check)
    except CountersealError as error:
        answer = {"ok": False, "error": error.message, "code": error.code}
    except Exception as error:  # noqa: BLE001 - a question of any shape gets its answer
        answer = {"ok": False, "error": f"The question is not well formed ({type(error).__name__})."}
    return json.dumps(answer)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _get(question: Question, names: tuple[str, ...]) -> Any:
    for name in names:
        if name in question:
            return question[name]
    raise CountersealError("question", f"The question lacks {names[0]}.")


def _number(question: Question, names: tuple[str, ...]) -> int:
    value = _get(question, names)
    if type(value) is not int:
        raise CountersealError("question", f"{names[0]} is not an integer.")
    return value


def _hashes(question: Question, names: tuple[str, ...]) -> list[bytes]:
    return [decode64(one) for one in _get(question, names) or ()]


def _bytes(question: Question, names: tuple[str, ...]) -> bytes:
    return decode64(_get(question, names) or "")


def _text(question: Question, names: tuple[str, ...]) -> str:
    value = _get(question, names)
    if not isinstance(value, str):
        raise CountersealError("question", f"{names[0]} is not text.")
    return value


def _keys(question: Question) -> list[VerifierKey]:
    given: Any = next((question[name] for name in ("vkeys", "vkey", "keys") if question.get(name)), [])
    return [read_key(vkey) for vkey in ([given] if isinstance(given, str) else given)]


def _inclusion(question: Question, _: SignatureCheck) -> Answer:
    found = inclusion_root(
        _bytes(question, LEAF),
        _number(question, INDEX),
        _number(question, SIZE),
        _hashes(question, PATH),
    )
    holds = found is not None and found == _bytes(question, ROOT)
    return {"ok": holds, "root": None if found is None else encode64(found)}


def _consistency(question: Question, _: SignatureCheck) -> Answer:
    first, second = _number(question, FIRST), _number(question, SECOND)
    roots = _bytes(question, FIRST_ROOT), _bytes(question, SECOND_ROOT)
    return {"ok": consistent(0, first, second, _hashes(question, PATH), *roots)}


def _root(question: Question, _: SignatureCheck) -> Answer:
    leaves = _hashes(question, LEAVES)
    if any(len(leaf) != 32 for leaf in leaves):
        raise CountersealError("leaf-length", "A leaf hash is 32 bytes long.")
    root = encode64(root_of(leaves))
    return {"ok": question.get("root", root) == root, "root": root, "size": len(leaves)}


def _note(question: Question, check: SignatureCheck) -> Answer:
    keys = _keys(question)
    note = open_note(_text(question, NOTE).encode(), keys, check)
    return {"ok": True, "text": note.text, "verified": [key.name for key, _ in verified(note, keys, check)]}


def _checkpoint(question: Question, check: SignatureCheck) -> Answer:
    text, keys = _text(question, NOTE), _keys(question)
    if keys:
        body = open_note(text.encode(), keys, check).text
    else:
        body = read_note(text.encode()).text if "\n\n" in text else text
    head = read_body(body)
    return {
        "ok": question.get("origin", head.origin) == head.origin,
        "origin": head.origin,
        "size": head.size,
        "root": encode64(head.root),
        "extensions": list(head.extensions),
    }


def _cosignature(question: Question, check: SignatureCheck) -> Answer:
    keys = [key for key in _keys(question) if key.type in WITNESS_TYPES]
    lines: str = next((question[name] for name in ("cosignature", "signature") if name in question), "")
    if "start" in question:
        return _subtree(question, keys, lines, check)
    text = _text(question, NOTE)
    end = "\n" if lines and not lines.endswith("\n") else ""  # a line that stands alone may lack its newline
    note = read_note((text + ("" if "\n\n" in text else "\n") + lines + end).encode())
    head = read_body(note.text)
    found = verified(note, keys, check)
    return {
        "ok": bool(found),
        "cosigned": [
            {"name": key.name, "type": key.type, "timestamp": int.from_bytes(line.signature[:8])} for key, line in found
        ],
        "size": head.size,
    }


def _subtree(question: Question, keys: list[VerifierKey], lines: str, check: SignatureCheck) -> Answer:
    """A cosignature of a subtree, which no checkpoint can carry."""
    start, end = _number(question, ("start",)), _number(question, ("end",))
    root = decode64(_get(question, ("hash", *ROOT)), 32)
    origin = _text(question, ("origin", "logorigin"))
    if start and not is_subtree(start, end):
        raise CountersealError("question", f"Leaves {start} to {end} are no subtree.")
    known = {(key.name, key.id): key for key in keys if key.type == ML_DSA_44_COSIGNATURE}
    found = []
    for line in read_signatures(lines):
        key = known.get((line.name, line.id))
        if key is None:
            continue
        at = int.from_bytes(line.signature[:8])
        message = cosigned_subtree(key.name, at, origin, start, end, root)
        if not check("ml-dsa-44", key.public_key, message, line.signature[8:]):
            return {"ok": False, "error": f"A signature by {key.name} does not hold."}
        found.append({"name": key.name, "type": key.type, "timestamp": at})
    return {"ok": bool(found), "cosigned": found}


def _proof(question: Question, check: SignatureCheck) -> Answer:
    receipt = read_receipt(_text(question, PROOF).encode())
    leaf = leaf_hash(_bytes(question, ("entry",))) if "entry" in question else _bytes(question, LEAF)
    if "policy" in question:
        policy = read_policy(_text(question, ("policy",)).encode())
    else:
        keys = _keys(question)
        logs = tuple(key for key in keys if key.type in LOG_TYPES)
        cosigners = (key for key in keys if key.type == ED25519_COSIGNATURE)
        policy = Policy(logs, tuple(Witness(str(n), key) for n, key in enumerate(cosigners)), NO_QUORUM)
    head = verify_receipt(receipt, leaf, policy, check)
    return {
        "ok": True,
        "index": receipt.index,
        "origin": head.origin,
        "size": head.size,
        "root": encode64(head.root),
        "extra": None if receipt.extra is None else encode64(receipt.extra),
        "witnesses": [readable(name) for name in policy.witnessed_by(receipt.checkpoint.encode(), check)],
    }


def _policy(question: Question, check: SignatureCheck) -> Answer:
    policy = read_policy(_text(question, POLICY).encode())
    answer: Answer = {
        "ok": True,
        "logs": [str(key) for key in policy.logs],
        "witnesses": [readable(one.name) for one in policy.witnesses],
        "groups": [readable(name) for name in policy.groups],
        "quorum": readable(policy.quorum),
    }
    if "checkpoint" in question:
        policy.accept(_text(question, ("checkpoint",)).encode(), check)
    elif "witnessed" in question:
        if not isinstance(question["witnessed"], list):
            raise CountersealError("question", "witnessed is not a list of names.")
        witnessed = set(question["witnessed"])
        answer["ok"] = policy.satisfied([one.name for one in policy.witnesses if readable(one.name) in witnessed])
    return answer


def _vkey(question: Question, _: SignatureCheck) -> Answer:
    key = read_key(_text(question, ("vkey", "text", "key")))
    return {
        "ok": True,
        "name": key.name,
        "id": key.id.hex(),
        "type": key.type,
        "key": encode64(key.public_key),
    }


def _tile_path(question: Question, _: SignatureCheck) -> Answer:
    if "level" not in question:
        level, index, width = read_tile_path(_text(question, ("path", "text")))
        return {"ok": True, "level": level, "index": index, "width": width}
    level = question["level"]
    if level != ENTRIES:
        level = _number(question, ("level",))
    width = WIDTH if question.get("width") is None else _number(question, ("width",))
    path = tile_path(level, _number(question, INDEX), width)
    return {"ok": question.get("path", path) == path, "path": path}


KINDS: dict[str, Callable[[Question, SignatureCheck], Answer]] = {
    "inclusion": _inclusion,
    "consistency": _consistency,
    "root": _root,
    "note": _note,
    "checkpoint": _checkpoint,
    "cosignature": _cosignature,
    "tlog-proof": _proof,
    "policy": _policy,
    "vkey": _vkey,
    "tile-path": _tile_path,
}
