"""The newest ledger that the witnesses know: asked of themselves, so that nobody can show an older one in its place.

A stop order is acknowledged when a quorum of witnesses has cosigned a ledger that holds it. Whoever hides it shows
an older ledger, which is as sound as the newest. So the witnesses of the policy are asked what they cosigned last
(C2SP tlog-witness, ``GET <prefix>/<SHA-256 of the origin>/checkpoint``); a quorum must answer, and the ledger must
have grown to the largest head of any.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

from counterseal_verify.verify import Head, Key, Policy, Refused, signatures

Ask = Callable[[str], str]
ANSWER_WITHIN = 5
"""Seconds that a witness has."""
LONGEST = 1 << 16


def ask(url: str) -> str:
    """Get a witness's newest checkpoint. Raises OSError when nobody answers in time, or not with one."""
    if not url.startswith(("http://", "https://")):
        raise OSError("not an http address")
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_WITHIN) as answer:  # noqa: S310 - checked above
            return str(answer.read(LONGEST).decode("utf-8"))
    except (urllib.error.HTTPError, http.client.HTTPException, UnicodeDecodeError) as failed:
        raise OSError("no checkpoint") from failed


def newest_witnessed(text: str, origin: str, told: Ask) -> int:
    """Give the largest size of the log ``origin`` that a witness of the policy ``text`` has cosigned.

    A witness under ``.invalid``, a name that no address can have (RFC 6761), is a demonstration's: it counts, and
    is not asked. Raises Refused when too few witnesses answer with a head that they signed.
    """
    policy, size = Policy(text), 0
    answered: set[Key] = set()
    for name, url in addresses(text).items():
        key = policy.witnesses[name]
        if (urllib.parse.urlsplit(url).hostname or "").endswith(".invalid"):
            answered.add(key)
            continue
        try:
            note = told(f"{url.rstrip('/')}/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint")
            body, signed = signatures(note, [key])
            head = Head.read(body)
        except (OSError, Refused):
            continue
        if signed and head.origin == origin:
            answered.add(key)
            size = max(size, head.size)
    if not policy.met(answered):
        raise Refused("too few witnesses say what they cosigned last")
    return size


def addresses(text: str) -> dict[str, str]:
    """Give the address of each witness of a policy that has one."""
    lines = (line.split() for line in text.split("\n"))
    found = {words[1]: words[3] for words in lines if words[:1] == ["witness"] and len(words) == 4}
    return {name: url.removeprefix("mirror+") for name, url in found.items()}
