"""The newest ledger that the witnesses know: asked of themselves, so that nobody can show an older one in its place.

A stop order is acknowledged when a quorum of witnesses has cosigned a ledger that holds it. Whoever hides it shows
an older ledger, which is as sound as the newest. So the witnesses of the policy are asked what they cosigned last
(C2SP tlog-witness, ``GET <prefix>/<SHA-256 of the origin>/checkpoint``); a quorum must answer, and the ledger must
have grown to the largest head of any.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from counterseal_verify.verify import Head, Policy, Refused, signatures

Ask = Callable[[str], str]
ANSWER_WITHIN = 5
"""Seconds that a witness has."""
MOST_AT_ONCE = 16
"""Witnesses that are asked at the same time."""
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

    ``told`` is called from several threads at once. A witness under ``.invalid``, a name that no address can have
    (RFC 6761), is a demonstration's: it counts, and is not asked. Raises Refused when too few witnesses answer with a
    head that they signed.
    """
    policy, at = Policy(text), addresses(text)
    suffix = f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"

    def said(name: str) -> int | None:
        key, url = policy.witnesses[name], at[name]
        if (urllib.parse.urlsplit(url).hostname or "").endswith(".invalid"):
            return 0
        try:
            body, signed = signatures(told(url.rstrip("/") + suffix), [key])
            head = Head.read(body)
        except (OSError, Refused):
            return None
        return head.size if signed and head.origin == origin else None

    with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as beside:  # one that is slow does not make the others wait
        sizes = dict(zip(at, beside.map(said, at), strict=True))
    answered = {policy.witnesses[name] for name, size in sizes.items() if size is not None}
    if not policy.met(answered):
        raise Refused("too few witnesses say what they cosigned last")
    return max((size for size in sizes.values() if size is not None), default=0)


def addresses(text: str) -> dict[str, str]:
    """Give the address of each witness of a policy that has one."""
    lines = (re.findall(r"[^ \t]+", line) for line in text.split("\n"))
    found = {words[1]: words[3] for words in lines if words[:1] == ["witness"] and len(words) == 4}
    return {name: url.removeprefix("mirror+") for name, url in found.items()}
