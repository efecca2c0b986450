"""What the database itself refuses in casework, on SQLite and PostgreSQL alike.

Raw SQL by the database's owner meets the same rules as the pages: a case moves only as
``core.case.TRANSITIONS`` allows, is signed by two people of two roles of whom the second has not touched it,
and is not released on fewer. History and signatures are never changed or taken away. The start-up check of
``ledger_triggers`` looks for every one of these too. A later migration that alters one of these tables lifts the
triggers first and sets them again: SQLite makes an altered table anew.
"""

from __future__ import annotations

from counterseal.core.case import TRANSITIONS, CaseState
from counterseal.core.official import Role

STANDING = ("store_caseevent", "store_approval", "store_opinion")
MOVES = sorted({f"{state}>{after}" for (state, _), after in TRANSITIONS.items()})
_SIGNED = f"'{CaseState.SIGNED_TWICE}', '{CaseState.INTENDED}', '{CaseState.RELEASED}'"
_MOVES = ", ".join(f"'{move}'" for move in MOVES)

SAYS = {
    "stands": "what was done to a case stands",
    "open": "a case begins open",
    "move": "a case does not move that way",
    "two": "a case is released on two signatures over one digest",
    "first": "the first signature is made by the specialist who has the case",
    "second": "the second signature is that of a releasing official who has not touched the case, over the same digest",
}

_CONDITIONS = {
    "move": f"NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ({_MOVES})",
    "two": (
        f"NEW.state IN ({_SIGNED}) AND 2 <> (SELECT count(*) FROM store_approval a "
        "WHERE a.case_id = NEW.id AND a.round = NEW.round AND a.over = "
        "(SELECT b.over FROM store_approval b WHERE b.case_id = NEW.id AND b.round = NEW.round AND b.place = 1))"
    ),
    "first": (
        "NEW.place = 1 AND NOT EXISTS (SELECT 1 FROM store_case c JOIN store_official o ON o.id = c.assignee_id "
        "WHERE c.id = NEW.case_id AND c.round = NEW.round AND c.assignee_id = NEW.official_id "
        f"AND c.state = '{CaseState.IN_REVIEW}' AND o.role = '{Role.SPECIALIST}' AND o.is_active)"
    ),
    "second": (
        "NEW.place = 2 AND (NOT EXISTS (SELECT 1 FROM store_official o WHERE o.id = NEW.official_id "
        f"AND o.role = '{Role.RELEASING}' AND o.is_active) "
        "OR EXISTS (SELECT 1 FROM store_caseevent e WHERE e.case_id = NEW.case_id AND e.official_id = NEW.official_id) "
        "OR NOT EXISTS (SELECT 1 FROM store_approval a JOIN store_case c ON c.id = a.case_id "
        "WHERE a.case_id = NEW.case_id AND a.round = NEW.round AND c.round = NEW.round AND a.place = 1 "
        f"AND c.state = '{CaseState.SIGNED_ONCE}' AND a.over = NEW.over AND a.official_id <> NEW.official_id))"
    ),
    "open": f"NEW.state <> '{CaseState.OPEN}'",
}
_ON = (
    ("store_case", "UPDATE", "move"),
    ("store_case", "UPDATE", "two"),
    ("store_case", "INSERT", "open"),
    ("store_approval", "INSERT", "first"),
    ("store_approval", "INSERT", "second"),
)


def sqlite_triggers() -> dict[str, str]:
    """Give SQLite's triggers: name to statement, word for word as ``sqlite_master`` keeps it."""

    def refusal(name: str, event: str, table: str, when: str, says: str) -> tuple[str, str]:
        condition = f" WHEN {when}" if when else ""
        return name, (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{condition} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )

    standing = [
        refusal(f"{table}_no_{event.lower()}", event, table, "", SAYS["stands"])
        for table in STANDING
        for event in ("UPDATE", "DELETE")
    ]
    standing.append(refusal("store_case_no_delete", "DELETE", "store_case", "", SAYS["stands"]))
    return dict(
        [
            *standing,
            *(refusal(f"{table}_{rule}", event, table, _CONDITIONS[rule], SAYS[rule]) for table, event, rule in _ON),
        ]
    )


def _body(condition: str, says: str) -> str:
    return (
        f"BEGIN IF {condition} THEN RAISE EXCEPTION '{says}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END"
    )


POSTGRESQL_FUNCTIONS = {
    "counterseal_stands": f"BEGIN RAISE EXCEPTION '{SAYS['stands']}' USING ERRCODE = 'check_violation'; END",
    **{f"counterseal_{rule}": _body(_CONDITIONS[rule], SAYS[rule]) for _, _, rule in _ON},
}


def postgresql_triggers() -> dict[str, str]:
    """Give PostgreSQL's triggers: name to statement. Each is then set to fire always, replicas included."""
    triggers = {}
    for table, events in (*((table, "UPDATE OR DELETE") for table in STANDING), ("store_case", "DELETE")):
        for name, when, scope in (
            (f"{table}_stands", events, "ROW"),
            (f"{table}_no_truncate", "TRUNCATE", "STATEMENT"),
        ):
            triggers[name] = (
                f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {scope} EXECUTE FUNCTION counterseal_stands()"
            )
    for table, event, rule in _ON:
        name = f"{table}_{rule}"
        triggers[name] = (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION counterseal_{rule}()"
        )
    return triggers
