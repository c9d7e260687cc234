"""Where a signed-in person goes, and how the pages look to them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.language import page_language, remember
from portal.pages import SeeOther
from portal.requests import MemberRequest
from tenants.models import Membership, User
from tenants.scope import user_scope

THEMES = ("light", "dark")


@require_safe
def root(request: MemberRequest) -> HttpResponse:
    memberships = _memberships(request)
    if request.user.is_staff and not memberships:
        return redirect("staff")
    if len(memberships) == 1 and not request.user.is_staff:
        return redirect("home", memberships[0].tenant.slug)
    return redirect("choose")


@require_safe
def choose(request: MemberRequest) -> HttpResponse:
    return render(request, "portal/choose.html", {"memberships": _memberships(request)})


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """What the script does at once, for those without it. The cookie is readable by script, which writes it too."""
    response = _back(request)
    if request.POST.get("theme") in THEMES:
        year = timedelta(days=365)
        response.set_cookie("theme", request.POST["theme"], max_age=year, secure=request.is_secure(), samesite="Lax")
    return response


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """`language` empty: what the browser asks for. Kept with the person who is signed in, and in the browser."""
    response, wished = _back(request), request.POST.get("language")
    if wished in ("", *dict(settings.LANGUAGES)):
        remember(response, wished)
        if isinstance(request.user, User):
            request.user.language = wished
            request.user.save(update_fields=["language"])
            # As the next page is: the cookie that was sent with this one has no say any more.
            request.COOKIES.pop(settings.LANGUAGE_COOKIE_NAME, None)
            with translation.override(page_language(request)):
                messages.success(request, _("Your language was saved."))
    return response


def _back(request: HttpRequest) -> SeeOther:
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("root")
    return SeeOther(back)


def _memberships(request: MemberRequest) -> list[Membership]:
    with user_scope(request.user):
        return list(Membership.objects.filter(user=request.user).select_related("tenant").order_by("tenant__name"))
