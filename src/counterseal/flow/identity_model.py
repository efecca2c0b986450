"""The acts of learning identity's weights, setting its thresholds, and showing what they do."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterseal.errors import CountersealError
from counterseal.flow.identify import read_requests
from counterseal.flow.registry import build_registry
from counterseal.identity.answer import REQUEST_FIELDS, Compared, compare_requests
from counterseal.identity.bounds import calibrate
from counterseal.identity.decide import Decision, Weighing, decide, evidence_classes, weigh
from counterseal.identity.index import open_registry
from counterseal.identity.model import Model, Threshold
from counterseal.identity.starting import starting_model
from counterseal.identity.train import LabelledPairs, loss, train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class LabelledSet:
    """Requests with their truth, compared with their registry. ``account`` is the right one's position or -1.

    ``kind`` says what sort of absent or present person a request is about, where the truth says so.
    """

    name: str
    about: dict[str, Any]
    columns: dict[str, list[str | None]]
    request_ref: list[str]
    compared: Compared
    pairs: LabelledPairs
    account: np.ndarray
    kind: list[str]


@dataclass(frozen=True)
class Judged:
    """What a model says of a labelled set: ``posterior`` is 0 where a veto stands."""

    decision: Decision
    weighing: Weighing
    posterior: np.ndarray
    right: np.ndarray
    classes: np.ndarray


def load_labelled_set(folder: Path, *, progress: Progress | None = None) -> LabelledSet:
    """Read a labelled set: ``registry/`` (source tables), ``requests.parquet`` and ``truth.parquet``.

    The truth has ``request_ref``, ``account_id`` (empty for people who are not registered) and may have
    ``kind``. Raises ``labelled-set`` for a set that is not whole.
    """
    truth_path = folder / "truth.parquet"
    if not truth_path.is_file():
        raise CountersealError(
            "labelled-set",
            "There is no truth.parquet here.",
            where=str(folder),
            next_step="A labelled set has registry/, requests.parquet and truth.parquet.",
        )
    truth = pq.read_table(truth_path)
    requests = pa.concat_tables(read_requests(folder / "requests.parquet"))
    with tempfile.TemporaryDirectory() as scratch:
        about = build_registry(folder / "registry", Path(scratch) / "index", progress=progress)
        index = open_registry(Path(scratch) / "index")
        columns = {field: requests.column(field).to_pylist() for field in REQUEST_FIELDS}
        compared = compare_requests(index, columns)
        positions = {name.decode(): at for at, name in enumerate(index.account_ids.tolist())}
    known = dict(zip(truth["request_ref"].to_pylist(), truth["account_id"].to_pylist(), strict=True))
    kinds = (
        dict(zip(truth["request_ref"].to_pylist(), truth["kind"].to_pylist(), strict=True))
        if "kind" in truth.column_names
        else {}
    )
    references = requests.column("request_ref").to_pylist()
    unknown = next((reference for reference in references if reference not in known), None)
    if unknown is not None:
        raise CountersealError("labelled-set", "A request has no truth.", where=str(truth_path))
    account = np.array([positions.get(known[reference] or "", -1) for reference in references], np.int64)
    right = np.flatnonzero(account[compared.candidates.rows] == compared.candidates.accounts)
    truth_pair = np.full(len(references), -1, np.int64)
    truth_pair[compared.candidates.rows[right]] = right
    pairs = LabelledPairs(about["accounts"], compared.candidates.rows, compared.levels, compared.gains, truth_pair)
    kind = [kinds.get(reference) or "" for reference in references]
    return LabelledSet(folder.name, about, columns, references, compared, pairs, account, kind)


def judge(model: Model, labelled: LabelledSet) -> Judged:
    """Say what ``model`` decides on a labelled set, and whether its best candidate is the right one."""
    compared = labelled.compared
    classes = evidence_classes(compared.people)
    weighing = weigh(model, labelled.pairs.size, compared.levels, compared.gains)
    decision = decide(model, compared.candidates, weighing, classes)
    found = decision.pair >= 0
    best = np.maximum(decision.pair, 0)
    clear = found & (weighing.veto[best] == 0) if len(weighing.veto) else found
    accounts = (
        np.where(found, compared.candidates.accounts[best], -2)
        if len(best) and found.any()
        else np.full(len(found), -2)
    )
    return Judged(decision, weighing, np.where(clear, decision.posterior, 0.0), accounts == labelled.account, classes)


def train_model(sets: Sequence[LabelledSet], *, progress: Progress | None = None) -> Model:
    """Learn the weights from labelled sets; the thresholds stay unset until they are calibrated."""
    start = starting_model()
    steps = None if progress is None else lambda done, total: progress("Learning the weights", done, total)
    model = train(start, [one.pairs for one in sets], progress=steps)
    surprise = {one.name: round(loss(model, one.pairs), 5) for one in sets}
    unset = {name: Threshold(None) for name in model.thresholds}
    return replace(model, thresholds=unset, provenance={"trained_on": _provenance(sets), "bits_a_request": surprise})


def calibrate_model(model: Model, sets: Sequence[LabelledSet], targets: Mapping[str, float]) -> Model:
    """Set each class's threshold so that its bound is kept on all ``sets`` together."""
    judged = [judge(model, one) for one in sets]
    posterior, right, classes = (
        np.concatenate([getattr(one, part) for one in judged]) for part in ("posterior", "right", "classes")
    )
    thresholds = calibrate(posterior, right, classes, targets)
    provenance = model.provenance | {"calibrated_on": _provenance(sets), "targets": dict(targets)}
    return replace(model, thresholds=thresholds, provenance=provenance)


def _provenance(sets: Sequence[LabelledSet]) -> list[dict[str, Any]]:
    return [
        {
            "set": one.name,
            "requests": len(one.account),
            "registered": int(np.count_nonzero(one.account >= 0)),
            "accounts": one.about["accounts"],
            "source": one.about["source"],
        }
        for one in sets
    ]


def write_model(model: Model, path: Path) -> None:
    """Write a model's file."""
    path.write_text(model.to_json(), encoding="utf-8")


def model_summary(model: Model) -> str:
    """Give a model's thresholds as JSON for programs."""
    return json.dumps(
        {"version": model.version, "thresholds": {name: held.__dict__ for name, held in model.thresholds.items()}}
    )
