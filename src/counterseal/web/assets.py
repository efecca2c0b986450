"""The style sheet of the pages, taken from its package at set-up and never committed.

Takes from ``@uswds/uswds`` the compiled style sheet, the fonts and pictures that it names, and its licence,
into ``static/uswds``. ``uswds.sha256`` holds the sum of each file: what does not agree is not kept.
Run as ``python -m counterseal.web.assets``; with ``--record`` the sums are written anew, for review.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from counterseal.errors import CountersealError

HERE = Path(__file__).parent
SUMS = HERE / "uswds.sha256"
TARGET = HERE / "static" / "uswds"
LISTED = ("package.json", "package-lock.json", ".npmrc")
STYLE_SHEET = "css/uswds.min.css"
NAMED_FILE = re.compile(r"url\([\"']?([^)\"'#?]+)")


def take_package(folder: Path, npm: Path) -> Path:
    """Install the locked package into ``folder`` and give where it lies. Raises CountersealError ``assets-npm``."""
    for name in LISTED:
        shutil.copy(HERE / "npm" / name, folder / name)
    told = subprocess.run(  # noqa: S603  # the interpreter's own npm, on our own lock
        [npm, "ci", "--no-progress", "--loglevel=error"], cwd=folder, capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        raise CountersealError(
            "assets-npm",
            "npm could not install the style sheet's package.",
            where=(told.stderr.strip().splitlines() or ["npm ci"])[0],
            next_step="Check that a package registry can be reached, then run make setup again.",
        )
    return folder / "node_modules" / "@uswds" / "uswds"


def gather(package: Path, target: Path) -> None:
    """Copy the style sheet, every file that it names, and the licence into the empty folder ``target``."""
    dist = package / "dist"
    wanted = [Path(STYLE_SHEET)]
    for named in sorted(set(NAMED_FILE.findall((dist / STYLE_SHEET).read_text(encoding="utf-8")))):
        if not named.startswith("data:"):
            wanted.append((dist / "css" / named).resolve().relative_to(dist.resolve()))
    for file in wanted:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(dist / file, target / file)
    shutil.copy(package / "LICENSE.md", target / "LICENSE.md")


def sums(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file below ``folder``, by its path in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def expected() -> dict[str, str]:
    """Read the committed sums."""
    lines = SUMS.read_text(encoding="ascii").splitlines()
    return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def collect(*, record: bool) -> int:
    """Put the style sheet in its place and give the number of files.

    Raises CountersealError ``assets-sum`` when a file is not the one that was reviewed; nothing is kept then.
    """
    npm = Path(sys.executable).parent / "npm"
    with tempfile.TemporaryDirectory(prefix="counterseal-pages-") as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        gather(take_package(Path(scratch), npm), fresh)
        found = sums(fresh)
        if record:
            SUMS.write_text("".join(f"{digest}  {path}\n" for path, digest in found.items()), encoding="ascii")
        elif found != expected():
            odd = sorted(path for path in found.keys() | expected().keys() if found.get(path) != expected().get(path))
            raise CountersealError(
                "assets-sum",
                "A file of the style sheet's package is not the one that was reviewed.",
                where=odd[0],
                next_step="Look at what changed; --record sets the sums down anew.",
            )
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)
    return len(found)


def main(arguments: list[str]) -> int:
    """Collect, and say so in one line."""
    try:
        number = collect(record=arguments == ["--record"])
    except CountersealError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    sys.stdout.write(f"{number} files of the style sheet in {TARGET}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
