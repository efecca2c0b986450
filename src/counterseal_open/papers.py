"""What a holder signs after opening: that use has ended, that it was returned or destroyed, and answers to orders.

    counterseal-open certify ACKNOWLEDGEMENT --act destroyed --on 2026-12-01 --method TEXT --name NAME --certificate …
    counterseal-open answer-order ORDER --policy FILE --answer ceased --on 2026-12-01 --name NAME --certificate …

A paper is canonical JSON. Its signature (RSASSA-PSS or ECDSA, with SHA-256) stands over the form's context and the
canonical JSON of the rest. An order is verified before it is answered: an answer to a forged order is not made.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from counterseal_open.keys import OfficerKey, key_arguments, officer_key
from counterseal_verify.package import canonical
from counterseal_verify.verify import Policy, Refused, order

CERTIFICATE = b"counterseal/custody-certificate/v1\0"
ANSWER = b"counterseal/order-answer/v1\0"
ACTS = ("used", "returned", "destroyed")
"""What a certificate certifies: that use, as the conditions allow it, has ended; return; destruction."""
ANSWERS = {
    "recall": ("acknowledged", "ceased", "returned", "destroyed", "cannot"),
    "court": ("acknowledged", "ceased", "returned", "destroyed", "kept", "cannot"),
    "correction": ("acknowledged", "ceased", "returned", "destroyed", "corrected", "cannot"),
}
"""What a holder may answer, by the order's ground. ``acknowledged``, ``ceased`` and ``cannot`` leave it open."""
MOST_WORDS = 2_000


def certify(acknowledgement: bytes, act: str, on: date, method: str, name: str, key: OfficerKey, at: datetime) -> bytes:
    """Make a signed certificate about what an acknowledgement received.

    ``method`` says how in the holder's words: how it was destroyed, how returned; for ``used`` it may be empty.
    Raises Refused for an unknown act, empty words, a day to come, or an acknowledgement by another certificate.
    """
    received = _object(acknowledgement, "acknowledgement")
    if act not in ACTS:
        raise Refused(f"a certificate is of one of: {', '.join(ACTS)}")
    if act != "used" and not method.strip():
        raise Refused("say by what method it was returned or destroyed")
    if received.get("certificate") != base64.b64encode(key.certificate).decode():
        raise Refused("the acknowledgement was signed with another certificate")
    told = {
        "v": 1,
        **{one: received[one] for one in ("package", "entry", "ledger", "conditions")},
        "act": act,
        "on": _day(on, at),
        "method": _words(method),
    }
    return _signed(told, "certified", name, key, CERTIFICATE, at)


def answer_order(
    document: bytes, policy: Policy, answer: str, on: date, because: str, name: str, key: OfficerKey, at: datetime
) -> bytes:
    """Make a signed answer to an order, once the order is verified under the policy.

    ``cannot`` needs its reason in ``because``; it leaves the order open, and so do ``acknowledged`` and ``ceased``.
    Raises Refused: for an order that does not hold, is to another officer, or is not so answered.
    """
    whole = _object(document, "order")
    head, entry = order(whole, policy)
    text: dict[str, Any] = whole["order"]
    if text["officer"] != hashlib.sha256(key.certificate).hexdigest():
        raise Refused("the order is to another officer")
    allowed = ANSWERS.get(str(text["ground"]), ())
    if answer not in allowed:
        raise Refused(f"an order of this ground is answered by one of: {', '.join(allowed)}")
    if answer in {"cannot", "returned", "destroyed"} and not because.strip():
        raise Refused("say why it cannot be done" if answer == "cannot" else "say by what method it was done")
    told = {
        "v": 1,
        "order": entry,
        "document": hashlib.sha256(_text(text)).hexdigest(),
        "package": text["package"],
        "ledger": head.origin,
        "answer": answer,
        "on": _day(on, at),
        "because": _words(because),
    }
    return _signed(told, "answered", name, key, ANSWER, at)


def main(words: list[str], at: datetime) -> int:
    """Run ``certify`` or ``answer-order`` at a moment. 0: written. 1: refused, and the line says why."""
    given = arguments().parse_args(words)
    try:
        with officer_key(given) as key:
            made, written = _made(given, key, at)
        written.write_bytes(made)
    except Refused as refused:
        print(f"REFUSED: {refused}", file=sys.stderr)  # noqa: T201
        return 1
    except (OSError, LookupError, TypeError, ValueError, EOFError, RecursionError) as wrong:
        print(f"REFUSED: cannot be read: {type(wrong).__name__}", file=sys.stderr)  # noqa: T201
        return 1
    say: Callable[[str], None] = print
    say(f"Signed: {written}")
    return 0


def arguments() -> argparse.ArgumentParser:
    """Give the arguments of both commands."""
    parser = argparse.ArgumentParser(prog="counterseal-open", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    certifies = commands.add_parser("certify", help="certify use, return or destruction of what you acknowledged")
    certifies.add_argument("paper", type=Path, metavar="ACKNOWLEDGEMENT", help="the file that you signed on opening")
    certifies.add_argument("--act", choices=ACTS, required=True)
    certifies.add_argument("--method", dest="words", default="", help="how it was returned or destroyed")
    answers = commands.add_parser("answer-order", help="answer a recall, a court's stop or a correction")
    answers.add_argument("paper", type=Path, metavar="ORDER", help="the order's document")
    answers.add_argument("--policy", type=Path, required=True, help="a tlog-policy file")
    answers.add_argument("--answer", choices=sorted({one for several in ANSWERS.values() for one in several}),
                         required=True)  # fmt: skip
    answers.add_argument("--because", dest="words", default="", help="why it cannot be done, or how it was done")
    for one in (certifies, answers):
        one.add_argument("--on", type=date.fromisoformat, required=True, help="the day on which it was done")
        one.add_argument("--name", required=True, help="your full name")
        one.add_argument("--out", type=Path, help="where it goes; beside the paper without this")
        key_arguments(one)
    return parser


def _made(given: argparse.Namespace, key: OfficerKey, at: datetime) -> tuple[bytes, Path]:
    raw, name = given.paper.read_bytes(), given.name
    if given.command == "certify":
        made = certify(raw, given.act, given.on, given.words, name, key, at)
        ending = given.act
    else:
        policy = Policy(given.policy.read_text(encoding="utf-8"))
        made = answer_order(raw, policy, given.answer, given.on, given.words, name, key, at)
        ending = given.answer
    beside: Path = given.paper.with_name(f"{given.paper.name.removesuffix('.json')}.{ending}.json")
    return made, given.out or beside


def _signed(told: dict[str, Any], did: str, name: str, key: OfficerKey, context: bytes, at: datetime) -> bytes:
    if not name.strip():
        raise Refused("say who signs")
    whole = {
        **told,
        f"{did}_by": name.strip(),
        f"{did}_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "certificate": base64.b64encode(key.certificate).decode(),
    }
    signature = key.sign(context + canonical(whole).encode())
    return canonical({**whole, "signature": base64.b64encode(signature).decode()}).encode() + b"\n"


def _text(text: dict[str, Any]) -> bytes:
    """Write an order's text as its entry digests it."""
    return json.dumps(text, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _object(raw: bytes, what: str) -> dict[str, Any]:
    told = json.loads(raw)
    if not isinstance(told, dict):
        raise Refused(f"this is no {what}")
    return told


def _day(on: date, at: datetime) -> str:
    if on > at.astimezone(UTC).date():
        raise Refused("the day on which it was done is still to come")
    return on.isoformat()


def _words(written: str) -> str:
    words = re.sub(r"\s+", " ", written).strip()
    if len(words) > MOST_WORDS:
        raise Refused(f"at most {MOST_WORDS} characters")
    return words
