"""What could go wrong when weights are learned and thresholds set."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.identity.conftest import strangers, write_source

from counterseal.errors import CountersealError
from counterseal.flow.identity_model import calibrate_model, load_labelled_set, train_model, write_model, write_report
from counterseal.identity.answer import REQUEST_FIELDS
from counterseal.identity.bounds import calibrate, upper_bound
from counterseal.identity.model import Threshold, load_model
from counterseal.identity.starting import starting_model
from counterseal.identity.train import loss


@pytest.mark.parametrize(
    ("wrong", "identified", "bound"),
    [(0, 0, 1.0), (0, 59, 0.04951), (0, 5000, 0.000599), (1, 100, 0.04656), (3, 10000, 0.000775), (5, 5, 1.0)],
)
def test_the_bound_is_the_one_of_clopper_and_pearson(wrong: int, identified: int, bound: float) -> None:
    """For none wrong of n it is 1 - 0.05 ** (1 / n); the others are read from published tables."""
    assert upper_bound(wrong, identified) == pytest.approx(bound, rel=2e-3)


@given(st.integers(0, 30), st.integers(31, 5000))
def test_more_wrong_is_a_higher_bound_and_more_right_a_lower_one(wrong: int, identified: int) -> None:
    here = upper_bound(wrong, identified)
    assert wrong / identified < here
    assert upper_bound(wrong + 1, identified) > here
    assert upper_bound(wrong, identified + 50) < here


def test_a_class_that_cannot_keep_its_bound_answers_nothing() -> None:
    few = np.full(100, 0.9999)
    found = calibrate(few, np.ones(100, bool), np.zeros(100, np.int8), {"A": 0.001, "B": 0.001, "C": 0.001})
    assert all(threshold.posterior is None for threshold in found.values())


def test_a_threshold_stands_above_the_errors_and_keeps_its_bound() -> None:
    posterior = np.concatenate([np.full(9000, 0.9999), np.full(500, 0.98)])
    right = np.concatenate([np.ones(9000, bool), np.zeros(500, bool)])
    found = calibrate(posterior, right, np.zeros(9500, np.int8), {"A": 0.001, "B": 0.001, "C": 0.001}, margin=0.0)["A"]
    assert found.posterior is not None
    assert 0.98 < found.posterior <= 0.9999
    assert found.wrong == 0
    assert found.bound is not None
    assert found.bound <= 0.001


def labelled_set(folder: Path) -> Path:
    """Two hundred people asked for as they are written, and two hundred whom the registry does not hold."""
    accounts, addresses = strangers(400)
    write_source(folder / "registry", accounts[:200], addresses[:200])
    rows: dict[str, list[Any]] = {name: [] for name in ("request_ref", *REQUEST_FIELDS)}
    for number, (person, home) in enumerate(zip(accounts, addresses, strict=True)):
        rows["request_ref"].append(f"R{number}")
        for field in ("given_name", "middle_name", "family_name", "suffix", "date_of_birth", "tin"):
            rows[field].append(person[field])
        for field, source in zip(REQUEST_FIELDS[6:], ("line_1", "line_2", "city", "state", "zip"), strict=True):
            rows[field].append(home[source])
    pq.write_table(pa.table(rows), folder / "requests.parquet")
    truth = {
        "request_ref": rows["request_ref"],
        "account_id": [person["account_id"] if at < 200 else "" for at, person in enumerate(accounts)],
        "kind": ["present"] * 200 + ["random"] * 200,
    }
    pq.write_table(pa.table(truth), folder / "truth.parquet")
    return folder


def test_training_makes_the_truth_likelier_and_is_the_same_every_time(tmp_path: Path) -> None:
    one = load_labelled_set(labelled_set(tmp_path), os.urandom)
    model, again = train_model([one]), train_model([one])
    assert loss(model, one.pairs) < loss(starting_model(), one.pairs)
    assert model.to_json() == again.to_json()
    assert all(threshold.posterior is None for threshold in model.thresholds.values())


def test_a_model_without_thresholds_identifies_nobody(tmp_path: Path) -> None:
    one = load_labelled_set(labelled_set(tmp_path), os.urandom)
    counts = write_report(train_model([one]), one, tmp_path / "report.html")
    assert counts[0].identified == 0


def test_a_model_survives_its_file_and_another_file_is_refused(tmp_path: Path) -> None:
    model = replace(load_model(), thresholds={name: Threshold(None) for name in "ABC"})
    write_model(model, tmp_path / "model.json")
    assert load_model(tmp_path / "model.json").version == model.version
    (tmp_path / "model.json").write_text('{"weights": 1}', encoding="utf-8")
    with pytest.raises(CountersealError, match="no identity model"):
        load_model(tmp_path / "model.json")


def test_the_report_shows_bounds_weights_and_one_waterfall(tmp_path: Path) -> None:
    one = load_labelled_set(labelled_set(tmp_path), os.urandom)
    model = calibrate_model(load_model(), [one], {"A": 0.05, "B": 0.05, "C": 0.05})
    counts = write_report(model, one, tmp_path / "report.html", request="R7")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert counts[0].wrong == 0
    assert counts[0].identified == 200
    assert "One request: R7" in page
    assert page.count("<svg") == 2
    with pytest.raises(CountersealError, match="no such request"):
        write_report(model, one, tmp_path / "report.html", request="nobody")


def test_a_set_without_its_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CountersealError, match=r"no truth\.parquet"):
        load_labelled_set(tmp_path, os.urandom)


def test_the_shipped_model_says_where_it_comes_from_and_answers_in_every_class() -> None:
    model = load_model()
    assert {"trained_on", "calibrated_on", "targets"} <= set(model.provenance)
    for name, threshold in model.thresholds.items():
        assert threshold.posterior is not None, name
        assert threshold.bound is not None, name
        assert threshold.bound <= model.provenance["targets"][name]
