"""`/status/`: how the service is, for everybody. No sign-in, no script; it answers without a database, too."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils import timezone, translation
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal.language import customer_language
from portal.status_page import KEPT, page

AGAIN_SECONDS = 60


@login_not_required
@transaction.non_atomic_requests
@require_safe
@vary_on_headers("Accept-Language")
def service_status(request: HttpRequest) -> HttpResponse:
    """Drawn without the visitor's session, which would ask the database. Their light or dark is in a cookie."""
    now = timezone.now()
    with translation.override(customer_language(request)), timezone.override("UTC"):
        shown = get_template("status.html").render({"page": page(KEPT.known(), now), "request": request})
    return HttpResponse(shown, headers={"Refresh": str(AGAIN_SECONDS)})
