"""Collects, from the installed package of the design system, the files that the pages use, and no other.

``python -m counterseal.web.collect NODE_MODULES``: run at set-up. Nothing of it is committed but the list of
SHA-256 sums, which is checked each time: an altered file stops the set-up.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
SUMS = HERE / "uswds_package" / "sums.txt"
TARGET = HERE / "static" / "uswds"
FIXED = ("css/uswds.min.css",)
LICENCE = "LICENSE.md"


def wanted(dist: Path) -> list[str]:
    """Give the files that the style sheet names, and the fixed ones, below ``dist``."""
    css = (dist / FIXED[0]).read_text(encoding="utf-8")
    named = {match.split("?")[0].split("#")[0] for match in re.findall(r"url\(\"?\.\./([^)\"]+)\"?\)", css)}
    return sorted({name for name in named if (dist / name).is_file() and not name.endswith(".ttf")} | set(FIXED))


def collect(package: Path, target: Path) -> dict[str, str]:
    """Copy the files to ``target`` and give the SHA-256 of each."""
    dist = package / "dist"
    shutil.rmtree(target, ignore_errors=True)
    sums = {}
    for name in wanted(dist):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(dist / name, place)
        sums[name] = hashlib.sha256(place.read_bytes()).hexdigest()
    shutil.copyfile(package / LICENCE, target / LICENCE)
    return sums


def read_sums() -> dict[str, str]:
    """Give the committed list."""
    return {name: digest for digest, name in (line.split("  ") for line in SUMS.read_text().splitlines())}


def main(arguments: list[str]) -> int:
    """Collect, and compare with the committed sums. ``--write`` makes the list anew."""
    sums = collect(Path(arguments[0]) / "@uswds" / "uswds", TARGET)
    if "--write" in arguments:
        SUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
        return 0
    if sums != read_sums():
        shutil.rmtree(TARGET)
        sys.stderr.write("The design system's files are not those that were reviewed: see uswds_package/sums.txt\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
