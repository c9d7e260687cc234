"""Pages that want to know that the person is still there: a password or a code within the last ten minutes (ASVS 7.5.1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal.requests import MemberRequest

View = Callable[..., HttpResponse]
# Never sent back to a browser inside a page: whoever reads over a shoulder, or the page's source, would have them.
SECRET_FIELDS = ("csrfmiddlewaretoken", "password", "password1", "password2", "oldpassword", "secret")


def recently_authenticated(view: View) -> View:
    """Outside `@tenant_page` and `@staff_page`. A GET comes back here after the password; a POST does nothing, and is offered again."""

    @wraps(view)
    def page(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_recent(request):
            return view(request, *args, **kwargs)
        if request.method in ("GET", "HEAD"):
            return redirect(confirm_url(request))
        return _ask_before(request)

    return page


def is_recent(request: HttpRequest) -> bool:
    """Whether this session's person gave a password or a code within ACCOUNT_REAUTHENTICATION_TIMEOUT; signing in counts."""
    records = get_authentication_records(request, request.user)
    return any(time.time() - record["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT for record in records)


def note_password(request: HttpRequest) -> None:
    """The person of this session typed, or chose, a password a moment ago."""
    record_authentication(request, request.user, method="password")


def confirm_url(request: HttpRequest) -> str:
    """The page that asks, and comes back to where the person is."""
    back = request.get_full_path() if request.method in ("GET", "HEAD") else request.path
    return f"{reverse('account_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: back})}"


def _ask_before(request: HttpRequest) -> HttpResponse:
    """What was filled in stands in the page, to be sent again after confirming in another tab. Files have to be chosen anew."""
    fields = [(name, value) for name, values in request.POST.lists() if name not in SECRET_FIELDS for value in values]
    context = {
        "confirm_url": f"{reverse('account_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: reverse('account_confirmed')})}",
        "again": request.get_full_path(),
        "fields": fields,
        "has_files": bool(request.FILES),
    }
    return render(request, "account/confirm_first.html", context, status=403)
