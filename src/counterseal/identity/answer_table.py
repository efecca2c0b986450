"""Requests in, answers out, as Arrow tables: the one unit of work that every engine runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from counterseal.identity.answer import REQUEST_FIELDS, answer_requests

if TYPE_CHECKING:
    from counterseal.identity.index import RegistryIndex
    from counterseal.identity.model import Model

KEYS = ("row", "request_ref")


def answer_table(index: RegistryIndex, model: Model, requests: pa.Table) -> pa.Table:
    """Answer each request of a table of text columns; its keys are carried through, the order is kept.

    An answer depends on its own request, the registry and the model alone, not on the others in the table.
    """
    columns = {field: requests.column(field).to_pylist() for field in REQUEST_FIELDS}
    answer: dict[str, Any] = {name: requests.column(name) for name in KEYS if name in requests.column_names}
    found = answer_requests(index, model, columns)
    answer |= {name: pa.array(values, type=_type(name)) for name, values in found.items()}
    answer["model"] = pa.array([model.version] * requests.num_rows, pa.string())
    answer["registry"] = pa.array([index.version] * requests.num_rows, pa.string())
    return pa.table(answer)


def _type(name: str) -> pa.DataType:
    if name in {"address_confirmed", "address_is_latest"}:
        return pa.bool_()
    if name in {"posterior", "threshold", "bound", "rival_posterior"} or name.endswith("_bits"):
        return pa.float64()
    if name == "address_families":
        return pa.int64()
    return pa.int32() if name == "keys_passed_over" else pa.string()
