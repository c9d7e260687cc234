"""A person's own account, whatever companies it belongs to."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal import sign_in_audit
from portal.account_forms import NameForm
from portal.browsers import with_system
from portal.pages import SeeOther
from portal.reauthentication import recently_authenticated
from portal.requests import MemberRequest
from portal.second_step_codes import app_of
from portal.signed_in import count, end_session, end_sessions, listed


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: MemberRequest) -> HttpResponse:
    form = NameForm(request.POST if request.method == "POST" else None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        request.user.save(update_fields=["name"])
        messages.success(request, _("Your name was saved."))
        return SeeOther(reverse("account"))
    context = {
        "form": form,
        "second_step": app_of(request.user),
        "until": request.user.second_step_by,
        "sessions": count(request.user),
    }
    return render(request, "account/account.html", context, status=422 if request.method == "POST" else 200)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: MemberRequest) -> HttpResponse:
    """POST ends one, by its number in `session`, or all others."""
    if request.method == "POST":
        return _end(request)
    here = request.session.session_key
    rows = [(row, with_system(row.user_agent), row.session_key == here) for row in listed(request.user)]
    return render(request, "usersessions/usersession_list.html", {"rows": rows})


def _end(request: MemberRequest) -> HttpResponse:
    chosen = request.POST.get("session", "")
    if not chosen:
        ended = end_sessions(request.user, except_key=request.session.session_key)
    elif chosen.isdecimal() and len(chosen) < 19:
        ended = end_session(request.user, int(chosen))
    else:
        raise Http404("no such session")
    if ended:
        sign_in_audit.by(request, request.user, sign_in_audit.ENDED, sessions=ended)
    messages.success(request, ngettext("%(n)s session was ended.", "%(n)s sessions were ended.", ended) % {"n": ended})
    return SeeOther(reverse("usersessions_list"))


@require_safe
def confirmed(request: MemberRequest) -> HttpResponse:
    return render(request, "account/confirmed.html")
