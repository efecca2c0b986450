"""``python -m controls.ran FILE``: fail unless every test that a control or a threat names passed in those runs."""

from __future__ import annotations

import sys
from pathlib import Path

from controls.table import defences, missing, not_passed, read_controls


def main(file: str) -> int:
    """Say which control or threat is not proved, by which test. Exit 1 when there is one."""
    table = read_controls()
    ran = Path(file).read_text(encoding="utf-8").splitlines() if Path(file).is_file() else []
    threats = defences()
    proofs = [(control.id, test) for control in table.controls for test in control.tests] + list(threats.items())
    tests = {test for _, test in proofs}
    gone, unproved = missing(tests), not_passed(tests, ran)
    for what, test in proofs:
        if test in gone or test in unproved:
            why = "no such test" if test in gone else "skipped, failed or not run"
            sys.stderr.write(f"{what}: {test}: {why}\n")
    if not unproved and not gone:
        counts = f"{len(table.controls)} controls and {len(threats)} threats"
        sys.stdout.write(f"{counts}, each with its proof: {len(tests)} named tests passed.\n")
    return 1 if unproved or gone else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
