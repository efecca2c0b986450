"""The shape of the request of 2025: one officer, one reason, a million people, and what stood for addresses.

Modelled on what courts and declarations say of the file, not on the file: most rows are a name and a
number; where they meet a registered person, nine in ten state an address that was never confirmed; a
share states words in place of an address. Rows are written in blocks; memory does not grow with them.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from counterseal.synth.chance import Chance
from counterseal.synth.names import census_names
from counterseal.synth.places import build_dwellings
from counterseal.synth.reasons import Reasons
from counterseal.synth.submission import FIELDS

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from counterseal.synth.holdings import Holdings

BLOCK = 100_000
REGISTERED_SHARE = 0.037
"""Share of rows that name and number tie to an account: 47,289 of 1.28 million."""
CONFIRMED_SHARE = 0.097
"""Of those, the share whose stated address was compared at all: 4,594 of 47,289."""
JUNK_SHARE = 0.05
"""Share of rows with words in place of an address: the most that the custodian conceded."""
OFFICER = "ASSISTANT-DIRECTOR-1"
ROWS_PER_OFFICER = 18
MENDED_HELD = "reviewable|not_disclosed|cure|judgement|refused"
"""Somebody whose stated address is held may become a case; he may be asked about twice, or have no one telling fact."""
MENDED = "not_disclosed|cure|judgement|refused"
REASON = "Nontax criminal investigation of failure to depart the United States."
OFFICES = {False: "Acting Director of U.S. Immigration and Customs Enforcement",
           True: "Secretary of Homeland Security"}  # fmt: skip
_JUNK = (
    ("FAILED TO PROVIDE", "failed_to_provide"), ("Failed to Provide", "failed_to_provide"),
    ("UNKNOWN ADDRESS", "unknown_address"), ("NA NA", "na_na"), ("DETENTION CENTER", "detention_facility"),
    ("COUNTY JAIL", "detention_facility"), ("MAIN ST", "street_number_missing"), ("1204",
    "street_name_missing"),
    ("", "zip_only"), ("Don't Care 12345", "dont_care"), ("00000", "digits_only"),
)  # fmt: skip
_TRUTH = pa.schema(
    {
        "row": pa.int64(), "request_ref": pa.string(), "kind": pa.string(), "expected": pa.string(),
        "account_id": pa.string(), "address_held": pa.bool_(),
    }
)  # fmt: skip
Texts = dict[str, "NDArray[np.object_]"]


def _days(chance: Chance, count: int, last: np.datetime64, spread: int) -> NDArray[np.object_]:
    return np.datetime_as_string(last - chance.below(count, spread).astype("timedelta64[D]")).astype(object)


def _nobody(chance: Chance, count: int, signed_on: date) -> Texts:
    """People who are in no registry, at composed addresses."""
    names = census_names()
    male = chance.happens(count, 0.6)
    home = build_dwellings(chance, count, 0)
    number = 100_000_000 + chance.below(count, 798_000_000)
    number += (number % 10_000 == 0).astype(np.int64)
    return {
        "given_name": np.where(
            male, names.male[chance.weighted(count, names.male_weights)],
            names.female[chance.weighted(count, names.female_weights)],
        ),
        "family_name": names.surnames[chance.weighted(count, names.surname_weights)],
        "date_of_birth": _days(chance, count, np.datetime64(signed_on) - np.timedelta64(6600, "D"), 20_000),
        "tin": np.array([str(one) for one in number.tolist()], dtype=object),
        "address_line_1": home.line_1, "address_line_2": home.line_2, "city": home.city, "state": home.state,
        "zip": home.zip_code,
    }  # fmt: skip


def _block(
    holdings: Holdings, chance: Chance, first: int, count: int, signed_on: date
) -> tuple[Texts, Texts, NDArray[np.bool_]]:
    """The texts of one block's rows, their kinds and accounts, and whose address is held."""
    rows = _nobody(chance, count, signed_on)
    kind, account_id = np.full(count, "as_filed_absent", dtype=object), np.full(count, "", dtype=object)
    known = np.flatnonzero(chance.happens(count, REGISTERED_SHARE))
    address = chance.below(len(known), len(holdings.holder))
    holder = holdings.holder[address]
    for name in ("given_name", "family_name", "tin", "date_of_birth"):
        rows[name][known] = holdings.account[name][holder]
    account_id[known] = holdings.account["account_id"][holder]
    kind[known] = "as_filed_name_and_tin"
    confirmed = chance.happens(len(known), CONFIRMED_SHARE)
    at, held_row = known[confirmed], address[confirmed]
    for name, source in (
        ("address_line_1", "line_1"), ("address_line_2", "line_2"), ("city", "city"), ("state", "state"),
        ("zip", "zip")
    ):  # fmt: skip
        rows[name][at] = holdings.address[source][held_row]
    kind[at] = "as_filed_address_held"
    held = np.zeros(count, dtype=bool)
    held[at] = True
    junk = np.flatnonzero(chance.happens(count, JUNK_SHARE) & ~held)
    words = chance.below(len(junk), len(_JUNK))
    rows["address_line_1"][junk] = np.array([word for word, _ in _JUNK], dtype=object)[words]
    for name in ("address_line_2", "city", "state"):
        rows[name][junk] = ""
    rows["zip"][junk[chance.happens(len(junk), 0.3)]] = ""
    kind[junk] = np.array([f"as_filed_{sort}" for _, sort in _JUNK], dtype=object)[words]
    rows["final_order_date"] = _days(chance, count, np.datetime64(signed_on), 9000)
    rows["final_order_case"] = np.array(
        [f"A{one:09d}" for one in (20_000_0000 + chance.below(count, 49_999_999)).tolist()], dtype=object
    )
    refs = np.array([f"F{one:08d}" for one in range(first + 1, first + count + 1)], dtype=object)
    rows["request_ref"] = refs
    return rows, {"request_ref": refs, "kind": kind, "account_id": account_id}, held


def _mend(texts: Texts, chance: Chance, reasons: Reasons, first: int, signed_on: date) -> None:
    """Give each row what the paper lacked: a matter, an order of these years, a reason, an officer with few rows."""
    count = len(texts["request_ref"])
    numbers = range(first + 1, first + count + 1)
    texts["case_number"] = np.array([f"M-{signed_on.year}-{one:07d}" for one in numbers], dtype=object)
    texts["case_opened"] = _days(chance, count, np.datetime64(signed_on) - np.timedelta64(10, "D"), 300)
    texts["final_order_date"] = _days(chance, count, np.datetime64(signed_on) - np.timedelta64(400, "D"), 1200)
    texts["reason"] = np.array([reasons.next() for _ in numbers], dtype=object)
    texts["officers"] = np.array([f"HSI-{one // ROWS_PER_OFFICER:06d}" for one in numbers], dtype=object)


def write_as_filed(
    holdings: Holdings, rows: int, seed: int, signed_on: date, out: Path, *, mended: bool = False
) -> Path:
    """Write ``out/AUGUST-2025/`` in that shape and ``out/truth.parquet``; gives the submission's folder.

    Every row is expected to be refused: one officer cannot be personally and directly engaged in them all
    (26 U.S.C. 6103(i)(2)(A)). ``mended`` asks for the same people at the same stated addresses with sound
    paper (``AUGUST-2025-MENDED``): what is left is whether the address stated is this person's.
    """
    folder = out / ("AUGUST-2025-MENDED" if mended else "AUGUST-2025")
    folder.mkdir(parents=True, exist_ok=True)
    reasons = Reasons(Chance(seed, "reasons"))
    same = {"taxable_periods": f"{signed_on.year - 2};{signed_on.year - 1}", "statute": "8 USC 1253(a)(1)(A)",
            "stage": "investigation", "order_basis": "8 USC 1227(a)(1)(B)", "stay_in_force": "no",
            "reason": REASON,
            "officers": OFFICER}  # fmt: skip
    schema = pa.schema(dict.fromkeys(FIELDS, pa.string()))
    path = folder / "rows.csv"
    form = arrow_csv.WriteOptions(quoting_style="needed")
    with (
        arrow_csv.CSVWriter(path, schema, write_options=form) as filed,
        parquet.ParquetWriter(out / "truth.parquet", _TRUTH) as told,
    ):
        for first in range(0, rows, BLOCK):
            count = min(BLOCK, rows - first)
            texts, truth, held = _block(holdings, Chance(seed, "block", str(first)), first, count, signed_on)
            if mended:
                _mend(texts, Chance(seed, "mended", str(first)), reasons, first, signed_on)
            columns = [
                pa.array(texts[name], pa.string()) if name in texts else pa.repeat(same.get(name, ""), count)
                for name in FIELDS
            ]
            filed.write_table(pa.table(columns, schema=schema))
            number = pa.array(np.arange(first + 1, first + count + 1))
            expected = pa.array(np.where(held, MENDED_HELD, MENDED)) if mended else pa.repeat("refused", count)
            told.write_table(
                pa.table(
                    [number, truth["request_ref"], truth["kind"], expected, truth["account_id"], held],
                    schema=_TRUTH,
                )
            )
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    manifest = {
        "submission": folder.name, "agreement": "irs-ice-2025",
        "requesting_agency": "U.S. Immigration and Customs Enforcement",
        "signer": {"name": "Synthetic Signer",
        "office": OFFICES[mended]},
        "signed_on": signed_on.isoformat(),
        "requested_elements": ["mailing_address"], "attestation": "sole-use",
        "rows": "rows.csv", "row_count": rows, "sha256": digest,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return folder
