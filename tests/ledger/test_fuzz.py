"""The fuzzers' targets of the ledger, as properties: sound things changed at random places, in pieces that hurt."""

from __future__ import annotations

import pytest
from fuzz.ledger import HEAD, LEAVES, LOG, NOTE, POLICY, RECEIPT, SEEDS, TARGETS, TRUST
from fuzz.ledger import SECOND as SECOND_POLICY
from hypothesis import HealthCheck, given, settings
from tests.hostile.test_fuzz import changed

from counterseal.errors import CountersealError
from counterseal.ledger.checkpoint import read_body
from counterseal.ledger.note import ED25519, read_key, read_note, sign_note
from counterseal.ledger.policy import read_policy
from counterseal.ledger.receipt import read_receipt, verify_receipt
from counterseal.vault.signing import KeySigner, check_signature
from counterseal_verify import verify as second

SIGNS = (
    b"\n\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\x0b",
    b"\x1c",
    b"\x7f",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
    b"=",
    b"+",
    b"0",
    b"01",
)
PIECES = {
    "checkpoint": (*NOTE.encode().split(b"\n"), b"\xe2\x80\x94 ", b"9223372036854775808", b"AAAA"),
    "receipt": (*str(RECEIPT).encode().split(b"\n"), b"extra ", b"extra AA\n", b"index ", b"\xe2\x80\x94 x AAAAAAA=\n"),
    "policy": (*TRUST.encode().split(), b"# ", b"group ", b"all", b"any", b"none", b"quorum "),
    "entry": (b'"a":1,', b'"at"', b"\\u0061", b"1.0", b"-0", b"true", b"null", b"[[", b'"kind":"intent"', b'"body":[]'),
    "key": (b"++", *str(LOG[0].key).encode().split(b"+")),
}
MOST = 200


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_reader_that_fails_or_takes_what_the_other_refuses(target: str):
    for seed in SEEDS[target]:
        TARGETS[target](seed)

    @settings(
        max_examples=MOST, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(changed(SEEDS[target], SIGNS + PIECES[target]))
    def whatever(content: bytes) -> None:
        TARGETS[target](content)

    whatever()


def signed(text: str) -> str:
    return str(sign_note(text, LOG[:1], 1))


HUGE = signed(f"{POLICY.logs[0].name}\n{2**63}\n{NOTE.splitlines()[2]}\n")


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n", "\r\n"),
        NOTE + "— w\u00a0x AAAAAAA=\n",
        NOTE + "— w+x AAAAAAA=\n",
        NOTE + "—  AAAAAAA=\n",
        NOTE + "— w AAAA\n",
        NOTE + "— w AAAAAAA=\n" * 97,
        NOTE + "— w " + "A" * (1 << 20) + "\n",
        NOTE.replace("\n13\n", f"\n{2**63}\n"),
        HUGE,
        NOTE.removesuffix("\n"),
        NOTE.split("\n\n")[0] + "\n\n",
    ],
    ids=["two signs at a line's end", "a space in a name", "a plus in a name", "no name", "too short", "101 lines",
         "beyond a mebibyte", "a size beyond 2**63", "the same, signed", "cut off", "unsigned"],
)  # fmt: skip
def test_a_checkpoint_that_one_verifier_takes_and_no_verifier_should(note: str):
    with pytest.raises(CountersealError):
        read_body(read_note(note.encode()).text)
    with pytest.raises(second.Refused):
        second.Head.read(second.signatures(note, [])[0])


@pytest.mark.parametrize("extra", ["!", "AB==", "A", "AA== ", " "])
def test_a_receipt_with_an_extra_line_that_only_one_reads(extra: str):
    text = str(RECEIPT).replace("index", f"extra {extra}\nindex", 1)
    with pytest.raises(CountersealError, match="receipt-form"):
        read_receipt(text.encode())
    with pytest.raises(second.Refused):
        second.receipt(text, LEAVES[0], SECOND_POLICY)
    sound = text.replace(f"extra {extra}", "extra AA==")
    assert verify_receipt(read_receipt(sound.encode()), LEAVES[0], POLICY, check_signature)
    assert second.receipt(sound, LEAVES[0], SECOND_POLICY)[1] == 0


@pytest.mark.parametrize("sign", ["\r", "\x0b", "\x0c", "\x1c", "\x1f", "\x7f", "\x00"])
@pytest.mark.parametrize("at", ["\n", " "])
def test_a_policy_with_a_sign_that_only_one_takes_for_a_space(sign: str, at: str):
    text = TRUST.replace(at, sign + at, 1)
    with pytest.raises(CountersealError, match="policy-form"):
        read_policy(text.encode())
    with pytest.raises(second.Refused):
        second.Policy(text)


@pytest.mark.parametrize("space", ["\u00a0", "\u2028", "\u3000", "\u0085"])
def test_a_space_of_unicode_that_parts_two_words_of_a_policy(space: str):
    text = TRUST.replace("quorum g", f"quorum{space}g")
    with pytest.raises(CountersealError, match="policy-form"):
        read_policy(text.encode())
    with pytest.raises(second.Refused):
        second.Policy(text)


@pytest.mark.parametrize("before", ["", " ", "\t", "\u00a0", "\n"])
@pytest.mark.parametrize("after", ["", " ", "\x1c", "\n"])
def test_a_key_in_two_spellings(before: str, after: str):
    vkey = f"{before}{LOG[0].key}{after}"
    if vkey == str(LOG[0].key):
        assert second.Key.read(vkey).raw == read_key(vkey).public_key
        return
    with pytest.raises(CountersealError, match="verifier-key"):
        read_key(vkey)
    with pytest.raises(second.Refused):
        second.Key.read(vkey)


def test_a_false_signature_by_another_known_log_that_one_of_them_overlooks():
    """A known key's signature that does not hold refuses the note, whichever log's it is (signed-note)."""
    other = KeySigner("other.example", ED25519, b"\7" * 32)
    text = f"{TRUST}log {other.key}\n"
    false = NOTE + str(sign_note("another\n", [other], 1)).split("\n\n")[1]
    assert read_policy(text.encode()).accept(NOTE.encode(), check_signature) == HEAD
    with pytest.raises(CountersealError, match="signature"):
        read_policy(text.encode()).accept(false.encode(), check_signature)
    with pytest.raises(second.Refused):
        second.Policy(text).accept(false)
