"""Documents that were made to hurt: manifests, agreements, packages, notes; generated as the rows are."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.agreements.conftest import DOCUMENT

DEEP = 200_000


def manifests(plain: Mapping[str, object]) -> dict[str, bytes]:
    """Give the bytes of each hostile ``manifest.json``; ``plain`` is one that is taken."""

    def having(**changes: object) -> bytes:
        return json.dumps({**plain, **changes}).encode()

    whole = having()
    texts: dict[str, object] = {
        "escape": "\x1b[2J\x07", "line-end": "a\nlevel=error msg=forged", "surrogate": "\ud800", "long": "x" * 100_000,
        "number": 1, "nothing": None, "list": [], "spaces": "   ", "right-to-left": "\u202eabc", "sql": "'; DROP TABLE x;--",
    }  # fmt: skip
    found = {
        f"{key}-{name}": having(**{key: told}) for key in ("submission", "attestation") for name, told in texts.items()
    }
    found |= {f"signer-{name}": having(signer={"name": told, "office": told}) for name, told in texts.items()}
    found |= {f"agency-{name}": having(requesting_agency=told) for name, told in texts.items()}
    for name, path in {
        "up": "../r.csv", "absolute": "/etc/passwd", "home": "~/r.csv", "inside": "a/../../r.csv", "windows": "..\\r.csv",
        "nul": "r.csv\x00.csv", "dots": "...csv", "itself": "manifest.json", "url": "https://example.org/r.csv",
        "option": "-o.csv", "glob": "*.csv", "long": "r" * 300 + ".csv", "device": "/dev/zero", "other": "r.zip",
    }.items():  # fmt: skip
        found[f"rows-{name}"] = having(rows=path)
    for name, told in {"up": "..", "inside": "a/../..", "absolute": "/tmp", "dot": ".", "nul": "a\x00b"}.items():  # noqa: S108  # what is refused
        found[f"submission-{name}"] = having(submission=told)
        found[f"agreement-{name}"] = having(agreement=told)
    for name, told in {"float": 1.0, "negative": -1, "zero": 0, "true": True, "text": "1", "huge": 10**40}.items():
        found[f"row_count-{name}"] = having(row_count=told)
    for name, told in {"NaN": b"NaN", "1e999": b"1e999", "digits": b"9" * 90_000}.items():
        found[f"row_count-{name}"] = whole.replace(b'"row_count": 1', b'"row_count": ' + told)
    return {
        **found,
        "nothing": b"",
        "nul": b"\x00" * 1_000,
        "bom": b"\xef\xbb\xbf" + whole,
        "utf-16": whole.decode().encode("utf-16"),
        "latin-1": whole.replace(b"A. Signer", b"Mu\xf1oz"),
        "deep": b'{"submission":' * 60_000,
        "deep-list": having()[:-1] + b',"x":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        "twice": whole[:-1] + b',"submission":"S-2"}',
        "too-large": whole + b" " * 1_000_001,
        "many-elements": having(requested_elements=["x"] * 100_000),
        "deep-elements": having(requested_elements=[[["mailing_address"]]]),
        "list": b"[]",
        "date-digits": having(signed_on="２０２６-11-02"),
        "date-huge": having(signed_on="99999-01-01"),
        "date-none": having(signed_on="2026-02-30"),
    }


def agreements() -> dict[str, bytes]:
    """Give the bytes of each hostile ``agreement.md``."""
    rule = "days_open > least_days\n"

    def having(old: str, new: str) -> bytes:
        assert old in DOCUMENT
        return DOCUMENT.replace(old, new, 1).encode("utf-8", "surrogatepass")

    def expression(sql: str) -> bytes:
        return having(rule, sql + "\n")

    return {
        "nothing": b"",
        "nul": DOCUMENT.replace("Small.", "a\x00b").encode(),
        "utf-16": DOCUMENT.encode("utf-16"),
        "surrogate": having("Small.", "\ud800"),
        "too-large": DOCUMENT.encode() + b" " * 2_000_000,
        "escape": having("# Fields", "# \x1b[2JFields"),
        "brackets": expression("(" * DEEP + "1" + ")" * DEEP),
        "brackets-within-limit": expression("(" * 2_900 + "TRUE" + ")" * 2_900),
        "not-not": expression("NOT " * 1_400 + "TRUE"),
        "cases": expression("CASE WHEN TRUE THEN " * 200 + "TRUE" + " END" * 200),
        "sums": expression("amount" + " + amount" * 600 + " > 1"),
        "product": expression("amount * amount * amount * amount * amount * amount > 99999999999999999999"),
        "digits": expression("amount > " + "9" * 5_000),
        "float": expression("amount > 1e999"),
        "list": expression("amount IN (" + ",".join(map(str, range(1_400))) + ")"),
        "pattern-that-explodes": expression("regexp_full_match(name, '(((a{1,1000}){1,1000}){1,1000}){1,1000}')"),
        "pattern-that-backtracks": expression("regexp_full_match(name, '(((A|B)+)+)+C')"),
        "pattern-deep": expression("regexp_full_match(name, '" + "(" * 1_500 + "a" + ")" * 1_500 + "')"),
        "pattern-classes": expression("regexp_full_match(name, '" + "[^a]" * 1_200 + "')"),
        "pattern-nothing": expression("regexp_full_match(name, '(|)*{0}')"),
        "reads-a-file": expression("(SELECT count(*) FROM read_text('/etc/passwd')) > 0"),
        "writes-a-file": expression("TRUE); COPY (SELECT 1) TO 'escaped.csv' --"),
        "calls": expression("getenv('HOME') = 'x'"),
        "attaches": expression("TRUE; ATTACH 'escaped.db'"),
        "comment": expression("TRUE /* " + "x" * 5_000),
        "quote": expression("'" * 4_001),
        "front-deep": having('id = "small"', 'id = "small"\nx = ' + "[" * 100_000),
        "front-deep-table": having('id = "small"', ".".join(["a"] * 50_000) + ' = 1\nid = "small"'),
        "front-nan": having("in_force = 2025-01-01", "in_force = nan"),
        "front-digits": having("in_force = 2025-01-01", "in_force = " + "9" * 10_000),
        "front-escape": having('title = "A small agreement"', 'title = "\\u001b[2J\\u0007"'),
        "front-id": having('id = "small"', 'id = "../../small"'),
        "headings": having("# Fields", "# " * 50_000 + "Fields"),
        "rules-without-end": having("# Promises", "## R-77 Again\n" * 60_000 + "# Promises"),
        "columns-without-end": having("| field | type |", "| field | type |" + " x |" * 200_000),
        "rows-without-end": having("| request_ref | text | no | the reference |\n", "| a | text | no | x |\n" * 60_000),
        "words-without-end": having("# Request", "# " + "Requset" * 30_000),
        "regexp-of-reader": having("Cites: 26", "Cites: " + "Cites: . " * 60_000 + "26"),
        "says": having('Says: "{name}" is no name.', "Says: " + "{" * 60_000),
        "parameter": having("| least_days | number | 90 |", "| least_days | number | " + "9" * 50_000 + " |"),
    }  # fmt: skip


def packages() -> dict[str, bytes]:
    """Give the bytes of each hostile package."""
    sealed = base64.b64encode(b"\x30\x80" * 200_000).decode()
    plain = {"v": 2, "entry": "e30=", "receipt": "c2sp.org/tlog-proof@v1\n", "sealed": sealed}

    def having(**changes: object) -> bytes:
        return json.dumps({**plain, **changes}).encode()

    lines = "".join("— x.example " + base64.b64encode(bytes(68)).decode() + "\n" for _ in range(10_000))
    return {
        "nothing": b"",
        "too-large": having() + b" " * (5 << 20),
        "deep": b"[" * 1_000_000,
        "deep-object": b'{"v":' * 400_000,
        "nul": bytes(10_000),
        "utf-16": having().decode().encode("utf-16"),
        "surrogate": having(receipt="\ud800"),
        "twice": having()[:-1] + b',"v":1}',
        "NaN": having(v=float("nan")),
        "1e999": having().replace(b'"v": 2', b'"v": 1e999'),
        "digits": having().replace(b'"v": 2', b'"v": ' + b"9" * 10_000),
        "deep-asn.1": having(),
        "signature-lines": having(receipt=f"c2sp.org/tlog-proof@v1\nindex 0\n\nx.example\n1\n{'A' * 43}=\n\n{lines}"),
        "index-digits": having(receipt="c2sp.org/tlog-proof@v1\nindex " + "9" * 50_000 + "\n\nx\n1\n"),
        "hashes": having(receipt="c2sp.org/tlog-proof@v1\nindex 0\n" + ("A" * 43 + "=\n") * 60_000 + "\nx\n1\n"),
        "entry-deep": having(entry=base64.b64encode(b"[" * 300_000).decode()),
        "gateway": having(gateway=["x"]),
        "escape": having(receipt="\x1b[2J\x07"),
        "more": having(other="x"),
    }


def checkpoints(origin: str, signed: Callable[[str], str]) -> dict[str, bytes]:
    """Give the bytes of each hostile checkpoint; ``signed`` puts the log's own signature under a text."""
    root = base64.b64encode(bytes(32)).decode()
    plain = signed(f"{origin}\n1\n{root}\n")
    extra = "— x.example " + base64.b64encode(bytes(68)).decode() + "\n"
    return {
        "nothing": b"",
        "nul": plain.replace("1", "1\x00", 1).encode(),
        "carriage-return": plain.replace("\n", "\r\n").encode(),
        "utf-16": plain.encode("utf-16"),
        "not-utf-8": plain.encode() + b"\xff",
        "10,000-signatures": (plain + extra * 10_000).encode(),
        "no-signature": f"{origin}\n1\n{root}\n".encode(),
        "too-long": ("x" * (2 << 20)).encode(),
        "lines": b"\n" * 1_000_000,
        "blank-lines": (f"{origin}\n1\n{root}\n" + "\n" * 900_000 + extra).encode(),
        "size-of-2^63": signed(f"{origin}\n{2**63}\n{root}\n").encode(),
        "size-of-2^62": signed(f"{origin}\n{2**62}\n{root}\n").encode(),
        "size-digits": signed(f"{origin}\n{'9' * 100_000}\n{root}\n").encode(),
        "size-negative": signed(f"{origin}\n-1\n{root}\n").encode(),
        "size-other-digits": signed(f"{origin}\n１\n{root}\n").encode(),
        "size-zero": signed(f"{origin}\n0\n{root}\n").encode(),
        "root-short": signed(f"{origin}\n1\nAAAA\n").encode(),
        "escape": plain.replace(origin, "\x1b[2J").encode(),
        "wrong-root": plain.encode(),
    }


def strange_files(folder: Path, name: str) -> dict[str, Callable[[], object]]:
    """Give what makes the file ``name`` of a folder something that is no plain file."""
    path = folder / name
    return {
        "link-to-zero": lambda: path.symlink_to("/dev/zero"),
        "link-to-passwd": lambda: path.symlink_to("/etc/passwd"),
        "link-to-itself": lambda: path.symlink_to(path),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "gone": lambda: None,
    }
