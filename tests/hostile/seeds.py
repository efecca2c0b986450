"""Small files that each reader takes: where the fuzzers and the properties begin."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from fuzz import ledger
from fuzz.parsers import FIELDS, package_of
from tests.agreements.conftest import DOCUMENT

PLAIN = {
    "submission": "S-1", "agreement": "irs-ice-2025", "requesting_agency": "ice", "signer": {"name": "A", "office": "B"},
    "signed_on": "2026-11-02", "requested_elements": ["mailing_address"], "attestation": "sole-use", "rows": "r.csv",
    "row_count": 1, "sha256": "0" * 64,
}  # fmt: skip
HEADER = ",".join(FIELDS)
NOTE = f"log.example\n1\n{'A' * 43}=\n\n— log.example {base64.b64encode(bytes(68)).decode()}\n"


def parquet(**how: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({key: ["x", "", "ñ"] for key in FIELDS}), out, **how)
    return out.getvalue()


def sheet() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    for column, name in enumerate(FIELDS):
        page.write_string(0, column, name)
        page.write_string(1, column, "x")
    book.close()
    return out.getvalue()


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "csv": lambda: [f"{HEADER}\nx,y,z\n".encode(), f'{HEADER}\r\n"a\nb","c""d",\r\nx\n,,,\n'.encode()],
    "lines": lambda: [
        json.dumps(dict.fromkeys(FIELDS, "x")).encode() + b"\n",
        b'{"request_ref":"a","given_name":"b","reason":null}\n[]\n{"request_ref":"\\ud800"}',
    ],
    "parquet": lambda: [parquet(), parquet(compression="none", use_dictionary=False), parquet(row_group_size=1)],
    "sheet": lambda: [sheet()],
    "manifest": lambda: [json.dumps(PLAIN).encode()],
    "agreement": lambda: [DOCUMENT.encode()],
    "pattern": lambda: [b"[0-9]{4}(-[0-9]{2})*|a+?\\d[^A-Z]", b"(?:a|b){2,5}"],
    "note": lambda: [NOTE.encode()],
    "keys": lambda: [b"log.example+00000000+" + base64.b64encode(b"\x01" + bytes(32)), NOTE.split("\n\n")[1].encode()],
    "package": lambda: [package_of({"kind": "intent", "body": {"over": "0" * 64}, "v": 1})],
    **{target: lambda target=target: ledger.SEEDS[target] for target in ledger.TARGETS},
}
