"""The addresses of the interface. No sign-in page stands before them: they have their own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from counterseal.api import operations as _operations  # noqa: F401  # enters them in the interface
from counterseal.api.door import interface

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

_addresses = interface.urls
for _address in _addresses[0]:
    _address.callback.login_required = False  # type: ignore[union-attr]  # read by LoginRequiredMiddleware
urlpatterns: list[URLPattern | URLResolver] = [path("", _addresses)]
