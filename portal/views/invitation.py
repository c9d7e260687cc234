"""The page behind an invitation's address."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from portal import actors
from portal.invitation_forms import AcceptForm, NewPersonForm
from portal.pages import SeeOther
from portal.signed_in import begin_session
from tenants import invitations
from tenants.models import Invitation, User


@login_not_required
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, code: str, token: str) -> HttpResponse:
    """A new person chooses a name and a password; somebody with an account has to be signed in as the invited one."""
    found = invitations.find(code, token, now=timezone.now())
    if found is None:
        raise Http404("no such invitation, or it has ended")
    known = invitations.invited_user(found)
    if known and request.user != known:
        messages.info(request, _("Sign in as %(email)s to accept the invitation.") % {"email": found.email})
        return redirect_to_login(request.get_full_path(), reverse("account_login"))
    answers = request.POST if request.method == "POST" else None
    form = AcceptForm(answers) if known else NewPersonForm(answers, email=found.email)
    if request.method == "POST" and form.is_valid():
        person = known or _new_person(found, form.cleaned_data)
        if person is None:
            raise Http404("accepted a moment ago")
        return _accepted(request, found, person)
    status = 422 if request.method == "POST" else 200
    return render(request, "portal/invitation.html", {"invitation": found, "form": form}, status=status)


def _new_person(found: Invitation, answers: dict[str, Any]) -> User | None:
    """None when a request at the same moment made the account."""
    try:
        with transaction.atomic():
            return User.objects.create_user(found.email, answers["password"], name=answers["name"])
    except IntegrityError:
        return None


def _accepted(request: HttpRequest, found: Invitation, person: User) -> HttpResponse:
    try:
        tenant = invitations.accept(found, person, actors.of(request, person), now=timezone.now())
    except invitations.AlreadyAccepted:
        raise Http404("no such invitation, or it has ended") from None
    if request.user != person:
        # Also in a browser where somebody else is signed in, who would be led to a company that is not theirs.
        begin_session(request, person)
    return SeeOther(reverse("home", args=[tenant.slug]))
