"""Whether somebody has to have a second step here: a company's policy `mfa`, and PORTAL_STAFF_MFA for the platform's own pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from portal.requests import MemberRequest
from tenants.models import Tenant, User
from tenants.scope import as_login

GRACE = timedelta(days=14)
Policy = Tenant.Mfa


def policy_redirect(request: MemberRequest, tenant: Tenant | None) -> HttpResponse | None:
    """The way to the set-up, for a person who has to have a second step to go on; None: come in. `tenant` None: staff's own pages.

    Whoever has one was asked for it when the session began, so the session tells and nothing is read for it.
    """
    policy = tenant.mfa if tenant else settings.PORTAL_STAFF_MFA
    if policy == Policy.OPTIONAL or has_given_one(request):
        return None
    if policy == Policy.GRACE and (until := _grace_of(request.user, timezone.now())):
        request.second_step_until = until
        return None
    return _to_set_up(request, tenant.name if tenant else settings.PLATFORM_NAME)


def has_given_one(request: HttpRequest) -> bool:
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def note_given(request: MemberRequest) -> None:
    """It was set up in this very session, with a code that was right."""
    record_authentication(request, request.user, method="mfa")


def forget_given(request: MemberRequest) -> None:
    """It was removed: this session counts as one without."""
    records = get_authentication_records(request, request.user)
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [record for record in records if record["method"] != "mfa"]


def _grace_of(person: User, now: datetime) -> datetime | None:
    """Until when it goes without; counted from the first time that this is asked, once, whichever request comes first. None: it is over."""
    if person.second_step_by is None:
        with as_login():
            User.objects.filter(pk=person.pk, second_step_by=None).update(second_step_by=now + GRACE)
            person.second_step_by = User.objects.values_list("second_step_by", flat=True).get(pk=person.pk)
    until = person.second_step_by
    return until if until and until > now else None


def _to_set_up(request: MemberRequest, whose: str) -> HttpResponse:
    back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("root")
    address = f"{reverse('mfa_activate_totp')}?{urlencode({REDIRECT_FIELD_NAME: back})}"
    if request.method not in ("GET", "HEAD"):
        return render(request, "account/second_step_first.html", {"whose": whose, "address": address}, status=403)
    if request.htmx:
        # A part of a page must not be replaced by another whole page.
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
