"""Names as the registry and the request write them, brought to one form.

Case, accents, punctuation and particles are aside; what is left is compared as text. Nicknames are
direct pairs only: closed transitively, Andrew would become Andrea by way of Drew.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files

import nicknames

_ODD_LETTERS = str.maketrans(
    {"ß": "SS", "Ø": "O", "ø": "O", "Ł": "L", "ł": "L", "Æ": "AE", "æ": "AE", "Œ": "OE", "œ": "OE", "Đ": "D"}
    | {"đ": "D", "ð": "D", "Ð": "D", "Þ": "TH", "þ": "TH", "ı": "I", "’": "'", "‘": "'", "`": "'", "–": "-"}
)
_NOT_OF_A_NAME = re.compile(r"[^\w' -]+|_")
_SUFFIXES = {
    "JR": "JR", "JNR": "JR", "JUNIOR": "JR", "SR": "SR", "SNR": "SR", "SENIOR": "SR",
    "II": "II", "2ND": "II", "III": "III", "3RD": "III", "IV": "IV", "4TH": "IV", "V": "V", "5TH": "V",
}  # fmt: skip
_TITLES = frozenset(("MR", "MRS", "MS", "MISS", "DR", "REV", "SIR", "HON", "PROF"))
_PARTICLES = frozenset(
    ("DE", "DEL", "DELA", "LA", "LAS", "LOS", "VAN", "VON", "DER", "DEN", "DI", "DA", "DOS", "DU", "LE", "EL")
) | frozenset(("AL", "BIN", "IBN", "BEN", "ST", "MC", "MAC", "O", "Y", "E", "TER", "TEN", "ZU"))
_NO_NAME = frozenset((files("counterseal.identity") / "no_name.txt").read_text(encoding="utf-8").splitlines()[1:])
_NO_NAME_PHRASE = re.compile(
    r"^(NO|UNKNOWN|DONT KNOW|DON'T KNOW|NOT)( .*)?$|^(LAST|FIRST|NO|FAMILY|GIVEN) NAME$|LAST NAME|FIRST NAME"
    r"|^(THE |OF |OF THE |DE |DE LA )?(HOUSE|HOUSEHOLD|CASA|HOME)$|(LADY|MAN|HEAD) OF "
)


@dataclass(frozen=True, slots=True)
class Name:
    """One name in its compared form.

    ``whole`` is every letter joined (``DELACRUZ``); ``parts`` the words that count, particles aside
    (``("CRUZ",)``). Both empty where no name is written, or a word that stands in a name's place.
    ``suffix`` is a generational suffix found inside.
    """

    whole: str
    parts: tuple[str, ...]
    suffix: str = ""


NO_NAME = Name("", ())


def folded(text: str | None) -> str:
    """Give ``text`` in upper case without accents or stray spaces; NULL gives the empty text.

    Letters outside the Latin script stay as they are, so that such names are still compared.
    """
    if not text:
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_ODD_LETTERS))
        text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(text.replace("\x00", " ").upper().split())


def _words(text: str) -> list[str]:
    cleaned = _NOT_OF_A_NAME.sub(" ", folded(text)).replace("'", "").replace("-", " ")
    return cleaned.split()


@functools.lru_cache(maxsize=1 << 17)
def given_name(text: str | None) -> Name:
    """Read a given name: titles aside, a word that only stands in its place is none."""
    words = [word for word in _words(text or "") if word not in _TITLES]
    if not words or words[0] in _NO_NAME or "".join(words) in _NO_NAME or _NO_NAME_PHRASE.search(" ".join(words)):
        return NO_NAME
    if not any(letter.isalpha() for letter in "".join(words)):
        return NO_NAME
    suffix = _SUFFIXES.get(words[-1], "") if len(words) > 1 and words[-1] != "V" else ""
    if suffix:
        words.pop()
    return Name("".join(words), tuple(words), suffix)


@functools.lru_cache(maxsize=1 << 17)
def family_name(text: str | None) -> Name:
    """Read a family name: SAINT is ST, a suffix at its end is taken off, particles are joined."""
    words = ["ST" if word == "SAINT" else word for word in _words(text or "")]
    if not words or _NO_NAME_PHRASE.search(" ".join(words)):
        return NO_NAME
    suffix = _SUFFIXES.get(words[-1], "") if len(words) > 1 else ""
    if suffix:
        words.pop()
    if "".join(words) in _NO_NAME or not any(letter.isalpha() for letter in "".join(words)):
        return NO_NAME
    return Name("".join(words), _parts(words), suffix)


def _parts(words: list[str]) -> tuple[str, ...]:
    """Join each particle to the word that it leads: DE LA CRUZ ORTIZ is two parts, not four."""
    parts: list[str] = []
    led = ""
    for word in words:
        if word in _PARTICLES and len(words) > 1:
            led += word
        else:
            parts.append(led + word)
            led = ""
    return tuple([*parts, led] if led else parts)


@functools.lru_cache(maxsize=1 << 12)
def middle_name(text: str | None) -> str:
    """Read a middle name or initial: its letters joined, empty where there is none."""
    words = _words(text or "")
    if not words or words[0] in {"NMN", "NMI", "NONE", "NA", "NULL", "UNKNOWN", "UNK"}:
        return ""
    joined = "".join(words)
    return joined if joined[0].isalpha() else ""


@functools.lru_cache(maxsize=1 << 10)
def suffix(text: str | None) -> str:
    """Read a generational suffix: JR, SR, II to V, or empty."""
    words = _words(text or "")
    return _SUFFIXES.get(words[0], "") if words else ""


@functools.lru_cache(maxsize=1)
def nickname_pairs() -> frozenset[tuple[str, str]]:
    """Give every pair of a name and its nickname, both ways round, as the ``nicknames`` package lists it."""
    pairs = {
        (folded(triplet.name1), folded(triplet.name2))
        for triplet in nicknames.name_triplets()
        if triplet.relationship == "has_nickname"
    }
    return frozenset(pairs | {(second, first) for first, second in pairs})


@functools.lru_cache(maxsize=1)
def names_of() -> dict[str, tuple[str, ...]]:
    """Give, for each name, the names that are one direct nickname step away, in order."""
    found: dict[str, list[str]] = {}
    for first, second in sorted(nickname_pairs()):
        found.setdefault(first, []).append(second)
    return {name: tuple(others) for name, others in found.items()}
