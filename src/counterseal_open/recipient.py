"""Open a sealed package: proof first, then the conditions, then the answer; and sign that it was received.

    counterseal-open PACKAGE --policy FILE --custodian VKEY --certificate FILE --roots FILE --key FILE

``counterseal-open certify`` and ``counterseal-open answer-order`` sign what comes after (``papers``).
Nothing of the answer is shown before the officer accepts the conditions, and every acceptance leaves a signed
acknowledgement beside the package. Exit 0: opened. Exit 1: refused, and the line says why. Exit 2: a wrong call.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from counterseal_open import papers
from counterseal_open.envelope import open_envelope
from counterseal_open.keys import OfficerKey, key_arguments, officer_key
from counterseal_verify.certificate import check_path
from counterseal_verify.package import Content, Package, canonical, read_content
from counterseal_verify.verify import Policy, Refused

ACKNOWLEDGEMENT = b"counterseal/acknowledgement/v1\0"


def open_package(
    raw: bytes, policy: Policy, custodian: str, roots: bytes, key: OfficerKey, at: datetime
) -> tuple[Package, Content]:
    """Check a package and open it; give package and content.

    ``at`` is the moment at which the certificate's path must hold. Raises Refused: where proof, quorum or certificate
    do not hold, before anything is opened.
    """
    package = Package.read(raw)
    package.proven(policy)
    check_path(key.certificate, roots, at)
    if package.gateway:
        raise Refused("the package is still in the layer of the agency's gateway; it is taken off there first")
    return package, read_content(open_envelope(package.sealed, key), package, policy, custodian, key.certificate)


def acknowledge(package: Package, content: Content, name: str, key: OfficerKey, at: datetime) -> bytes:
    """Make the signed acknowledgement: canonical JSON of what is acknowledged, with the officer's signature.

    The signature is RSASSA-PSS or ECDSA, with SHA-256, over the context and the canonical JSON of the rest.
    """
    told = {
        "v": 1,
        "package": package.digest,
        "entry": content.index,
        "ledger": content.origin,
        "conditions": content.conditions_digest,
        "accepted_by": name,
        "accepted_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "certificate": base64.b64encode(key.certificate).decode(),
    }
    signature = key.sign(ACKNOWLEDGEMENT + canonical(told).encode())
    return canonical({**told, "signature": base64.b64encode(signature).decode()}).encode() + b"\n"


def accepted(
    content: Content, package: Package, name: str | None, ask: Callable[[str], str], say: Callable[[str], None]
) -> str:
    """Show the conditions and get their acceptance; give the accepting officer's name. Raises Refused."""
    say(f"Package {package.digest}")
    say(f"Entry {content.index} of the ledger {content.origin}. Sealed {content.sealed_at} under {content.agreement}.")
    say("")
    say("Conditions of use:")
    for number, condition in enumerate(content.conditions, 1):
        say(f"  {number}. {condition}")
    say("")
    given = name if name is not None else ask("Type your full name to accept every condition, or nothing to stop: ")
    if not given.strip():
        raise Refused("the conditions were not accepted; nothing was shown")
    return given.strip()


class Parser(argparse.ArgumentParser):
    """Arguments of which a wrong one is told in one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with 2."""
        self.exit(2, f"{self.prog}: {message}. See --help.\n")


def arguments() -> argparse.ArgumentParser:
    """Give the command's arguments."""
    parser = Parser(
        prog="counterseal-open",
        description=(__doc__ or "").split("\n")[0],
        epilog='Example: counterseal-open 7.sealed --policy policy --custodian "$(cat custodian.vkey)" '
        "--roots roots.pem --certificate mine.pem --key mine.key",
    )
    parser.add_argument("package", type=Path, metavar="PACKAGE")
    parser.add_argument(
        "--policy", type=Path, required=True, help="a tlog-policy file: the log, the witnesses, the quorum"
    )
    parser.add_argument("--custodian", required=True, help="the custodian's verifier key")
    parser.add_argument("--roots", type=Path, required=True, help="your agency's certificate authorities, PEM")
    key_arguments(parser)
    parser.add_argument("--accept", metavar="NAME", help="accept the conditions in this name, without being asked")
    parser.add_argument("--acknowledgement", type=Path, help="where it goes; PACKAGE.ack.json without this")
    return parser


def main(words: list[str] | None = None) -> int:
    """Run the command."""
    called = sys.argv[1:] if words is None else words
    if called[:1] in (["certify"], ["answer-order"]):
        return papers.main(called, datetime.now(UTC))
    given = arguments().parse_args(called)
    say: Callable[[str], None] = print
    try:
        told = _run(given, say, datetime.now(UTC))
    except Refused as refused:
        print(f"REFUSED: {refused}", file=sys.stderr)  # noqa: T201
        return 1
    except (OSError, ValueError, EOFError) as wrong:
        print(f"REFUSED: cannot be opened: {type(wrong).__name__}", file=sys.stderr)  # noqa: T201
        return 1
    say(json.dumps({name: told[name] for name in ("request_ref", "mailing_address")}, indent=2))
    return 0


def _run(given: argparse.Namespace, say: Callable[[str], None], at: datetime) -> dict[str, Any]:
    text = given.policy.read_text(encoding="utf-8")
    with officer_key(given) as key:
        package, content = open_package(
            given.package.read_bytes(), Policy(text), given.custodian, given.roots.read_bytes(), key, at
        )
        if content.policy != hashlib.sha256(text.encode()).hexdigest():
            say("The custodian went by another policy file than this one; the proof holds by yours.")
        name = accepted(content, package, given.accept, input, say)
        written = given.acknowledgement or given.package.with_name(f"{given.package.name}.ack.json")
        written.write_bytes(acknowledge(package, content, name, key, at))
    say(f"Acknowledgement: {written}")
    say("")
    return content.answer


if __name__ == "__main__":
    sys.exit(main())
