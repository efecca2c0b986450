"""Two further refusals of the database: of SQLite's ``REPLACE``, and of what would unsay a stop order.

``INSERT OR REPLACE`` takes a row away without a word to the triggers on deletion. So in every table whose rows stand,
a row that would take another's place is refused, or, where the program itself writes ``OR IGNORE``, left out.
PostgreSQL has no such statement; what comes nearest there is an update, and is refused as one.

A stop order is lifted, never deleted, and what it says and whom it reaches does not change.
"""

from __future__ import annotations

from counterseal.store.casework_triggers import SAYS

PLACES: dict[str, tuple[tuple[str, ...], ...]] = {
    "store_case": (("id",), ("submission_id", "row")),
    "store_caseevent": (("id",),),
    "store_approval": (("id",), ("case_id", "round", "place"), ("case_id", "round", "official_id")),
    "store_opinion": (("id",), ("submission_id", "rules")),
    "store_stoporder": (("id",),),
    "store_ledgercosignature": (("id",), ("checkpoint_id", "witness")),
}
"""What is unique in each table: by any of these a row could take another's place."""

LEFT_OUT = {"store_ledgercosignature"}
"""Tables into which the program writes again what may stand there already."""

ORDERS = "store_stoporder"
SAID = ("id", "scope", "reaches", "person", "authority", "issued_by", "issued_at", "issue_entry")
LIFTED = ("lifted_at", "lifted_by", "lift_asked_by", "lift_authority", "lift_entry")
ORDER_STANDS = "a stop order stands until two people lift it"
UNSAID = (
    " OR ".join(f"NEW.{column} <> OLD.{column}" for column in SAID)
    + " OR (NEW.lifted_at IS NOT NULL AND NEW.lift_entry IS NULL)"
    + " OR (OLD.lifted_at IS NOT NULL AND (NEW.lifted_at IS NULL OR "
    + " OR ".join(f"NEW.{column} <> OLD.{column}" for column in LIFTED)
    + "))"
)
"""An order that says something else, is lifted without an entry, or was lifted and is lifted otherwise."""


def sqlite_triggers() -> dict[str, str]:
    """Give SQLite's triggers: name to statement, word for word as ``sqlite_master`` keeps it."""
    triggers = {}
    for table, places in PLACES.items():
        taken = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} s WHERE "
            + " AND ".join(f's."{column}" = NEW."{column}"' for column in columns)
            + ")"
            for columns in places
        )
        refusal = "IGNORE" if table in LEFT_OUT else f"ABORT, '{SAYS['stands']}'"
        name = f"{table}_no_replace"
        triggers[name] = (
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW WHEN {taken} "
            f"BEGIN SELECT RAISE({refusal}); END"
        )
    for event, when in (("DELETE", ""), ("UPDATE", f" WHEN {UNSAID}")):
        name = f"{ORDERS}_no_{event.lower()}"
        triggers[name] = (
            f"CREATE TRIGGER {name} BEFORE {event} ON {ORDERS} FOR EACH ROW{when} "
            f"BEGIN SELECT RAISE(ABORT, '{ORDER_STANDS}'); END"
        )
    return triggers


_REFUSED = f"RAISE EXCEPTION '{ORDER_STANDS}' USING ERRCODE = 'check_violation';"
POSTGRESQL_FUNCTIONS = {
    "counterseal_order_stands": f"BEGIN {_REFUSED} END",
    "counterseal_order_unsaid": f"BEGIN IF {UNSAID} THEN {_REFUSED} END IF; RETURN NEW; END",
}


def postgresql_triggers() -> dict[str, str]:
    """Give PostgreSQL's triggers: name to statement. Each is then set to fire always, replicas included."""
    triggers = {}
    for event, scope, does in (
        ("DELETE", "ROW", "stands"),
        ("TRUNCATE", "STATEMENT", "stands"),
        ("UPDATE", "ROW", "unsaid"),
    ):
        name = f"{ORDERS}_no_{event.lower()}"
        triggers[name] = (
            f"CREATE TRIGGER {name} BEFORE {event} ON {ORDERS} "
            f"FOR EACH {scope} EXECUTE FUNCTION counterseal_order_{does}()"
        )
    return triggers
