"""How a value that somebody else wrote is shown: signs that command a terminal or turn a line are made visible."""

from __future__ import annotations

import re

COMMANDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 but tabulator and line ends, separators, and the marks of direction (Unicode TR36, 2.4; CVE-2021-42574)."""


def plainly(text: str) -> str:
    """Give the text with each such sign written as its code, four hexadecimal digits behind a backslash and a u."""
    return COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def in_one_line(text: str) -> str:
    """Give the text plainly, its line ends and tabulators written as well."""
    return re.sub("[\t\n\r]", lambda found: {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[found[0]], plainly(text))
