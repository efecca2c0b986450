"""``python -m controls.component OUT``: the table as an OSCAL component definition, by compliance-trestle.

Two implementations in one component: what the custodian keeps of SP 800-53, and what a recipient shows in turn
under Publication 1075. Ids are made from the table, so that the same table gives the same file.
"""

from __future__ import annotations

import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from trestle.oscal import OSCAL_VERSION
from trestle.oscal.common import Metadata, Property
from trestle.oscal.component import (
    ComponentDefinition,
    ControlImplementation,
    DefinedComponent,
    ImplementedRequirement,
)

from controls.table import ROOT, TABLE, Control, Controls, read_controls

SPACE = "https://counterseal.invalid/oscal"


def made(*words: str) -> str:
    """Give the id that these words always have."""
    return str(uuid5(NAMESPACE_URL, "/".join((SPACE, *words))))


def released() -> str:
    """Give the version of this tree."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def kept(control: Control) -> ImplementedRequirement:
    """Say what the custodian keeps, by which tests and entries."""
    shown = [("test", test) for test in control.tests] + [("ledger-entry", kind) for kind in control.evidence]
    return ImplementedRequirement(
        uuid=made("kept", control.id),
        control_id=control.id,
        description=control.keeps,
        props=[Property(name=name, value=value, ns=SPACE) for name, value in shown],
    )


def shown(control: Control) -> ImplementedRequirement:
    """Say what a recipient shows in turn."""
    return ImplementedRequirement(
        uuid=made("recipient", control.id), control_id=control.id, description=control.recipient
    )


def component_definition(table: Controls, changed: datetime) -> ComponentDefinition:
    """Give the definition. ``changed`` is the time of the table."""
    views = (
        ("kept", table.catalogue, "What the disclosure gateway keeps.", [kept(one) for one in table.controls]),
        (
            "recipient",
            table.recipient_catalogue,
            "What a receiving agency has to show in turn.",
            [shown(one) for one in table.controls if one.recipient],
        ),
    )
    return ComponentDefinition(
        uuid=made("definition"),
        metadata=Metadata(title="Counterseal", last_modified=changed, version=released(), oscal_version=OSCAL_VERSION),
        components=[
            DefinedComponent(
                uuid=made("component"),
                type="software",
                title="Counterseal",
                description="Disclosure control for a custodian of confidential records.",
                control_implementations=[
                    ControlImplementation(
                        uuid=made(name), source=source, description=says, implemented_requirements=held
                    )
                    for name, source, says, held in views
                ],
            )
        ],
    )


def main(out: str) -> int:
    """Write the definition, read it back, say how much is in it."""
    table = read_controls()
    changed = datetime.fromtimestamp(int(TABLE.stat().st_mtime), UTC)
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    component_definition(table, changed).oscal_write(path)
    again = ComponentDefinition.oscal_read(path)
    views = again.components[0].control_implementations
    counts = [len(view.implemented_requirements) for view in views]
    sys.stdout.write(f"OSCAL {OSCAL_VERSION}: {counts[0]} controls kept, {counts[1]} for recipients, in {path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
