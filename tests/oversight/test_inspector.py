"""An inspector with the exported folder, the policy file and the verifier's files, on a machine without Counterseal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cryptography
import pytest
from tests.flow.casework import staff
from tests.oversight.test_accounting import Asked, asked, office_that_disclosed  # noqa: F401  # fixtures

import counterseal_verify
from counterseal.cli import status
from counterseal.core.official import Role
from counterseal_verify.release import release
from counterseal_verify.verify import Refused, entries

if TYPE_CHECKING:
    from collections.abc import Callable

BARE = (
    "import sys, runpy; sys.path.append({site!r}); sys.argv = {call!r}\n"
    "try:\n    import counterseal\nexcept ImportError:\n    pass\nelse:\n    sys.exit('Counterseal is here')\n"
    "runpy.run_path('counterseal_verify', run_name='__main__')\n"
)
LEDGER = ("--ledger", "ledger", "--policy", "policy")
ANNUAL = ("annual", "public.json", *LEDGER, "--index", "index.jsonl")


@dataclass
class Desk:
    """A folder with nothing but what an inspector was given."""

    folder: Path
    delivered: int

    def run(self, *call: str) -> subprocess.CompletedProcess[str]:
        """Run the verifier's files with an interpreter that has cryptography and nothing of the project."""
        site = str(Path(cryptography.__file__).parent.parent)
        code = BARE.format(site=site, call=["counterseal_verify", *call])
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", code], cwd=self.folder, capture_output=True, text=True, check=False
        )

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def copy(self, to: Path) -> Desk:
        return Desk(shutil.copytree(self.folder, to), self.delivered)


@pytest.fixture
def desk(asked: Asked, tmp_path: Path) -> Desk:  # noqa: F811  # the fixture
    """Export what an inspector is given: each file by the command that writes it."""
    from counterseal.store.models import Case

    office, folder = asked.at.folder, tmp_path / "desk"
    staff(asked.at.office, ("otto", Role.OVERSIGHT))
    delivered = Case.objects.get(state="released").delivered_entry
    assert delivered is not None
    year = str(datetime.now(UTC).year)
    evidence, index = folder / "release.json", folder / "index.jsonl"
    at = ["--workspace", str(office)]
    assert status(["report", "release", str(delivered), *at, "--by", "otto", "--out", str(evidence)]) == 0
    assert status(["report", "index", *at, "--out", str(index)]) == 0
    made = ["--year", year, "--index", str(index), "--out", str(folder)]
    assert status(["report", "annual", str(office), *made]) == 0
    shutil.copytree(office / "ledger", folder / "ledger")
    shutil.copy(office / "policy", folder / "policy")
    source = Path(counterseal_verify.__file__).parent
    shutil.copytree(source, folder / "counterseal_verify", ignore=shutil.ignore_patterns("__pycache__"))
    return Desk(folder, delivered)


def test_an_inspector_who_cannot_make_the_published_figures_again(desk: Desk):
    for table in ("public.json", "public.csv", "committee.json", "committee.csv"):
        found = desk.run("annual", table, *LEDGER, "--index", "index.jsonl")
        assert (found.returncode, found.stderr) == (0, "")
        assert "follows from" in found.stdout
    whole = desk.read("committee.json")["lines"][-1]
    assert (whole["requests"], whole["people"], whole["disclosures"], whole["taxpayers"]) == (1, 900, 1, 1)
    told = desk.read("public.json")["lines"][-1]
    assert (told["requests"], told["people"], told["disclosures"], told["taxpayers"]) == (None, 900, None, None)
    assert desk.run("annual", "public.json", *LEDGER).returncode == 1
    assert desk.run("index", "index.jsonl", *LEDGER).returncode == 0


def test_an_inspector_who_cannot_follow_a_release(desk: Desk):
    found = desk.run("release", "release.json", *LEDGER)
    assert (found.returncode, found.stderr) == (0, "")
    steps = ("received", "screened", "identified", "determined", "signed", "signed", "intent", "delivered", "accepts")
    lines = found.stdout.splitlines()
    assert len(lines) == len(steps)
    assert all(step in line for step, line in zip(steps, lines, strict=True))


def _bundle(desk: Desk) -> Path:
    """Give the newest bundle of entries: the one that the checkpoint is over."""
    size = int((desk.folder / "ledger" / "checkpoint").read_text().split("\n")[1])
    return desk.folder / "ledger" / "tile" / "entries" / f"000.p/{size}"


def _removed_entry(desk: Desk) -> None:
    raw = _bundle(desk).read_bytes()
    first = 2 + int.from_bytes(raw[:2])
    _bundle(desk).write_bytes(raw[first:])


def _changed_entry(desk: Desk) -> None:
    _bundle(desk).write_bytes(_bundle(desk).read_bytes().replace(b'"rows":900', b'"rows":901', 1))


def _changed_tile(desk: Desk) -> None:
    size = _bundle(desk).name
    tile = desk.folder / "ledger" / "tile" / "0" / "000.p" / size
    raw = bytearray(tile.read_bytes())
    raw[40] ^= 1
    tile.write_bytes(raw)


def _cell(column: str, value: int | None) -> Callable[[Desk], None]:
    def change(desk: Desk) -> None:
        told = desk.read("public.json")
        told["lines"][0][column] = value
        (desk.folder / "public.json").write_text(json.dumps(told))

    return change


def _missing_line(desk: Desk) -> None:
    told = desk.read("public.json")
    (desk.folder / "public.json").write_text(json.dumps({**told, "lines": told["lines"][1:]}))


def _later_day(desk: Desk) -> None:
    (desk.folder / "public.json").write_text(json.dumps({**desk.read("public.json"), "due": "2099-01-01"}))


def _person_left_out(desk: Desk) -> None:
    lines = (desk.folder / "index.jsonl").read_text().splitlines(keepends=True)
    (desk.folder / "index.jsonl").write_text("".join(lines[:-1]))


def _evidence(change: Callable[[dict[str, Any]], object]) -> Callable[[Desk], None]:
    def changed(desk: Desk) -> None:
        told = desk.read("release.json")
        change(told)
        (desk.folder / "release.json").write_text(json.dumps(told))

    return changed


RELEASE = ("release", "release.json", *LEDGER)
HOLDS = ("ledger", "ledger", "--policy", "policy")
GAPS: dict[str, tuple[Callable[[Desk], None], tuple[str, ...], str]] = {
    "an entry was removed": (_removed_entry, HOLDS, "bundle 0 is too short"),
    "an entry was changed": (_changed_entry, HOLDS, "entry 4 is not the one"),
    "a tile was changed": (_changed_tile, HOLDS, "tile/0/000.p/"),
    "a figure was changed": (_cell("people", 899), ANNUAL, "people is 899 in the table; in the ledger it is, 900"),
    "a large figure was kept back": (_cell("people", None), ANNUAL, "people is withheld in the table"),
    "a small figure was shown": (_cell("taxpayers", 1), ANNUAL, "must be withheld"),
    "a line was left out": (_missing_line, ANNUAL, "ice irs-ice-2025: the line is missing"),
    "the last day was moved": (_later_day, ANNUAL, "2099-01-01"),
    "a person was left out": (_person_left_out, ANNUAL, "do not give the root"),
    "the release is of another submission": (
        _evidence(lambda told: told["openings"][0].update(value="SYN-2026-0002")), RELEASE, "entry 4 does not commit",
    ),
    "the case file was changed": (
        _evidence(lambda told: told["case"].update(determination="None.")), RELEASE, "is for another case file",
    ),
    "the row is another's": (_evidence(lambda told: told["case"].update(row=900)), RELEASE, "does not have this row"),
    "a stage was not opened": (
        _evidence(lambda told: told["openings"].pop(1)), RELEASE, "is not of the kind 'screened'",
    ),
    "a signature was not opened": (_evidence(lambda told: told["openings"].pop()), RELEASE, "(signed) is of another"),
}  # fmt: skip


def test_a_planted_gap_that_an_inspector_does_not_find(desk: Desk, tmp_path: Path):
    for number, (name, (plant, call, says)) in enumerate(GAPS.items()):
        gap = desk.copy(tmp_path / str(number))
        assert gap.run(*call).returncode == 0
        plant(gap)
        found = gap.run(*call)
        assert found.returncode == 1, name
        assert says in found.stderr, (name, found.stderr)


def _stop(scope: str, reaches: str = "") -> dict[str, Any]:
    return {"kind": "stop", "at": "", "body": {"scope": scope, "reaches": reaches}}


def _lift(order: int, **other: int) -> dict[str, Any]:
    return {"kind": "lift", "at": "", "body": {"act": "lifted", "order": order, **other}}


def test_a_release_under_a_stop_order_in_force_that_an_inspector_passes(desk: Desk):
    """Entries that nothing here refers to are exchanged for orders and lifts, as an office would have entered them."""
    found = [json.loads(one) for one in entries(desk.folder / "ledger", int(_bundle(desk).name))]
    evidence = desk.read("release.json")
    delivered = found[evidence["delivered"]]["body"]
    free = [at for at, one in enumerate(found[: delivered["intent"]]) if one["kind"] in {"start-up", "case"}][:2]
    assert len(release(found, evidence)) == 8
    own = [("everything", ""), ("agency", delivered["agency"]), ("agreement", delivered["agreement"])]
    for order in (*own, ("submission", evidence["case"]["submission"])):
        found[free[0]] = _stop(*order)
        found[free[1]] = _lift(2, stop=free[0] + 1)
        with pytest.raises(Refused, match=rf"entry {free[0]} \(stop\) was in force"):
            release(found, evidence)
        for lifted in (_lift(7, stop=free[0]), _lift(1)):
            found[free[1]] = lifted
            assert len(release(found, evidence)) == 8
    found[free[0]] = _stop("agency", "another")
    found[free[1]] = _lift(2)
    assert len(release(found, evidence)) == 8
