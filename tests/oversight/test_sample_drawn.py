"""A sample drawn in an office, held against the exported ledger by a stranger: what was tampered with is found."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow.sampling import SHARE, Sampled
from tests.flow.test_casework import refused

from counterseal.cli import status
from counterseal.core.clock import FixedClock
from counterseal.errors import CheckFailedError
from counterseal.flow import casework
from counterseal.flow.sample import announce_sample, draw_sample, sample_at, samples
from counterseal.oversight.sample import commitment_to
from counterseal_verify import verify
from counterseal_verify.sample import samples as draw_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_sample_goes_from_announcement_to_a_stranger_s_check(
    sampled: Sampled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder, share = str(sampled.at.folder), str(tmp_path / "share")
    today = sampled.at.office.clock.now().date().isoformat()

    assert status(["sample", "share", "--out", share]) == 0
    commitment = capsys.readouterr().out.strip()
    call = ["sample", "announce", "--workspace", folder, "--cases-decided-from", today, "--to", today, "--size", "3"]
    assert status([*call, "--commitment", commitment, "--by", "olga", "--json"]) == 0
    announced = json.loads(capsys.readouterr().out)
    assert announced["population"] == 5
    check = ["sample", str(sampled.at.folder / "ledger"), "--policy", str(sampled.at.folder / "policy")]
    assert verify.main(check) == 0
    assert "not drawn" in capsys.readouterr().out
    call = ["sample", "draw", "--workspace", folder, "--announced", str(announced["entry"]), "--by", "olga", "--json"]
    assert status([*call, "--share", share]) == 0
    drawn = json.loads(capsys.readouterr().out)["drawn"]

    assert len(set(drawn)) == 3
    assert verify.main(check) == 0
    told = capsys.readouterr().out
    assert f"drawn at entry {announced['entry'] + 1}: {' '.join(map(str, drawn))}; the last witness signed" in told
    assert status(["sample", "share", "--out", share]) == 2, "a share is never written over"


def test_only_oversight_draws_and_only_once_with_its_own_share(sampled: Sampled):
    at = sampled.announce()
    with refused("share"):
        sampled.draw(at, bytes(32))
    with refused("role"):
        draw_sample(sampled.at.office, sampled.at.people.ids["sam"], at, SHARE)
    with refused("sample-unknown"):
        sampled.draw(at - 1)
    entry, drawn = sampled.draw(at)
    with refused("sample-drawn"):
        sampled.draw(at)
    told = sample_at(at)
    assert (told.drawing, told.drawn, told.population) == (entry, drawn, 5)
    assert [one.announced for one in samples()] == [at]
    now = sampled.at.office.clock.now() - timedelta(days=1)
    early = replace(sampled.at.office, clock=FixedClock(now))
    with refused("sample-days"):
        announce_sample(early, sampled.olga, now.date(), now.date() + timedelta(1), "all", 1, commitment_to(SHARE))


def test_a_stratum_draws_its_own_decisions_alone(sampled: Sampled):
    at = sampled.announce(size=1, stratum="approved")
    sampled.draw(at)
    assert set(sample_at(at).decisions.values()) == {"approved"}
    assert sample_at(at).population == 1


def test_without_the_witnesses_nothing_is_drawn(sampled: Sampled):
    def silent(url: str, body: bytes) -> tuple[int, str, bytes]:
        raise OSError

    deaf = replace(sampled, at=replace(sampled.at, office=replace(sampled.at.office, post=silent)))
    with pytest.raises(CheckFailedError, match="Too few witnesses"):
        deaf.announce()
    at = samples()[0].announced
    with refused("sample-unwitnessed"):
        sampled.draw(at)


def test_whoever_enters_something_before_the_witnesses_sign_has_no_sample(sampled: Sampled, monkeypatch):
    """An entry more gives another root: it would be a second throw of the dice."""
    from counterseal.flow import sample

    kept = sample.publish_witnessed

    def later(log, policy, post):
        casework.take(sampled.at.office, sampled.at.cases()[6], sampled.at.people.ids["sue"])
        return kept(log, policy, post)

    monkeypatch.setattr(sample, "publish_witnessed", later)
    at = sampled.announce()
    with refused("sample-unwitnessed"):
        sampled.draw(at)


def altered(raw: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    told = json.loads(raw)
    change(told["body"])
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def a_stranger_s(body: dict[str, Any]) -> None:
    """Put a signature of a witness whom nobody named under the checkpoint, as one who looks for a seed would."""
    body["checkpoint"] += "— else.example " + body["checkpoint"].rstrip("\n").rsplit(" ", 1)[1] + "\n"


def without_cosignatures(body: dict[str, Any]) -> None:
    text, _, lines = body["checkpoint"].rpartition("\n\n")
    body["checkpoint"] = f"{text}\n\n" + "".join(f"{line}\n" for line in lines.split("\n")[:1])


DRAWING = {
    "seed": (lambda body: body.update(seed="00" * 32), "another seed"),
    "order": (lambda body: body.update(drawn=body["drawn"][::-1]), "drawn otherwise"),
    "one more": (lambda body: body.update(drawn=[*body["drawn"], body["drawn"][0]]), "drawn otherwise"),
    "share": (lambda body: body.update(share="00" * 32), "not the one that was committed to"),
    "foreign cosignature": (a_stranger_s, "of no witness"),
    "no cosignature": (without_cosignatures, "too few witnesses"),
}
ANNOUNCEMENT = {
    "population": (lambda body: body.update(population=4), "another population"),
    "which": (lambda body: body.update(population_sha256="00" * 32), "another population"),
    "days": (lambda body: body.update({"from": "2020-01-01", "to": "2020-01-02"}), "another population"),
    "stratum": (lambda body: body.update(stratum="refused"), "another population"),
    "size": (lambda body: body.update(size=2), "as the announcement left it"),
    "commitment": (lambda body: body.update(share_sha256="11" * 32), "not the one that was committed to"),
    "too large": (lambda body: body.update(size=6), "a size that cannot be drawn"),
}


def test_whatever_of_a_sample_was_altered_is_found(sampled: Sampled):
    at = sampled.announce()
    drawing, _ = sampled.draw(at)
    policy, entries = sampled.exported()
    assert len(draw_again(entries, policy)) == 1
    for index, changes in ((drawing, DRAWING), (at, ANNOUNCEMENT)):
        for name, (change, said) in changes.items():
            other = [*entries]
            other[index] = altered(entries[index], change)
            with pytest.raises(verify.Refused, match=said):
                draw_again(other, policy)
                pytest.fail(name)
    with pytest.raises(verify.Refused, match="drawn twice"):
        draw_again([*entries, entries[drawing]], policy)
    with pytest.raises(verify.Refused, match="not announced before"):
        draw_again(entries[at + 1 :], policy)
