"""A receipt verified in a real browser: a good one is told from every other."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.casework import AtWork, at_work, chromium  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.browser
FIELDS = ("keys", "receipt", "entry")


@pytest.fixture(scope="module")
def page(chromium: Any, at_work: AtWork) -> Iterator[Any]:  # noqa: F811
    context = chromium.new_context()
    context.add_cookies([{"name": "session", "value": at_work.sessions["olga"], "url": at_work.address}])
    opened = context.new_page()
    yield opened
    context.close()


def verdict(page: Any, at_work: AtWork, number: int, **changed: Callable[[str], str]) -> str:  # noqa: F811
    """Open the page with an entry of the office, change what is given, press the button, read what it says."""
    refused: list[str] = []
    page.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    page.goto(f"{at_work.address}/ledger/verify/?entry={number}")
    for field in FIELDS:
        if field in changed:
            before = page.input_value(f"#{field}")
            after = changed[field](before)
            assert after != before, field
            page.fill(f"#{field}", after)
    page.click("#verify button")
    page.wait_for_selector("#told:not([hidden])")
    assert refused == []
    return str(page.inner_text("#told"))


def newest(at_work: AtWork) -> int:  # noqa: F811
    return int((at_work.folder / "ledger" / "checkpoint").read_text().split("\n")[1])


def test_a_good_receipt_that_is_not_verified(page: Any, at_work: AtWork):  # noqa: F811
    """Every entry's receipt verifies, whatever its place in the tree."""
    for entry in range(newest(at_work)):
        told = verdict(page, at_work, entry)
        assert told.startswith("Verified"), (entry, told)
    assert f"entry is number {newest(at_work) - 1} of it" in page.inner_text("#steps")


def _one_bit(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode()


def _line(number: int, change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        lines = text.split("\n")
        lines[number] = change(lines[number])
        return "\n".join(lines)

    return changed


TAMPERED: dict[str, dict[str, Callable[[str], str]]] = {
    "another word in the entry": {"entry": lambda text: text.replace("2026", "2025")},
    "a space after the entry": {"entry": lambda text: text + " "},
    "no entry": {"entry": lambda _: " "},
    "another index": {"receipt": _line(1, lambda _: "index 1")},
    "an index beyond the ledger": {"receipt": _line(1, lambda _: "index 9999")},
    "another hash in the path": {"receipt": _line(2, _one_bit)},
    "a hash less": {"receipt": _line(2, lambda _: "")},
    "a path one longer": {"receipt": _line(2, lambda line: f"{line}\n{line}")},
    "another size": {"receipt": lambda text: text.replace("\n\n", "\n\nx", 1)},
    "another root": {"receipt": lambda text: "\n\n".join(
        part if at != 1 else _line(2, _one_bit)(part) for at, part in enumerate(text.split("\n\n")))},
    "a signature of nobody": {"receipt": lambda text: text[: text.index("\u2014")] + "\u2014 nobody AAAAAAAA\n"},
    "another key": {"keys": _line(0, lambda line: line[:-2] + ("A=" if line[-2] != "A" else "B="))},
    "no key": {"keys": lambda text: "\n".join(text.split("\n")[1:])},
    "words": {"receipt": lambda _: "believe me"},
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_a_tampered_receipt_that_is_called_good(page: Any, at_work: AtWork, how: str):  # noqa: F811
    told = verdict(page, at_work, 3, **TAMPERED[how])
    assert told.startswith("Not verified."), told
    assert "bad" in page.get_attribute("#told", "class")


def test_a_cosignature_that_does_not_hold(page: Any, at_work: AtWork):  # noqa: F811
    """A witness's line that was changed is told, and so is a witness who did not cosign."""
    at_work.ask(
        "from counterseal.flow.orders import issue\n"
        "issue(office, 'submission', 'ANOTHER-1', 'order of a court', 'cora')\n"
    )
    told = verdict(page, at_work, 3)
    assert told == "Verified, with cosignatures."
    assert page.inner_text("#steps").count("cosigned the same ledger") == 2

    def other(text: str) -> str:
        lines = text.split("\n")
        at = next(number for number, line in enumerate(lines) if "witness" in line)
        words = lines[at].rsplit(" ", 1)
        lines[at] = f"{words[0]} {_one_bit(words[1])}"
        return "\n".join(lines)

    assert "witness.demonstration.invalid does not hold" in verdict(page, at_work, 3, receipt=other)
    without = verdict(
        page, at_work, 3, receipt=lambda text: "\n".join(line for line in text.split("\n") if "witness" not in line)
    )
    assert without.startswith("Verified. No witness")
    assert page.inner_text("#steps").count("has not cosigned") == 2
