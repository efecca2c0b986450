"""The page of a replay."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from counterseal.cli import status
from counterseal.errors import CountersealError
from counterseal.oversight.record import read_record
from counterseal.oversight.replay_page import RuleLine, SameFile, VersionLine, replay_page
from counterseal.synth.august import write_as_filed
from counterseal.synth.holdings import read_holdings
from counterseal.synth.people import build_world
from counterseal.synth.registry import account_ids, registry_tables, write_table

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "law" / "record" / "august-2025.toml"
LINE = VersionLine("a", "1", "d", 10, {"refused": 10}, (RuleLine("R-1", "<b>", "26 U.S.C. 6103", 10, 10),))


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shape of August, 400 rows, as filed and with sound paper."""
    folder = tmp_path_factory.mktemp("august")
    world = build_world(500, 1)
    accounts, addresses = registry_tables(world, account_ids(world, 1))
    write_table(accounts, folder, "accounts", "parquet")
    write_table(addresses, folder, "addresses", "parquet")
    for mended in (False, True):
        out = folder / str(mended)
        out.mkdir()
        write_as_filed(read_holdings(folder), 400, 3, date(2025, 6, 27), out, mended=mended)
    return folder


def replayed(folder: Path, *words: str) -> int:
    """Run ``counterseal replay``."""
    return status(["replay", str(folder), "--agreement", "irs-ice-2025", *words])


def test_the_page_tells_other_counts_than_the_command(asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page = tmp_path / "page.html"
    code = replayed(asked / "False" / "AUGUST-2025", "--page", str(page), "--record", str(RECORD), "--json")
    done = capsys.readouterr()
    assert code == 0, done.err
    answer = json.loads(done.out)["answers"][0]
    text = page.read_text()
    assert answer["outcomes"] == {"refused": 400}
    assert "Not one of the 400 rows reaches the records" in text
    assert all(f"<th scope=row>{rule}</th>" in text for rule in answer["rules"])
    assert "42,695" in text


def test_sound_paper_does_not_get_the_same_people_past_the_face_of_the_law(
    asked: Path, capsys: pytest.CaptureFixture[str]
):
    """What stands for an address is still refused, everybody else may be looked up."""
    assert replayed(asked / "True" / "AUGUST-2025-MENDED", "--json") == 0
    answer = json.loads(capsys.readouterr().out)["answers"][0]
    assert answer["outcomes"]["admitted"] > 300
    assert not {"R-03", "R-10a", "R-22a", "R-23a", "R-25a"} & set(answer["rules"])
    assert {"R-14", "R-15"} <= set(answer["rules"])


def test_the_last_column_would_count_rows_that_still_fail(asked: Path, tmp_path: Path):
    """Once every fault of the table is mended, every row may be looked up; before that, never more."""
    page = tmp_path / "page.html"
    assert replayed(asked / "False" / "AUGUST-2025", "--page", str(page)) == 0
    last = [line.split("</td><td class=n>")[-1].split("<")[0] for line in page.read_text().split("<tr>")]
    left = [int(found.replace(",", "")) for found in last if found.replace(",", "").isdigit()]
    assert left == sorted(left)
    assert left[0] == 0
    assert left[-1] == 400


def test_a_rules_words_enter_the_page_as_markup():
    page = replay_page("<script>alert(1)</script>", [LINE])
    assert "<script" not in page
    assert "<td><b>" not in page


def test_a_strip_for_nothing_at_all_divides_by_zero():
    assert "<b>0</b>" in replay_page("s", [LINE], None, SameFile(0, 0, 0, 0, 0, 0))


@pytest.mark.parametrize(
    "text", ["", "asked = 1\n", "\x00", 'title = "x"\nasked = 1\ndisclosed = 2\nunconfirmed = 0\nfact = []\n']
)
def test_a_record_that_is_none_is_taken(tmp_path: Path, text: str):
    (tmp_path / "record.toml").write_text(text)
    with pytest.raises(CountersealError):
        read_record(tmp_path / "record.toml")


def test_the_record_counts_more_violations_than_disclosures():
    record = read_record(RECORD)
    assert record.asked > record.disclosed > record.unconfirmed > 0
    assert any(f"{record.unconfirmed:,}" == fact.figure for fact in record.facts)
