"""What a million entries are held to their canonical form by, at little more than the cost of hashing them.

An entry is read whole where its form is new. A later one that differs only within plain texts and short integers is
canonical because that one was: its names, their order and every byte between them are the same.
"""

from __future__ import annotations

import re

from counterseal.ledger.entry import read_entry

MOST_FORMS = 32
"""Forms remembered for one kind; entries of further forms are each read whole."""

_KIND = b'"kind":'
_PLAIN = re.compile(rb'"[ !#-\[\]-~]*+"')
_SHORT = re.compile(rb"(?:0|-?[1-9][0-9]{0,14})")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+":?|-?[0-9]++')


class EntryForms:
    """The forms of entry met so far."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[re.Pattern[bytes]]] = {}

    def kind(self, entry: bytes) -> str:
        """Give an entry's kind.

        Raises CountersealError ``entry-form`` where ``read_entry`` does, and nowhere else.
        """
        kind = entry[entry.rfind(_KIND) + 8 :].partition(b'"')[0]
        for form in self._known.get(kind, ()):
            if form.fullmatch(entry):
                return kind.decode()
        kind = str(read_entry(entry)["kind"]).encode()
        forms = self._known.setdefault(kind, [])
        if len(forms) < MOST_FORMS:
            forms.append(re.compile(form_of(entry)))
        return kind.decode()


def form_of(entry: bytes) -> bytes:
    """Write the expression of every entry that differs from a canonical one only in plain texts and short integers.

    Names and kinds stand in it as they are, and so does a text that is not plain or an integer that is long.
    """
    parts, at, before = [], 0, b""
    for found in _TOKEN.finditer(entry):
        token = found[0]
        parts.append(re.escape(entry[at : found.start()]))
        free = next((one.pattern for one in (_PLAIN, _SHORT) if before != _KIND and one.fullmatch(token)), None)
        parts.append(re.escape(token) if free is None else free)
        at, before = found.end(), token
    return b"".join((*parts, re.escape(entry[at:])))
