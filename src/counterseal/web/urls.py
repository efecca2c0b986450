"""Every address of the web interface."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from counterseal.web.views import batches, office

urlpatterns = [
    path("", batches.index, name="batches"),
    path("batches/<str:submission>/", batches.batch, name="batch"),
    path("batches/<str:submission>/rows/", batches.rows, name="rows"),
    path("batches/<str:submission>/rows/<int:row>/", batches.row, name="row"),
    path("batches/<str:submission>/letters/<str:name>", batches.letter, name="letter"),
    path("agreements/", office.agreements, name="agreements"),
    path("agreements/<str:agreement>/", office.agreement, name="agreement"),
    path("ledger/", office.ledger, name="ledger"),
    path("sign-in/", LoginView.as_view(template_name="office/sign_in.html"), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
]
handler403 = "counterseal.web.views.errors.forbidden"
handler404 = "counterseal.web.views.errors.not_found"
handler500 = "counterseal.web.views.errors.failed"
