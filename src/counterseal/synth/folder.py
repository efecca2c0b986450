"""A submission's folder: ``manifest.json`` and the rows file; the truth beside it, and faults on request."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from counterseal.errors import CountersealError
from counterseal.synth.submission import FIELDS, compose_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from counterseal.synth.holdings import Holdings
    from counterseal.synth.submission import Composed


class RowsForm(StrEnum):
    """How the rows file is written."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"
    xlsx = "xlsx"


class Fault(StrEnum):
    """What can be wrong with a whole file or a whole request, made on purpose."""

    ragged_row = "ragged-row"
    nul = "nul"
    bad_utf8 = "bad-utf8"
    wrong_hash = "wrong-hash"
    wrong_row_count = "wrong-row-count"
    missing_column = "missing-column"
    unknown_column = "unknown-column"
    signer_not_listed = "signer-not-listed"
    excess_elements = "excess-elements"
    attestation_missing = "attestation-missing"
    attestation_other = "attestation-other"
    agency_unknown = "agency-unknown"


IN_A_ROW = frozenset({Fault.ragged_row, Fault.nul, Fault.bad_utf8})
OF_THE_REQUEST: dict[Fault, tuple[str, dict[str, Any]]] = {
    Fault.signer_not_listed: (
        "refused|judgement",
        {"signer": {"name": "Synthetic Signer", "office": "Assistant Director"}},
    ),
    Fault.excess_elements: (
        "refused|cure",
        {"requested_elements": ["mailing_address", "telephone", "bank_name"]},
    ),
    Fault.attestation_missing: ("refused|cure", {"attestation": ""}),
    Fault.attestation_other: ("refused|cure|judgement", {"attestation": "any-lawful-purpose"}),
    Fault.agency_unknown: ("refused|cure|judgement", {"requesting_agency": "Bureau of Somewhere Else"}),
}
"""Faults of the manifest that a rule answers for every row: the outcomes allowed, and what is changed."""


@dataclass(frozen=True)
class Asking:
    """What a submission says about itself."""

    submission: str
    signed_on: date
    form: RowsForm
    faults: frozenset[Fault]


def _csv_bytes(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    return text.getvalue().encode()


def _jsonl_bytes(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    lines = (json.dumps({name: row[name] for name in columns}, ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _parquet_bytes(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in columns}), sink)
    return sink.getvalue()


def _xlsx_bytes(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    try:
        import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - developers alone have it
    except ImportError:
        raise CountersealError(
            "synth-no-xlsx", "Writing XLSX needs the package xlsxwriter.", next_step="Use --format csv."
        ) from None
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("rows")
    for at, values in enumerate([columns, *([row[name] for name in columns] for row in rows)]):
        for column, value in enumerate(values):
            sheet.write_string(at, column, value)
    book.close()
    return sink.getvalue()


_WRITERS = {
    RowsForm.csv: _csv_bytes,
    RowsForm.jsonl: _jsonl_bytes,
    RowsForm.parquet: _parquet_bytes,
    RowsForm.xlsx: _xlsx_bytes,
}


def _break_rows(body: bytes, broken: dict[Fault, int], form: RowsForm) -> bytes:
    """Break one line for each fault, on bytes; ``broken`` says which row (from 0)."""
    if not broken:
        return body
    if form not in {RowsForm.csv, RowsForm.jsonl} or (form == RowsForm.jsonl and Fault.ragged_row in broken):
        raise CountersealError(
            "synth-fault-form", f"This fault cannot be made in {form}.", next_step="Use --format csv."
        )
    lines = body.split(b"\n")
    for fault, row in broken.items():
        at = row + (form == RowsForm.csv)
        line = lines[at]
        middle = line.index(b"8 USC")
        if fault == Fault.ragged_row:
            lines[at] = line + b",one cell too many"
        else:
            lines[at] = line[:middle] + (b"\x00" if fault == Fault.nul else b"\xff\xfe") + line[middle:]
    return b"\n".join(lines)


def write_submission(holdings: Holdings, rows: int, seed: int, asking: Asking, out: Path) -> Path:
    """Write ``out/<submission>/`` (manifest and rows) and ``out/truth.parquet``; gives the folder.

    Raises ``CountersealError`` for a registry that is too small or a fault that the form cannot show.
    """
    composed = list(compose_rows(holdings, rows, seed, asking.signed_on))
    sound = [at for at, one in enumerate(composed) if one.kind == "sound"]
    in_rows = sorted(asking.faults & IN_A_ROW)
    if len(sound) < len(in_rows):
        raise CountersealError(
            "synth-too-few-rows", "There are too few sound rows to break.", next_step="Ask for more rows."
        )
    broken = {fault: sound[-1 - turn] for turn, fault in enumerate(in_rows)}
    for fault, at in broken.items():
        composed[at] = composed[at]._replace(kind=fault.replace("-", "_"), expected="cure")
    columns = tuple(name for name in FIELDS if not (name == "stage" and Fault.missing_column in asking.faults))
    made = [one.row for one in composed]
    if Fault.unknown_column in asking.faults:
        columns = (*columns, "telephone")
        made = [{**row, "telephone": "555-0100"} for row in made]
    body = _break_rows(_WRITERS[asking.form](columns, made), broken, asking.form)
    for fault in sorted(asking.faults & OF_THE_REQUEST.keys()):
        composed = [one._replace(kind=fault.replace("-", "_"), expected=OF_THE_REQUEST[fault][0]) for one in composed]
    folder = out / asking.submission
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"rows.{asking.form}").write_bytes(body)
    manifest = _manifest(asking, rows, hashlib.sha256(body).hexdigest())
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    write_truth(composed, out / "truth.parquet")
    return folder


def _manifest(asking: Asking, rows: int, digest: str) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "submission": asking.submission,
        "agreement": "irs-ice-2025",
        "requesting_agency": "U.S. Immigration and Customs Enforcement",
        "signer": {"name": "Synthetic Signer", "office": "Secretary of Homeland Security"},
        "signed_on": asking.signed_on.isoformat(),
        "requested_elements": ["mailing_address"],
        "attestation": "sole-use",
        "rows": f"rows.{asking.form}",
        "row_count": rows + 1 if Fault.wrong_row_count in asking.faults else rows,
        "sha256": digest[::-1] if Fault.wrong_hash in asking.faults else digest,
    }
    for fault in sorted(asking.faults & OF_THE_REQUEST.keys()):
        manifest.update(OF_THE_REQUEST[fault][1])
    return manifest


def write_truth(composed: Iterable[Composed], path: Path) -> None:
    """Write the truth: what each row is, the outcomes allowed (``a|b``), and whom it is really about."""
    ones = list(composed)
    table = pa.table(
        {
            "row": pa.array(range(1, len(ones) + 1), pa.int64()),
            "request_ref": [one.row["request_ref"] for one in ones],
            "kind": [one.kind for one in ones],
            "expected": [one.expected for one in ones],
            "account_id": [one.account_id for one in ones],
            "address_held": [one.address_held for one in ones],
        }
    )
    parquet.write_table(table, path)
