"""What could go wrong between a file of requests and a file of answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.identity.conftest import FILES, strangers, write_source

from counterseal.errors import CountersealError
from counterseal.flow.identify import Engine, identify_rows
from counterseal.flow.registry import build_registry
from counterseal.identity.answer import REQUEST_FIELDS
from counterseal.identity.answer_table import answer_table
from counterseal.identity.index import open_registry
from counterseal.identity.model import load_model

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("request_ref", *REQUEST_FIELDS)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    build_registry(write_source(folder / "source", *strangers(400)), folder / "index", FILES)
    return folder / "index"


def sound_requests(count: int) -> dict[str, list[str]]:
    accounts, addresses = strangers(400)
    people = list(zip(accounts, addresses, strict=True))[:count]
    named = ("given_name", "middle_name", "family_name", "suffix", "date_of_birth", "tin")
    columns = {field: [account[field] for account, _ in people] for field in named}
    columns |= {f"address_{line}": [address[line] for _, address in people] for line in ("line_1", "line_2")}
    columns |= {field: [address[field] for _, address in people] for field in ("city", "state", "zip")}
    return {"request_ref": [f"R{number}" for number in range(count)], **columns}


def test_people_as_the_registry_writes_them_are_identified_and_confirmed(registry: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table(sound_requests(300)), tmp_path / "requests.parquet")
    counts = identify_rows(tmp_path / "requests.parquet", registry, tmp_path / "answers.parquet", FILES)
    answers = pq.read_table(tmp_path / "answers.parquet").to_pydict()
    assert counts == {"identified": 300, "ambiguous": 0, "none": 0}
    assert answers["account_id"] == [f"S{number:06}" for number in range(300)]
    assert all(answers["address_confirmed"])


def test_csv_and_parquet_requests_get_the_same_answers(registry: Path, tmp_path: Path) -> None:
    columns = sound_requests(40)
    pq.write_table(pa.table(columns), tmp_path / "requests.parquet")
    lines = [",".join(COLUMNS), *(",".join(columns[name][row] for name in COLUMNS) for row in range(40))]
    (tmp_path / "requests.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for form in ("parquet", "csv"):
        identify_rows(tmp_path / f"requests.{form}", registry, tmp_path / f"{form}.answers", FILES)
    assert pq.read_table(tmp_path / "parquet.answers") == pq.read_table(tmp_path / "csv.answers")


def test_row_is_the_key_where_it_stands_and_order_is_kept(registry: Path, tmp_path: Path) -> None:
    columns = sound_requests(5)
    requests = pa.table({"row": pa.array([5, 4, 3, 2, 1]), **columns, "request_ref": ["same"] * 5})
    pq.write_table(requests, tmp_path / "requests.parquet")
    identify_rows(tmp_path / "requests.parquet", registry, tmp_path / "answers.parquet", FILES)
    answers = pq.read_table(tmp_path / "answers.parquet").to_pydict()
    assert answers["row"] == [5, 4, 3, 2, 1]
    assert answers["account_id"] == [f"S{number:06}" for number in range(5)]


def test_no_requests_give_an_empty_file_with_every_column(registry: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({name: pa.array([], pa.string()) for name in COLUMNS}), tmp_path / "requests.parquet")
    assert sum(identify_rows(tmp_path / "requests.parquet", registry, tmp_path / "a.parquet", FILES).values()) == 0
    assert {"request_ref", "outcome", "account_id", "address_confirmed"} <= set(
        pq.read_schema(tmp_path / "a.parquet").names
    )


def test_a_missing_column_and_an_unreadable_file_are_named(registry: Path, tmp_path: Path) -> None:
    columns = sound_requests(2)
    del columns["zip"]
    pq.write_table(pa.table(columns), tmp_path / "requests.parquet")
    with pytest.raises(CountersealError, match="The column zip is missing"):
        identify_rows(tmp_path / "requests.parquet", registry, tmp_path / "a.parquet", FILES)
    (tmp_path / "ragged.csv").write_text(",".join(COLUMNS) + "\nR1,SECRETNAME\n", encoding="utf-8")
    with pytest.raises(CountersealError) as raised:
        identify_rows(tmp_path / "ragged.csv", registry, tmp_path / "a.parquet", FILES)
    assert "SECRETNAME" not in str(raised.value)
    with pytest.raises(CountersealError, match="cannot be read"):
        identify_rows(tmp_path / "absent.csv", registry, tmp_path / "a.parquet", FILES)
    assert not (tmp_path / "a.parquet").exists()


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table(sound_requests(1)), tmp_path / "requests.parquet")
    with pytest.raises(CountersealError) as raised:
        identify_rows(tmp_path / "requests.parquet", tmp_path, tmp_path / "a.parquet", FILES)
    assert raised.value.code == "registry-unreadable"


CELL = st.one_of(
    st.none(),
    st.sampled_from(["", "JOHN", "SMITH", "98901", "2 OAK AVE", "1970-01-01"]),
    st.text(max_size=30),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*[CELL] * len(COLUMNS)), max_size=6))
def test_as_many_answers_as_requests_whatever_is_in_them(
    registry: Path, tmp_path: Path, rows: list[tuple[str | None, ...]]
) -> None:
    columns = {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(COLUMNS)}
    pq.write_table(pa.table(columns), tmp_path / "requests.parquet")
    counts = identify_rows(tmp_path / "requests.parquet", registry, tmp_path / "answers.parquet", FILES)
    answers = pq.read_table(tmp_path / "answers.parquet")
    assert answers.num_rows == len(rows) == sum(counts.values())
    assert answers.column("request_ref").to_pylist() == columns["request_ref"].to_pylist()
    for outcome, account in zip(answers["outcome"].to_pylist(), answers["account_id"].to_pylist(), strict=True):
        assert (outcome == "identified") == (account != "")


def test_an_answer_does_not_depend_on_who_else_is_asked_for(registry: Path, tmp_path: Path) -> None:
    """Bit for bit, which is what makes every engine and every batch size give the same answers."""
    requests = pa.table(sound_requests(120))
    index, model = open_registry(registry, FILES), load_model()
    together = answer_table(index, model, requests)
    apart = pa.concat_tables([answer_table(index, model, requests.slice(row, 1)) for row in range(120)])
    assert together.equals(apart.combine_chunks())


def test_without_spark_the_call_says_what_to_install(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    pq.write_table(pa.table(sound_requests(2)), tmp_path / "requests.parquet")
    with pytest.raises(CountersealError, match=r"counterseal\[spark\]"):
        identify_rows(tmp_path / "requests.parquet", registry, tmp_path / "a.parquet", FILES, engine=Engine.SPARK)
    assert not (tmp_path / "a.parquet").exists()


def test_answers_as_csv_say_what_those_as_parquet_say(registry: Path, tmp_path: Path) -> None:
    """Whoever names a CSV file gets one, and not Parquet under its name."""
    pq.write_table(pa.table(sound_requests(40)), tmp_path / "requests.parquet")
    for form in ("parquet", "csv"):
        identify_rows(tmp_path / "requests.parquet", registry, tmp_path / f"answers.{form}", FILES)
    told = pa_csv.read_csv(tmp_path / "answers.csv").to_pydict()
    held = pq.read_table(tmp_path / "answers.parquet").to_pydict()
    for column in ("request_ref", "outcome", "account_id", "address_confirmed"):
        assert told[column] == held[column]


def test_answers_written_over_the_requests(registry: Path, tmp_path: Path) -> None:
    requests = tmp_path / "requests.parquet"
    pq.write_table(pa.table(sound_requests(4)), requests)
    before = requests.read_bytes()
    (tmp_path / "link.parquet").symlink_to(requests)
    for out in (requests, tmp_path / "link.parquet"):
        with pytest.raises(CountersealError, match="out-is-input"):
            identify_rows(requests, registry, out, FILES)
    with pytest.raises(CountersealError, match="folder-missing"):
        identify_rows(requests, registry, tmp_path / "nowhere" / "answers.parquet", FILES)
    assert requests.read_bytes() == before
