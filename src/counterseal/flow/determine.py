"""The determination of every row, as SQL: stop orders first, then the law's answer, then identity's.

Pure functions to steps. A row has exactly one determination, and what nobody answered is not disclosed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterseal.agreements.compile import Compiler
from counterseal.agreements.compile import quote as name
from counterseal.core.outcome import Outcome
from counterseal.core.steps import Step
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.agreements import Agreement
    from counterseal.core.request import Manifest

STOP_RULE, STOP_TITLE, STOP_CITE = "stop-order", "No order in force forbids the disclosure", "Order in force"
CODE, CODE_ALONE = "^([0-9]+)(usc|cfr)(ode|sections?|secs?|parts?)*", r"\1\2"
"""How a squeezed citation begins, and what of that is kept."""

IDENTITY_FIELDS = (
    "given_name", "middle_name", "family_name", "suffix", "date_of_birth", "tin", "address_line_1", "address_line_2",
    "city", "state", "zip",
)  # fmt: skip
ADMITTED_REQUESTS = (
    f"SELECT r.row, r.request_ref, {', '.join(f'r.{field}' for field in IDENTITY_FIELDS)} "
    "FROM rows r JOIN answered a USING (row) WHERE a.outcome IS NULL ORDER BY r.row"
)
REVIEWABLE_ROWS = f"SELECT row FROM determined WHERE outcome = '{Outcome.REVIEWABLE}' ORDER BY row"
OUTCOME_COUNTS = "SELECT outcome, count(*) FROM determined GROUP BY 1 ORDER BY 1"
RULE_COUNTS = "SELECT u.rule, count(*) FROM determined, unnest(rules) AS u(rule) GROUP BY 1 ORDER BY 2 DESC, 1"


def quoted(text: str) -> str:
    """Give ``text`` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def stopped(manifest: Manifest, agency: str, agreement: Agreement, orders: Iterable[tuple[int, str, str]]) -> Step:
    """Set the rows that a stop order in force covers to ``stopped``, before any look-up.

    Raises CountersealError ``stop-order-scope`` for a scope that this version does not know: an order that
    cannot be read stops the run, never the other way round.
    """
    covers = [_covers(manifest, agency, agreement, scope, reaches) for _, scope, reaches in orders]
    condition = " OR ".join(covers) or "FALSE"
    reason = (
        f"[{{'rule': {quoted(STOP_RULE)}, 'cite': {quoted(STOP_CITE)}, "
        "'says': 'An order in force forbids this disclosure.'}]"
    )
    return Step(
        "answered",
        f"SELECT s.row, s.request_ref, "  # every literal is quoted above
        f"CASE WHEN o.stop THEN '{Outcome.STOPPED}' ELSE s.outcome END AS outcome, "
        f"CASE WHEN o.stop THEN [{quoted(STOP_RULE)}] ELSE s.rules END AS rules, "
        f"CASE WHEN o.stop THEN {reason} ELSE s.reasons END AS reasons "
        f"FROM screened s JOIN (SELECT row, coalesce(({condition}), FALSE) AS stop FROM rows) o USING (row)",
        says="Holding the rows against the stop orders in force",
    )


def _covers(manifest: Manifest, agency: str, agreement: Agreement, scope: str, reaches: str) -> str:
    facts = {
        "agency": agency,
        "agreement": agreement.id,
        "submission": manifest.submission,
    }
    if scope == "everything":
        return "TRUE"
    if scope in facts:
        return "TRUE" if facts[scope] == reaches else "FALSE"
    fields = {field.name for field in agreement.fields}
    if scope == "statute":
        return statute_covers("statute" if "statute" in fields else quoted(agreement.authority), reaches)
    if scope == "person":
        return f"regexp_replace(tin, '[^0-9]', '', 'g') = {quoted(reaches)}" if "tin" in fields else "TRUE"
    raise CountersealError("stop-order-scope", "A stop order in force has a scope that is not known here.")


def statute_covers(cited: str, reaches: str) -> str:
    """Give the condition that an order on ``reaches`` covers what the expression ``cited`` cites."""
    squeezed = f"lower(regexp_replace({cited}, '[^0-9A-Za-z]', '', 'g'))"
    return f"starts_with(regexp_replace({squeezed}, {quoted(CODE)}, {quoted(CODE_ALONE)}), {quoted(citation(reaches))})"


def citation(written: str) -> str:
    """Give a citation as letters and digits, without *section*: ``8usc1253a1`` for 8 U.S.C. sec. 1253(a)(1)."""
    squeezed = re.sub("[^0-9A-Za-z]", "", written).lower()
    return re.sub(CODE, CODE_ALONE, squeezed)


def determined(agreement: Agreement, stopped_accounts: Iterable[str] = ()) -> Step:
    """Join what the law answered with what identity answered; silence is ``not_disclosed``.

    A row whose facial rules hold is reviewable only when every rule of the identity phase is TRUE, and when no order
    in force names the person who was found: of them nothing is told before the batch is answered as a whole.
    Raises CountersealError ``agreement-identity`` for an agreement that has none.
    """
    rules = agreement.identity_rules
    if not rules:
        raise CountersealError(
            "agreement-identity",
            "The agreement has no rule of the identity phase, so nobody could be identified under it.",
            next_step="State what identity must answer before a case may open.",
        )
    compiler = Compiler(agreement, {})
    held = ", ".join(f"{compiler.rule(rule)} AS {name(rule.id)}" for rule in rules)
    every = " AND ".join(f"h.{name(rule.id)} IS TRUE" for rule in rules)
    failing = ", ".join(f"CASE WHEN h.{name(rule.id)} IS NOT TRUE THEN {quoted(rule.id)} END" for rule in rules)
    if accounts := ", ".join(quoted(account) for account in stopped_accounts):
        held += f", coalesce(account_id IN ({accounts}), FALSE) AS stop"
        every += " AND NOT h.stop"
        failing += f", CASE WHEN h.stop THEN {quoted(STOP_RULE)} END"
    return Step(
        "determined",
        "SELECT s.row, s.request_ref, CASE WHEN s.outcome IS NOT NULL THEN s.outcome "
        f"WHEN {every} THEN '{Outcome.REVIEWABLE}' ELSE '{Outcome.NOT_DISCLOSED}' END AS outcome, "
        "CASE WHEN s.outcome IS NOT NULL THEN s.rules "
        f"ELSE list_filter([{failing}], lambda x: x IS NOT NULL) END AS rules, "
        "CASE WHEN s.outcome IS NULL THEN 'identity' ELSE 'facial' END AS phase FROM answered s "
        f"LEFT JOIN (SELECT row, {held} FROM (SELECT * RENAME (outcome AS identity) FROM identified)) h USING (row)",
        says="Setting down the determinations",
    )
