"""The process whose power is cut: enters, publishes, is witnessed, lets an answer go, acknowledges a stop.

    python crash_writer.py FOLDER

It says on standard output what the outside world learns, and when.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from counterseal.store.connection import point_at, ready

ready()

from tests.ledger.conftest import CountedEntropy, TickingClock, open_log, signers  # noqa: E402
from tests.ledger.test_witness import make_witness  # noqa: E402

from counterseal.flow.book import publish_witnessed  # noqa: E402 - after Django is ready
from counterseal.ledger.note import read_head  # noqa: E402
from counterseal.ledger.policy import read_policy  # noqa: E402
from counterseal.store.submissions import one_act  # noqa: E402
from counterseal.vault.keys import WITNESS_KEYS  # noqa: E402


def work(folder: Path) -> None:
    point_at(folder)
    log = open_log(folder, TickingClock(), CountedEntropy())
    log.start()
    witness = make_witness(folder / "witness.sqlite3", "w0")
    text = f"log {log._signers[0].key}\nwitness w {signers('w0', WITNESS_KEYS)[0].key} http://w\nquorum w\n"
    policy = read_policy(text.encode())

    def post(url: str, body: bytes) -> tuple[int, str, bytes]:
        reply = witness.add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    for kind in ("signed", "signed", "intent", "stop", "received"):
        with one_act():
            index = log.append(kind, {"n": 1}, {"official": "somebody"})
        os.write(1, f"entered {index}\n".encode())
        size = read_head(publish_witnessed(log, policy, post)).size
        os.write(1, f"witnessed {size}\n".encode())


if __name__ == "__main__":
    work(Path(sys.argv[1]))
