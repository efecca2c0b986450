"""The triggers that make the ledger's tables append-only, and the check that all triggers are there.

An entry may only be added after the last one; nothing that stands may be changed or taken away. Whoever
owns the database can drop a trigger; then the start-up check refuses to serve, and the published tiles
and the witnesses show what was changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from django.db.migrations.executor import MigrationExecutor

from counterseal.errors import CountersealError
from counterseal.store import casework_triggers, standing_triggers

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

STANDING = ("store_ledgerentry", "store_ledgercheckpoint", "store_ledgercosignature")
SEALED = "store_ledgeropening"


def _sqlite_refusal(name: str, event: str, table: str, when: str, says: str) -> tuple[str, str]:
    condition = f" WHEN {when}" if when else ""
    return name, (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{condition} "
        f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
    )


def sqlite_triggers() -> dict[str, str]:
    """Give SQLite's triggers: name to statement, word for word as ``sqlite_master`` keeps it."""
    says = "the ledger is append-only"
    triggers = [
        _sqlite_refusal(f"{table}_no_{event.lower()}", event, table, "", says)
        for table in STANDING
        for event in ("UPDATE", "DELETE")
    ]
    triggers += [
        _sqlite_refusal(f"{SEALED}_no_update", "UPDATE", SEALED, "", says),
        _sqlite_refusal(
            "store_ledgerentry_in_order",
            "INSERT",
            "store_ledgerentry",
            'NEW."index" IS NOT (SELECT COALESCE(MAX("index"), -1) + 1 FROM store_ledgerentry)',
            "a ledger entry follows the last one",
        ),
        _sqlite_refusal(
            "store_ledgercheckpoint_grows",
            "INSERT",
            "store_ledgercheckpoint",
            "NEW.size <= (SELECT MAX(size) FROM store_ledgercheckpoint)",
            "a checkpoint is larger than the last one",
        ),
    ]
    return dict(triggers)


POSTGRESQL_FUNCTIONS = {
    "counterseal_append_only": (
        "BEGIN RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'check_violation'; END"
    ),
    "counterseal_in_order": (
        'BEGIN IF NEW."index" IS DISTINCT FROM '
        '(SELECT COALESCE(MAX("index"), -1) + 1 FROM store_ledgerentry) THEN '
        "RAISE EXCEPTION 'a ledger entry follows the last one' USING ERRCODE = 'check_violation'; "
        "END IF; RETURN NEW; END"
    ),
    "counterseal_checkpoint_grows": (
        "BEGIN IF NEW.size <= (SELECT MAX(size) FROM store_ledgercheckpoint) THEN "
        "RAISE EXCEPTION 'a checkpoint is larger than the last one' USING ERRCODE = 'check_violation'; "
        "END IF; RETURN NEW; END"
    ),
}


def postgresql_triggers() -> dict[str, str]:
    """Give PostgreSQL's triggers: name to statement. Each is then set to fire always, replicas included."""
    triggers = {}
    for table in (*STANDING, SEALED):
        events = "UPDATE" if table == SEALED else "UPDATE OR DELETE"
        triggers[f"{table}_stands"] = (
            f"CREATE TRIGGER {table}_stands BEFORE {events} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION counterseal_append_only()"
        )
        triggers[f"{table}_no_truncate"] = (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION counterseal_append_only()"
        )
    triggers["store_ledgerentry_in_order"] = (
        "CREATE TRIGGER store_ledgerentry_in_order BEFORE INSERT ON store_ledgerentry "
        "FOR EACH ROW EXECUTE FUNCTION counterseal_in_order()"
    )
    triggers["store_ledgercheckpoint_grows"] = (
        "CREATE TRIGGER store_ledgercheckpoint_grows BEFORE INSERT ON store_ledgercheckpoint "
        "FOR EACH ROW EXECUTE FUNCTION counterseal_checkpoint_grows()"
    )
    return triggers


class TriggerSet(NamedTuple):
    """The triggers of one subject, in both dialects."""

    sqlite: dict[str, str]
    functions: dict[str, str]
    postgresql: dict[str, str]


def ledger_guard() -> TriggerSet:
    """Give the triggers of the ledger's tables."""
    return TriggerSet(sqlite_triggers(), POSTGRESQL_FUNCTIONS, postgresql_triggers())


def casework_guard() -> TriggerSet:
    """Give the triggers of casework."""
    return TriggerSet(
        casework_triggers.sqlite_triggers(),
        casework_triggers.POSTGRESQL_FUNCTIONS,
        casework_triggers.postgresql_triggers(),
    )


def standing_guard() -> TriggerSet:
    """Give the triggers against replacing what stands, and those of stop orders."""
    return TriggerSet(
        standing_triggers.sqlite_triggers(),
        standing_triggers.POSTGRESQL_FUNCTIONS,
        standing_triggers.postgresql_triggers(),
    )


GUARDS = (ledger_guard, casework_guard, standing_guard)


def set_triggers(connection: BaseDatabaseWrapper, guard: TriggerSet) -> None:
    """Create the triggers in a database that has the tables and no triggers yet."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for statement in guard.sqlite.values():
                cursor.execute(statement)
            return
        for name, body in guard.functions.items():
            cursor.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        for name, statement in guard.postgresql.items():
            table = statement.split(" ON ")[1].split(" ")[0]
            cursor.execute(statement)
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def lift_triggers(connection: BaseDatabaseWrapper, guard: TriggerSet) -> None:
    """Take the triggers away: for undoing the migration and for nothing else."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in guard.sqlite:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            return
        for name, statement in guard.postgresql.items():
            table = statement.split(" ON ")[1].split(" ")[0]
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        for name in guard.functions:
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")


def pending_migrations(connection: BaseDatabaseWrapper) -> int:
    """Give how many migrations the database has yet to see."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def check_guard(connection: BaseDatabaseWrapper) -> None:
    """Look for every trigger, and for the settings that make a commit durable.

    Raises CountersealError ``ledger-unguarded`` when a trigger is missing, changed or switched off,
    ``database-behind`` when that is because the tables are of an earlier version, and
    ``ledger-not-durable`` when the database would acknowledge what a power cut can take back.
    """
    missing = _sqlite_missing(connection) if connection.vendor == "sqlite" else _postgresql_missing(connection)
    if missing and (pending := pending_migrations(connection)):
        raise CountersealError(
            "database-behind",
            f"The database is of an earlier version of this program: {pending} migrations are not applied.",
            next_step="If a new version was installed: back up, then counterseal upgrade --workspace DIR. "
            "If none was, find out who changed the database.",
        )
    if missing:
        raise CountersealError(
            "ledger-unguarded",
            f"The database's guards are not whole: {', '.join(missing)} missing or changed.",
            next_step="Nothing is served. Find out who changed the database; compare it with the witnesses.",
        )
    weak = _sqlite_weak(connection) if connection.vendor == "sqlite" else _postgresql_weak(connection)
    if weak:
        raise CountersealError(
            "ledger-not-durable",
            f"A commit would not be durable: {', '.join(weak)}.",
            next_step="Set the database to synchronise each commit.",
        )


def _sqlite_missing(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = dict(cursor.fetchall())
    return [name for guard in GUARDS for name, statement in guard().sqlite.items() if found.get(name) != statement]


def _sqlite_weak(connection: BaseDatabaseWrapper) -> list[str]:
    weak = []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        if cursor.fetchone()[0] < 2:  # FULL
            weak.append("synchronous is below FULL")
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone()[0] not in {"wal", "memory"}:
            weak.append("journal_mode is not WAL")
    return weak


_FORM = re.compile(
    r"CREATE TRIGGER (\w+) BEFORE ([A-Z ]+) ON (\w+) FOR EACH (ROW|STATEMENT) EXECUTE FUNCTION (\w+)\(\)"
)
_EVENTS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_ROW, _BEFORE = 1, 2
"""The bits of ``pg_trigger.tgtype``."""

_STANDING_TRIGGERS = (
    "SELECT t.tgname, c.relname, t.tgtype, p.proname, p.prosrc FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr::text = '' "
    "AND pg_table_is_visible(c.oid)"
)
"""Every trigger that fires always, without condition and on every column: what it stands on, when, and what it does."""


def _postgresql_missing(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_STANDING_TRIGGERS)
        found = {tuple(row) for row in cursor.fetchall()}
    return [
        name
        for guard in (make() for make in GUARDS)
        for name, statement in guard.postgresql.items()
        if _as_kept(statement, guard.functions) not in found
    ]


def _as_kept(statement: str, functions: dict[str, str]) -> tuple[str, str, int, str, str]:
    """Give a trigger as PostgreSQL's catalogue has it: name, table, type, function and the function's body."""
    told = _FORM.fullmatch(statement)
    if told is None:
        raise AssertionError(statement)
    name, events, table, scope, function = told.groups()
    when = sum(_EVENTS[event] for event in events.split(" OR "))
    return name, table, _BEFORE + when + (_ROW if scope == "ROW" else 0), function, functions[function]


def _postgresql_weak(connection: BaseDatabaseWrapper) -> list[str]:
    weak = []
    with connection.cursor() as cursor:
        for setting in ("synchronous_commit", "fsync", "full_page_writes"):
            cursor.execute(f"SHOW {setting}")
            if cursor.fetchone()[0] == "off":
                weak.append(f"{setting} is off")
    return weak
