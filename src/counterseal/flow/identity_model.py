"""The acts of learning identity's weights, setting its thresholds, and showing what they do."""

from __future__ import annotations

import html
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import vl_convert

from counterseal.core.files import PlainFiles
from counterseal.errors import CountersealError
from counterseal.flow.identify import read_requests
from counterseal.flow.registry import build_registry
from counterseal.identity.answer import REQUEST_FIELDS, Compared, compare_requests
from counterseal.identity.bounds import calibrate
from counterseal.identity.compare import LEVELS
from counterseal.identity.decide import Decision, Weighing, decide, weigh
from counterseal.identity.explain import Tally, curve, curve_chart, tallies, waterfall, waterfall_chart
from counterseal.identity.index import open_registry
from counterseal.identity.model import Model, Threshold
from counterseal.identity.starting import starting_model
from counterseal.identity.targets import MARGIN
from counterseal.identity.train import LabelledPairs, loss, train
from counterseal.vault.registry_files import RegistryFiles

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

    @property
    def classes(self) -> np.ndarray:
        """The evidence class of each request's best candidate, as a position in CLASSES."""
        return self.decision.evidence_class


def load_labelled_set(
    folder: Path, entropy: Callable[[int], bytes], *, progress: Progress | None = None
) -> LabelledSet:
    """Read a labelled set: ``registry/`` (source tables), ``requests.parquet`` and ``truth.parquet``.

    The truth has ``request_ref``, ``account_id`` (empty for people who are not registered) and may have
    ``kind``. ``entropy`` makes the key of its index, which goes with it. Raises ``labelled-set`` for a set that is
    not whole.
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
    requests = pa.concat_tables(read_requests(folder / "requests.parquet", PlainFiles()))
    with tempfile.TemporaryDirectory() as scratch:
        registry, files = Path(scratch) / "index", RegistryFiles(entropy)
        about = build_registry(folder / "registry", registry, files, progress=progress)
        index = open_registry(registry, files)
        columns = {field: requests.column(field).to_pylist() for field in REQUEST_FIELDS}
        compared = compare_requests(index, columns)
        positions = {name.decode(): at for at, name in enumerate(index.account_ids.span(0, index.size).tolist())}
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
    weighing = weigh(model, labelled.pairs.size, compared.levels, compared.gains)
    decision = decide(model, compared.candidates, weighing)
    found = decision.pair >= 0
    best = np.maximum(decision.pair, 0)
    clear = found & (weighing.veto[best] == 0) if len(weighing.veto) else found
    accounts = (
        np.where(found, compared.candidates.accounts[best], -2)
        if len(best) and found.any()
        else np.full(len(found), -2)
    )
    return Judged(decision, weighing, np.where(clear, decision.posterior, 0.0), accounts == labelled.account)


def train_model(sets: Sequence[LabelledSet], *, progress: Progress | None = None) -> Model:
    """Learn the weights from labelled sets; the thresholds stay unset until they are calibrated."""
    start = starting_model()
    steps = None if progress is None else lambda done, total: progress("Learning the weights", done, total)
    model = train(start, [one.pairs for one in sets], progress=steps)
    surprise = {one.name: round(loss(model, one.pairs), 5) for one in sets}
    unset = {name: Threshold(None) for name in model.thresholds}
    return replace(model, thresholds=unset, provenance={"trained_on": _provenance(sets), "bits_a_request": surprise})


def calibrate_model(
    model: Model, sets: Sequence[LabelledSet], targets: Mapping[str, float], *, margin: float = MARGIN
) -> Model:
    """Set each class's threshold so that its bound is kept on all ``sets`` together.

    ``margin`` is in bits: how much stricter than the loosest threshold that keeps the bound, because that
    one stands right above an error by construction.
    """
    judged = [judge(model, one) for one in sets]
    posterior, right, classes = (
        np.concatenate([getattr(one, part) for one in judged]) for part in ("posterior", "right", "classes")
    )
    thresholds = calibrate(posterior, right, classes, targets, margin=margin)
    provenance = model.provenance | {
        "calibrated_on": _provenance(sets),
        "targets": dict(targets),
        "margin_bits": margin,
    }
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


def write_report(model: Model, labelled: LabelledSet, out: Path, *, request: str | None = None) -> list[Tally]:
    """Write what ``model`` does on a labelled set as one HTML page; give the counts.

    Bounds and recall by class and by kind of person, the trade between them, every weight, and the
    waterfall of one request: the one named, else the first identified. Raises ``report-request`` for a
    ``request`` that the set does not hold.
    """
    judged = judge(model, labelled)
    present = labelled.account >= 0
    counts = tallies(present, judged.decision.identified, judged.right, judged.classes, labelled.kind)
    points = curve(judged.posterior, judged.right, present, judged.classes)
    if request is None:
        row = int(np.argmax(judged.decision.identified)) if len(present) else 0
    elif request in labelled.request_ref:
        row = labelled.request_ref.index(request)
    else:
        raise CountersealError("report-request", "The set holds no such request.", where=labelled.name)
    steps = waterfall(judged.weighing, judged.decision, model, labelled.pairs.size, row) if len(present) else []
    charts = [_svg(curve_chart(points)) if points else "", _svg(waterfall_chart(steps)) if steps else ""]
    reference = labelled.request_ref[row] if labelled.request_ref else ""
    out.write_text(_page(model, labelled.name, counts, charts, reference), encoding="utf-8")
    return counts


def _svg(chart: dict[str, Any]) -> str:
    return str(vl_convert.vegalite_to_svg({"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **chart}))


def _page(model: Model, name: str, counts: list[Tally], charts: list[str], reference: str) -> str:
    rows = [
        (one.group, one.requests, one.present, one.identified, one.wrong, f"{one.bound:.3%}", _share(one.recall))
        for one in counts
    ]
    thresholds = [
        (
            cls,
            held.posterior if held.posterior is not None else "answers nothing",
            held.identified,
            held.wrong,
            held.bound,
        )
        for cls, held in model.thresholds.items()
    ]
    weights = [
        (field, level.name.lower().replace("_", " "), f"{base:+.2f}", f"{slope:.2f}")
        for field, levels in LEVELS.items()
        for level, (base, slope) in zip(levels, model.weights[field], strict=True)
    ]
    parts = [
        f"<h1>Identity on {html.escape(name)}</h1>",
        f"<p>Model {model.version}. Bounds are one-sided, 95 %, after Clopper and Pearson.</p>",
        _table(("group", "requests", "registered", "identified", "wrong", "bound", "recall"), rows),
        "<h2>What a threshold trades</h2>", charts[0],
        "<h2>Thresholds</h2>", _table(("class", "least posterior", "identified", "wrong", "bound"), thresholds),
        f"<h2>One request: {html.escape(reference)}</h2>", charts[1],
        "<h2>Weights in bits: base + slope x gain</h2>", _table(("field", "level", "base", "slope"), weights),
        f"<h2>Provenance</h2><pre>{html.escape(json.dumps(model.provenance, indent=1))}</pre>",
    ]  # fmt: skip
    style = "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto}td,th{padding:.1rem .8rem;text-align:right}"
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Identity</title><style>{style}</style>"
    return f"{head}{''.join(parts)}</html>\n"


def _share(recall: float | None) -> str:
    return "" if recall is None else f"{recall:.2%}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    top = "".join(f"<th scope=col>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
