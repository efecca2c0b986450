"""What a web server loads."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "counterseal.settings.django")
application = get_wsgi_application()

from counterseal.web.warm import warm  # noqa: E402  # after Django stands

warm()
