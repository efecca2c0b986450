"""``python -m controls.ran FILE``: fail unless every test that a control names passed in the runs that wrote FILE."""

from __future__ import annotations

import sys
from pathlib import Path

from controls.table import missing, not_passed, read_controls


def main(file: str) -> int:
    """Say which control is not proved, by which test. Exit 1 when there is one."""
    table = read_controls()
    ran = Path(file).read_text(encoding="utf-8").splitlines() if Path(file).is_file() else []
    gone, unproved = missing(table.tests), not_passed(table.tests, ran)
    for control in table.controls:
        for test in control.tests:
            if test in gone or test in unproved:
                why = "no such test" if test in gone else "skipped, failed or not run"
                sys.stderr.write(f"{control.id}: {test}: {why}\n")
    if not unproved and not gone:
        sys.stdout.write(f"{len(table.controls)} controls, each proved: {len(table.tests)} named tests passed.\n")
    return 1 if unproved or gone else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
