"""Slips: what happens to a word or a number between a person and a request file.

The kinds follow the noise of the package ``pseudopeople`` (typing, scanning, hearing, digits, swaps); the
rates are chosen in ``identity_set``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.synth.chance import Chance

_KEYS = ("1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
_SCANNED = (
    ("M", "RN"), ("RN", "M"), ("W", "VV"), ("CL", "D"), ("D", "CL"), ("O", "0"), ("I", "L"), ("L", "I"),
    ("S", "5"),
    ("B", "8"), ("H", "B"), ("E", "F"), ("G", "6"), ("U", "V"), ("K", "X"), ("C", "G"),
)  # fmt: skip
_HEARD = (
    ("PH", "F"), ("CK", "K"), ("EE", "EA"), ("IE", "Y"), ("Y", "IE"), ("C", "K"), ("K", "C"), ("Z", "S"),
    ("S", "Z"),
    ("LL", "L"), ("NN", "N"), ("TT", "T"), ("AI", "AY"), ("EY", "Y"), ("TH", "T"), ("X", "KS"), ("QU",
    "KW"), ("V", "B"),
    ("OU", "OO"), ("B", "P"), ("T", "D"), ("N", "M"),
)  # fmt: skip


def _neighbours() -> dict[str, str]:
    near = {}
    for row, keys in enumerate(_KEYS):
        for at, key in enumerate(keys):
            around = keys[max(0, at - 1) : at] + keys[at + 1 : at + 2]
            for other in (row - 1, row + 1):
                if 1 <= other < len(_KEYS) and row:
                    around += _KEYS[other][max(0, at - 1) : at + 1]
            near[key] = around
    return near


_NEAR = _neighbours()


def typed(chance: Chance, text: str) -> str:
    """One slip of the fingers: a neighbouring key, a letter twice, left out, or two letters turned round."""
    if not text:
        return text
    at = chance.number(0, len(text) - 1)
    draw = chance.one()
    if draw < 0.45:
        return text[:at] + chance.of(_NEAR.get(text[at], "AEIOU")) + text[at + 1 :]
    if draw < 0.6 and len(text) > 2:
        return text[:at] + text[at + 1 :]
    if draw < 0.8:
        return text[:at] + chance.of(_NEAR.get(text[at], text[at])) + text[at:]
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :] if at else text[1::-1] + text[2:]


def _changed(chance: Chance, text: str, table: tuple[tuple[str, str], ...]) -> str:
    at = chance.number(0, len(table) - 1)
    for turn in range(len(table)):
        old, new = table[(at + turn) % len(table)]
        if (place := text.find(old, 1 if len(text) > 2 else 0)) >= 0:
            return text[:place] + new + text[place + len(old) :]
    return typed(chance, text)


def scanned(chance: Chance, text: str) -> str:
    """One slip of a scanner: ``RN`` for ``M``, ``0`` for ``O``."""
    return _changed(chance, text, _SCANNED)


def heard(chance: Chance, text: str) -> str:
    """One or two slips of the ear: ``F`` for ``PH``, ``Y`` for ``IE``."""
    once = _changed(chance, text, _HEARD)
    return _changed(chance, once, _HEARD) if chance.yes(0.5) else once


SLIPS: tuple[Callable[[Chance, str], str], ...] = (typed, scanned, heard)


def slipped(chance: Chance, text: str) -> str:
    """One slip of any kind; in one word of three a second one."""
    once = chance.of(SLIPS)(chance, text)
    return chance.of(SLIPS)(chance, once) if chance.yes(0.3) else once


def wrong_digits(chance: Chance, text: str, least: int = 1) -> str:
    """``least`` digits or one more replaced by others; the text stays as long."""
    places = [at for at, sign in enumerate(text) if sign.isdigit()]
    for _ in range(least + chance.number(0, 1) if places else 0):
        at = chance.of(places)
        text = text[:at] + str((int(text[at]) + chance.number(1, 9)) % 10) + text[at + 1 :]
    return text


def turned_date(date: str) -> str:
    """Day and month changed round, where that is still a date."""
    year, month, day = date.split("-")
    return f"{year}-{day}-{month}" if int(day) <= 12 else date


def wrong_date(chance: Chance, date: str) -> str:
    """A date with another day or another year's last digit, still a date."""
    year, month, day = date.split("-")
    if chance.yes(0.6):
        return f"{year}-{month}-{chance.number(1, 28):02d}"
    return f"{year[:3]}{(int(year[3]) + chance.number(1, 9)) % 10}-{month}-{min(int(day), 28):02d}"
