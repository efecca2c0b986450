"""The safeguards report put together: the ledger's entries, the register, and the custody of what left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from counterseal.flow.custody import holdings
from counterseal.flow.in_force import versions_here
from counterseal.flow.safeguards import statuses
from counterseal.oversight.safeguards import GROUNDS, STATES, Act, Recipient, SafeguardsReport
from counterseal.store.custody import delivered_cases, entries_of

if TYPE_CHECKING:
    from counterseal.core.custody import Holding
    from counterseal.flow.office import Office
    from counterseal.flow.safeguards import Status
    from counterseal.store.custody import Told

FACT = "safeguards_in_force"
SCREENED = ["screened"]


def safeguards_report(office: Office, year: int) -> SafeguardsReport:
    """Draw up a calendar year's report (UTC), one line an agency of the register, in the order of their ids."""
    rules, unreasoned, refused = _rules(office), 0, Counter[str]()
    for told in _within(SCREENED, year):
        named = rules.get(str(told.body.get("agreement")), set())
        reasons: dict[str, Any] | None = told.body.get("reasons")
        unreasoned += reasons is None
        refused[str(told.body.get("agency"))] += sum(
            int(rows) for rule, rows in (reasons or {}).items() if rule in named
        )
    acts, delivered = _within(["safeguards"], year), _within(["delivered"], year)
    left = Counter(str(one.body["agency"]) for one in delivered)
    held = holdings(delivered_cases())
    size, _ = office.ledger.size_and_root()
    raised = _incidents(year)
    found = []
    for one in statuses(office):
        name = one.kept.agency
        of_year = (refused[name], left[name], dict(raised.get(name, {})))
        found.append(_recipient(office, one, [act for act in acts if act.body["agency"] == name], of_year, held))
    names = tuple(sorted({f"{agreement} {rule}" for agreement, ids in rules.items() for rule in ids}))
    drawn_up = office.clock.now().date().isoformat()
    return SafeguardsReport(year, drawn_up, office.ledger.origin, size, unreasoned, names, tuple(found))


def _within(kinds: list[str], year: int) -> list[Told]:
    return [one for one in entries_of(kinds) if one.at.year == year]


def _rules(office: Office) -> dict[str, set[str]]:
    """Give, by agreement, in any version of it here, the rules that ask whether safeguards are in force."""
    found: dict[str, set[str]] = {}
    for folder in sorted(office.workspace.agreements.iterdir()):
        for agreement in versions_here(folder):
            asked = {rule.id for rule in agreement.screened_rules if FACT in rule.sql}
            found.setdefault(agreement.id, set()).update(asked)
    return found


def _incidents(year: int) -> dict[str, Counter[str]]:
    """Count, by agency that received something in question and by who raised them, the incidents opened in a year."""
    agencies = {one.index: str(one.body["agency"]) for one in entries_of(["delivered"])}
    found: dict[str, Counter[str]] = {}
    for one in _within(["incident"], year):
        if one.body["act"] == "opened":
            for agency in {agencies[at] for at in one.body["delivered"]}:
                found.setdefault(agency, Counter())[str(one.body["source"])] += 1
    return found


def _recipient(
    office: Office, status: Status, acts: list[Told], of_year: tuple[int, int, dict[str, int]], held: list[Holding]
) -> Recipient:
    """Give one agency's line; ``of_year`` are rows refused, deliveries, and incidents by who raised them."""
    refused, delivered, incidents = of_year
    now, kept = office.clock.now(), status.kept
    own = [one for one in held if one.agency == kept.agency]
    orders = [order for one in own for order in one.orders]
    states, grounds = Counter(one.state.value for one in own), Counter(one.ground.value for one in orders)
    return Recipient(
        kept.agency,
        kept.title,
        kept.in_force,
        "" if kept.until is None else kept.until.isoformat(),
        status.borne_out,
        tuple(_act(one) for one in acts),
        refused,
        delivered,
        len({one.officer for one in own if one.is_held}),
        {word: states[word] for word in STATES},
        {word: grounds[word] for word in GROUNDS},
        sum(order.certified_at is not None for order in orders),
        sum(order.overdue(now) for order in orders),
        incidents,
    )


def _act(told: Told) -> Act:
    body = told.body
    return Act(
        told.index,
        told.at.date().isoformat(),
        str(body["act"]),
        str(body.get("until", "")),
        str(body.get("document", "")),
    )
