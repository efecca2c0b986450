"""Every address of the web interface. None holds anything of a person: rows go by their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.usersessions.views import list_usersessions
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from counterseal.web import (
    audit,
    case,
    clock_acts,
    custody,
    health,
    holder_orders,
    home,
    incidents,
    orders,
    oversight,
    people,
    queue,
    requester,
    requester_orders,
    sign,
    triage,
    views,
)  # fmt: skip

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver


class Named(StringConverter):
    """The id of a submission or an agreement: letters, digits, dot, dash and line; never a path."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class ActNamed(StringConverter):
    """One of the acts on a case."""

    regex = "|".join(case.ACTS)


class FileNamed(StringConverter):
    """One of the files that a requester may take away."""

    regex = "|".join(requester.FILES).replace(".", r"\.")


register_converter(Named, "named")
register_converter(FileNamed, "takes")
register_converter(ActNamed, "act")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("health/", health.health, name="health"),
    path("keyboard/", views.keyboard, name="keyboard"),
    path("filters/", queue.save, name="queue-save"),
    path("filters/<int:saved>/remove/", queue.remove, name="queue-remove"),
    path("cases/<int:case>/", case.case, name="case"),
    path("cases/<int:case>/determine/", case.determine, name="case-determine"),
    path("cases/<int:case>/reveal/", case.reveal_field, name="case-reveal"),
    path("cases/<int:case>/sign/", sign.sign, name="case-sign"),
    path("cases/<int:case>/release/", sign.release, name="case-release"),
    path("cases/<int:case>/clocks/", clock_acts.clocks, name="case-clocks"),
    path("cases/<int:case>/<act:act>/", case.act, name="case-act"),
    path("questions/", triage.questions, name="questions"),
    path("questions/<named:submission>/<named:group>/", triage.question, name="question"),
    path("batches/", views.batches, name="batches"),
    path("batches/<named:submission>/", views.batch, name="batch"),
    path("batches/<named:submission>/rows/", views.rows, name="rows"),
    path("batches/<named:submission>/rows/<int:row>/", views.row, name="row"),
    path("batches/<named:submission>/response.jsonl", views.response_file, name="response"),
    path("batches/<named:submission>/notice.html", views.notice_page, name="notice"),
    path("batches/<named:submission>/notice.pdf", views.notice_pdf, name="notice-pdf"),
    path("batches/<named:submission>/answer.html", views.answer_page, name="answer"),
    path("batches/<named:submission>/answer.pdf", views.answer_pdf, name="answer-pdf"),
    path("agreements/", views.agreements, name="agreements"),
    path("agreements/<named:agreement>/", views.agreement, name="agreement"),
    path("ledger/", views.ledger, name="ledger"),
    path("ledger/verify/", views.verify, name="ledger-verify"),
    path("ledger/<int:index>/", views.ledger_entry, name="ledger-entry"),
    path("ledger/<int:index>/receipt/", views.ledger_receipt, name="ledger-receipt"),
    path("api/v1/", include("counterseal.api.urls")),
    path("stop-orders/", orders.stop_orders, name="stop-orders"),
    path("stop-orders/issue/", orders.issue, name="stop-order-issue"),
    path("stop-orders/<int:order>/", orders.stop_order, name="stop-order"),
    path("stop-orders/<int:order>/acknowledge/", orders.acknowledge, name="stop-order-acknowledge"),
    path("stop-orders/<int:order>/lift/", orders.lift, name="stop-order-lift"),
    path("stop-orders/<int:order>/serve/", custody.serve, name="stop-order-serve"),
    path("custody/", custody.custody, name="custody"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<int:number>/", incidents.incident, name="incident"),
    path("custody/<int:delivered>/", custody.package, name="custody-package"),
    path("custody/<int:delivered>/order/", holder_orders.order_holders, name="custody-order-holders"),
    path("custody/orders/<int:order>/", holder_orders.order, name="custody-order"),
    path("custody/orders/<int:order>/document/", custody.document, name="custody-document"),
    path("requester/", requester.requests, name="requests"),
    path("requester/orders/<int:order>/", requester_orders.answer, name="request-order"),
    path("requester/orders/<int:order>/document/", requester_orders.document, name="request-order-document"),
    path("requester/check/", requester.check_request, name="request-check"),
    path("requester/send/", requester.send_request, name="request-send"),
    path("requester/requests/<named:submission>/", requester.one_request, name="request"),
    path("requester/requests/<named:submission>/withdraw/", requester.withdraw, name="request-withdraw"),
    path("requester/requests/<named:submission>/packages/<int:row>/", requester.package, name="request-package"),
    path(
        "requester/requests/<named:submission>/packages/<int:row>/acknowledge/",
        requester.acknowledge,
        name="request-acknowledge",
    ),
    path("requester/requests/<named:submission>/<takes:name>", requester.own_file, name="request-file"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export/", audit.export, name="audit-export"),
    path("audit/cases/<int:case>/", audit.audit_case, name="audit-case"),
    path("oversight/", oversight.dashboard, name="oversight"),
    path("oversight/sample/announce/", oversight.announce, name="sample-announce"),
    path("oversight/sample/<int:announced>/", oversight.sample, name="sample"),
    path("oversight/re-review/<int:announced>/<int:place>/", oversight.re_review, name="re-review"),
    path("people/", people.officials, name="people"),
    path("people/add/", people.add, name="person-add"),
    path("people/<int:official>/", people.official, name="person"),
    path("people/<int:official>/role/", people.change, name="person-role"),
    path("people/<int:official>/end/", people.end, name="person-end"),
    path("people/<int:official>/code/", people.invite, name="person-code"),
    path("people/proposals/<int:proposal>/confirm/", people.confirm, name="proposal-confirm"),
    path("people/proposals/<int:proposal>/withdraw/", people.withdraw, name="proposal-withdraw"),
    path("account/code/", people.invited, name="invited"),
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/keys/", include("allauth.mfa.urls")),
    path("account/sessions/", reauthentication_required(allow_get=True)(list_usersessions), name="usersessions_list"),
]
