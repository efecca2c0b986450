"""The life of a case: two people, each over the same digest, and nothing that goes round them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.batch import files_of, table_of
from tests.conftest import CANARY
from tests.flow.casework import ORIGIN

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow import casework, orders
from counterseal.flow.releasing import release_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.casework import AtWork


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(CountersealError) as told:
        yield
    assert told.value.code == code


def signed_twice(at_work: AtWork) -> int:
    case = at_work.cases()[0]
    at_work.reviewed(case)
    at_work.sign("sam", case)
    at_work.sign("rae", case, second=True)
    return case


def entries(at_work: AtWork) -> list[dict]:
    from counterseal.store.models import LedgerEntry

    return [json.loads(bytes(one)) for one in LedgerEntry.objects.order_by("index").values_list("entry", flat=True)]


def test_a_case_that_never_reaches_its_officers(at_work: AtWork):
    case = signed_twice(at_work)
    package = release_case(at_work.office, case)

    assert package.read_bytes() == b"sealed"
    assert at_work.state(case) == "released"
    assert len(at_work.sealer.asked) == 1
    assert [one["kind"] for one in entries(at_work)][-4:] == ["signed", "signed", "intent", "delivered"]
    answer = at_work.sealer.asked[0]["answer"]
    held = json.loads((at_work.folder / "answers" / str(answer)).read_bytes())
    assert set(held) == {"v", "request_ref", "mailing_address", "salt"}


def test_a_signature_that_others_cannot_verify_from_the_ledger(at_work: AtWork):
    import base64
    from hashlib import sha256

    from counterseal.vault.passkeys import check_assertion

    signed_twice(at_work)
    told = entries(at_work)
    signatures = [one["body"] for one in told if one["kind"] == "signed"]
    assert len({one["official"] for one in signatures}) == 2
    for one in signatures:
        enrolled = told[one["enrolled"]]["body"]
        key = base64.b64decode(enrolled["key"])
        assert sha256(key).hexdigest() == one["official"]
        assert enrolled["role"] == ("specialist" if one["place"] == 1 else "releasing")
        check_assertion(key, bytes.fromhex(one["over"]), one["evidence"], origin=ORIGIN, rp_id="office.example")


def test_somebody_who_countersigns_their_own_case(at_work: AtWork):
    case = at_work.cases()[0]
    at_work.reviewed(case)
    at_work.sign("sam", case)
    with refused("role"):
        at_work.sign("sam", case, second=True)


def test_a_countersigner_who_touched_the_case(at_work: AtWork):
    case = at_work.cases()[0]
    at_work.reviewed(case)
    at_work.sign("sam", case)
    casework.give_back(at_work.office, case, at_work.people.ids["rae"], "look at the stage again")
    at_work.reviewed(case, "sue")
    at_work.sign("sue", case)
    with refused("touched"):
        at_work.sign("rae", case, second=True)
    at_work.sign("rob", case, second=True)
    assert at_work.state(case) == "signed_twice"


def test_a_second_signature_before_the_first(at_work: AtWork):
    case = at_work.cases()[0]
    at_work.reviewed(case)
    with refused("case-transition"):
        at_work.sign("rae", case, second=True)


def test_a_case_that_is_signed_without_its_determination(at_work: AtWork):
    case = at_work.cases()[0]
    casework.take(at_work.office, case, at_work.people.ids["sam"])
    with refused("determination"):
        at_work.sign("sam", case)


def test_a_signature_for_another_case_or_another_site(at_work: AtWork):
    one, other = at_work.cases()[:2]
    at_work.reviewed(one)
    at_work.reviewed(other)
    with refused("assertion"):
        at_work.sign("sam", one, evidence=at_work.evidence("sam", other))
    with refused("assertion"):
        at_work.sign("sam", one, evidence=at_work.evidence("sam", one, origin="https://elsewhere.example"))
    with refused("assertion"):
        at_work.sign("sam", one, evidence=at_work.evidence("sue", one))
    assert at_work.state(one) == "in_review"


def test_a_signature_used_again_after_the_case_was_given_back(at_work: AtWork):
    case = at_work.cases()[0]
    at_work.reviewed(case)
    old = at_work.evidence("sam", case)
    at_work.sign("sam", case, evidence=old)
    casework.give_back(at_work.office, case, at_work.people.ids["sam"], "the memo came late")
    at_work.reviewed(case)
    with refused("assertion"):
        at_work.sign("sam", case, evidence=old)


def test_a_determination_changed_between_the_signatures(at_work: AtWork):
    """The first signer cannot change what the second one signs: the case is no longer in review."""
    case = at_work.cases()[0]
    at_work.reviewed(case)
    at_work.sign("sam", case)
    with refused("case-transition"):
        casework.determine(at_work.office, case, at_work.people.ids["sam"], "something else")


def test_a_batch_altered_between_the_signatures(at_work: AtWork):
    import pyarrow.parquet as pq

    case = at_work.cases()[0]
    at_work.reviewed(case)
    at_work.sign("sam", case)
    path = at_work.folder / "batches" / "SYN-2026-0001" / "rows.parquet"
    table = table_of(path)
    at = table.column_names.index("reason")
    import pyarrow as pa

    with files_of(path).create(path) as file:
        pq.write_table(table.set_column(at, "reason", pa.array(["because"] * table.num_rows)), file)
    with refused("case-changed"):
        at_work.sign("rae", case, second=True)


def test_a_role_withdrawn_between_signature_and_release(at_work: AtWork):
    from counterseal.store.models import Official

    case = signed_twice(at_work)
    Official.objects.filter(username="rae").update(role="oversight")
    with refused("approvals"):
        release_case(at_work.office, case)
    assert "intent" not in [one["kind"] for one in entries(at_work)]
    assert at_work.sealer.asked == []


def test_a_key_ended_between_signature_and_release(at_work: AtWork):
    from counterseal.flow.people import end_key

    case = signed_twice(at_work)
    end_key(at_work.office, at_work.people.ids["rae"], at_work.people.keys["rae"].credential)
    with refused("approvals"):
        release_case(at_work.office, case)


def test_an_officer_whose_registration_ended(at_work: AtWork):
    from counterseal.store.models import Officer

    case = signed_twice(at_work)
    Officer.objects.update(ended_at=at_work.office.clock.now())
    with refused("recipients"):
        release_case(at_work.office, case)


def test_safeguards_that_lapsed(at_work: AtWork):
    from counterseal.store.models import Agency

    case = signed_twice(at_work)
    Agency.objects.update(safeguards_in_force=False)
    with refused("predicates"):
        release_case(at_work.office, case)


@pytest.mark.parametrize("scope", ["everything", "agency", "agreement", "statute", "submission", "person"])
def test_a_stop_order_of_any_reach_that_a_release_escapes(at_work: AtWork, scope: str):
    from counterseal.flow.casefile import one_row
    from counterseal.store.casework import held_case

    case = signed_twice(at_work)
    held = held_case(case)
    row = one_row(at_work.office.files, at_work.folder / "batches" / held.submission / "rows.parquet", held.row)
    reaches = {
        "everything": "", "agency": held.agency, "agreement": held.agreement, "submission": held.submission,
        "statute": row["statute"], "person": row["tin"],
    }[scope]  # fmt: skip
    issued = orders.issue(at_work.office, scope, reaches, "D.D.C. 25-457, order of 5 February", "cora")

    assert issued.stopped >= 1
    assert at_work.state(case) == "stopped"
    with refused("case-transition"):
        release_case(at_work.office, case)
    assert at_work.sealer.asked == []


@pytest.mark.parametrize("scope", ["person", "statute"])
@pytest.mark.parametrize("how", ["damaged", "gone"])
def test_an_order_that_a_damaged_batch_holds_up(at_work: AtWork, scope: str, how: str):
    """Whom it reaches in that batch nobody can tell: it stops every case of it."""
    case = signed_twice(at_work)
    rows = at_work.folder / "batches" / "SYN-2026-0001" / "rows.parquet"
    rows.unlink()
    if how == "damaged":
        rows.write_bytes(b"damaged")
    reaches = {"person": "987-65-4321", "statute": "18 USC 1"}[scope]
    assert orders.reach_now(at_work.office, scope, reaches) == len(at_work.cases())
    issued = orders.issue(at_work.office, scope, reaches, "D.D.C. 25-457", "cora")
    assert (issued.stopped, at_work.state(case)) == (len(at_work.cases()), "stopped")
    other = orders.issue(at_work.office, "everything", "", "another court", "cora").order
    orders.ask_lift(at_work.office, other, "cora", "vacated")
    assert orders.lift(at_work.office, other, "carl") == 0


def test_an_order_that_its_asker_lifts_alone(at_work: AtWork):
    case = signed_twice(at_work)
    order = orders.issue(at_work.office, "everything", "", "D.D.C. 25-457", "cora").order
    with refused("lift-not-asked"):
        orders.lift(at_work.office, order, "cora")
    orders.ask_lift(at_work.office, order, "cora", "vacated on 6 March")
    with refused("lift-by-two"):
        orders.lift(at_work.office, order, "cora")
    assert orders.lift(at_work.office, order, "carl") >= 1
    assert at_work.state(case) == "open"
    with refused("case-transition"):
        release_case(at_work.office, case)
    with refused("stop-order-lifted"):
        orders.lift(at_work.office, order, "carl")


def test_a_case_that_another_order_still_reaches(at_work: AtWork):
    case = at_work.cases()[0]
    first = orders.issue(at_work.office, "everything", "", "one court", "cora").order
    orders.issue(at_work.office, "submission", "SYN-2026-0001", "another court", "cora")
    orders.ask_lift(at_work.office, first, "cora", "vacated")
    orders.lift(at_work.office, first, "carl")
    assert at_work.state(case) == "stopped"


def test_a_stop_acknowledged_without_witnesses(at_work: AtWork):
    from counterseal.store.models import StopOrder

    def silent(url: str, body: bytes) -> tuple[int, str, bytes]:
        raise OSError

    case = at_work.cases()[0]
    office = replace(at_work.office, post=silent)
    with pytest.raises(CheckFailedError, match="quorum"):
        orders.issue(office, "everything", "", "D.D.C. 25-457", "cora")
    order = StopOrder.objects.get()
    assert order.acknowledged_at is None
    assert at_work.state(case) == "stopped"


def test_a_release_without_a_quorum(at_work: AtWork):
    def silent(url: str, body: bytes) -> tuple[int, str, bytes]:
        raise OSError

    case = signed_twice(at_work)
    with pytest.raises(CheckFailedError, match="quorum"):
        release_case(replace(at_work.office, post=silent), case)
    assert at_work.sealer.asked == []
    assert at_work.state(case) == "intended"
    release_case(at_work.office, case)
    assert at_work.state(case) == "released"


def test_a_person_in_the_ledger(at_work: AtWork):
    case = signed_twice(at_work)
    release_case(at_work.office, case)
    orders.issue(at_work.office, "person", "987-65-4321", "order of a court", "cora")
    told = b"".join(path.read_bytes() for path in (at_work.folder / "ledger").rglob("*") if path.is_file())
    assert not any(word.encode() in told for word in CANARY)
    address = json.loads((at_work.folder / "answers" / str(at_work.sealer.asked[0]["answer"])).read_bytes())
    assert address["mailing_address"]["line_1"].encode() not in told


SIGNED_RAW = (
    "INSERT INTO store_approval (case_id, round, place, official_id, over, key_id, evidence, at, entry) "
    "SELECT {case}, 1, {place}, {official}, '{over}', k.id, '', '2026-11-03', 0 FROM store_officialkey k "
    "WHERE k.official_id = {official}"
)


REPLACED = (
    "INSERT OR REPLACE INTO store_caseevent (id, case_id, act, official_id, at, note, entry) "
    "SELECT id, case_id, act, NULL, at, note, entry FROM store_caseevent WHERE id = {id}"
)


def test_raw_sql_that_goes_round_the_two_people(at_work: AtWork):
    """The database's owner meets the same refusals, on both databases."""
    from django.db import connection, transaction
    from django.db.utils import DatabaseError

    ids = at_work.people.ids
    case, other = at_work.cases()[:2]
    at_work.reviewed(case)
    over = "0" * 64
    attempts = [
        SIGNED_RAW.format(case=case, place=1, official=ids["sue"], over=over),  # not the one who has the case
        SIGNED_RAW.format(case=case, place=1, official=ids["rae"], over=over),  # another part
        SIGNED_RAW.format(case=case, place=2, official=ids["rae"], over=over),  # before the first
        SIGNED_RAW.format(case=case, place=2, official=ids["sam"], over=over),  # one's own
        f"UPDATE store_case SET state = 'released' WHERE id = {case}",
        f"UPDATE store_case SET state = 'signed_twice' WHERE id = {case}",
        f"UPDATE store_case SET state = 'signed_once', determination = 'x' WHERE id = {case}",
        f"DELETE FROM store_case WHERE id = {other}",
        f"DELETE FROM store_caseevent WHERE case_id = {case}",
        f"UPDATE store_caseevent SET official_id = {ids['sue']}",
    ]
    for statement in attempts:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    at_work.sign("sam", case)
    signed = ready_over(at_work, case)
    for statement in (
        SIGNED_RAW.format(case=case, place=2, official=ids["sam"], over=signed),
        SIGNED_RAW.format(case=case, place=2, official=ids["rae"], over=over),  # another digest
        f"UPDATE store_case SET state = 'signed_twice' WHERE id = {case}",
        f"UPDATE store_case SET state = 'intended' WHERE id = {case}",
        "UPDATE store_approval SET over = 'x'",
        "DELETE FROM store_approval",
        *(REPLACED.format(id=one) for one in _events(case) if connection.vendor == "sqlite"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    at_work.sign("rae", case, second=True)


def _events(case: int) -> list[int]:
    from counterseal.store.models import CaseEvent

    return list(CaseEvent.objects.filter(case_id=case).values_list("pk", flat=True))


def ready_over(at_work: AtWork, case: int) -> str:
    return casework.ready_to_sign(at_work.office, case).release.digest


def test_a_case_that_two_take_at_once(at_work: AtWork):
    case = at_work.cases()[0]
    casework.take(at_work.office, case, at_work.people.ids["sam"])
    with refused("case-transition"):
        casework.take(at_work.office, case, at_work.people.ids["sue"])
    with refused("not-assigned"):
        casework.determine(at_work.office, case, at_work.people.ids["sue"], "mine")


def test_a_case_handed_to_somebody_who_did_not_accept(at_work: AtWork):
    case, ids = at_work.cases()[0], at_work.people.ids
    at_work.reviewed(case)
    casework.hand_over(at_work.office, case, ids["sam"], ids["sue"])
    with refused("not-assigned"):
        at_work.sign("sue", case)
    casework.accept(at_work.office, case, ids["sue"])
    at_work.sign("sue", case)
    assert at_work.state(case) == "signed_once"


def test_a_held_case_that_keeps_its_signature(at_work: AtWork):
    case, ids = at_work.cases()[0], at_work.people.ids
    at_work.reviewed(case)
    casework.hold(at_work.office, case, ids["sam"], "waiting for the memo")
    casework.resume(at_work.office, case, ids["sue"])
    assert at_work.state(case) == "open"


def test_a_releasing_official_who_refuses_before_anybody_signed(at_work: AtWork):
    case, ids = at_work.cases()[0], at_work.people.ids
    at_work.reviewed(case)
    with refused("role"):
        casework.refuse(at_work.office, case, ids["rae"], "no")
    at_work.sign("sam", case)
    with refused("reason"):
        casework.refuse(at_work.office, case, ids["rae"], " ")
    casework.refuse(at_work.office, case, ids["rae"], "the stage is not one of the statute's")
    assert at_work.state(case) == "refused"


def test_an_administrator_who_takes_a_case(at_work: AtWork):
    from counterseal.store.models import Official

    ann = Official.objects.create(username="ann", role="administrator").pk
    with refused("role"):
        casework.take(at_work.office, at_work.cases()[0], ann)


def test_an_order_that_is_not_this_official_s_to_issue_or_to_lift(at_work: AtWork):
    """Signed in, counsel and oversight issue and counsel lifts; the part is read anew in the act's transaction."""
    for name in ("sam", "rae"):
        with refused("role"):
            orders.issue(at_work.office, "everything", "", "D.D.C. 25-457", at_work.people.ids[name])
    issued = orders.issue(at_work.office, "everything", "", "D.D.C. 25-457", at_work.people.ids["cora"])
    with refused("role"):
        orders.ask_lift(at_work.office, issued.order, at_work.people.ids["sam"], "vacated")
    orders.ask_lift(at_work.office, issued.order, at_work.people.ids["cora"], "vacated")
    with refused("lift-by-two"):
        orders.lift(at_work.office, issued.order, at_work.people.ids["cora"])
    with refused("role"):
        orders.lift(at_work.office, issued.order, at_work.people.ids["rae"])
    stops = [one["body"] for one in entries(at_work) if one["kind"] == "stop"]
    assert stops == [{"scope": "everything", "door": "pages"}]


def test_an_order_that_waits_until_somebody_cosigns(at_work: AtWork):
    """Without witnesses the order stands and its cases are stopped; a later quorum acknowledges it."""
    from counterseal.store.listing import stop_orders_listed

    case = signed_twice(at_work)
    alone = replace(at_work.office, policy=None)
    with refused("no-policy"):
        orders.issue(alone, "everything", "", "D.D.C. 25-457", "cora")
    assert at_work.state(case) == "stopped"
    assert stop_orders_listed()[0].acknowledged_at is None
    orders.acknowledge(at_work.office)
    assert stop_orders_listed()[0].acknowledged_at is not None


def test_an_order_that_hides_what_had_left_before_it(at_work: AtWork):
    case = signed_twice(at_work)
    release_case(at_work.office, case)
    issued = orders.issue(at_work.office, "submission", "SYN-2026-0001", "order of a court", "cora")
    assert [one.id for one in orders.left_before(at_work.office, issued.order)] == [case]
    assert at_work.state(case) == "released"
