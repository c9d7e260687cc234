"""A new password, by somebody who knows the old one, or by mail. Either ends all other sessions, and neither touches the second step."""

from __future__ import annotations

from typing import Any

from allauth.account import views
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from portal import sign_in_audit
from portal.requests import MemberRequest
from portal.signed_in import end_sessions


class ChangeView(views.PasswordChangeView):
    def dispatch(self, request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_usable_password():
            return redirect("account_reset_password")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            end_sessions(self.request.user, except_key=self.request.session.session_key)
            sign_in_audit.by(self.request, self.request.user, sign_in_audit.CHANGED)
        return response


@method_decorator(login_not_required, name="dispatch")
class ResetView(views.PasswordResetView):
    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {"sends_mail": bool(settings.EMAIL_URL)}


@method_decorator(login_not_required, name="dispatch")
class ResetKeyView(views.PasswordResetFromKeyView):
    def form_valid(self, form: Any) -> HttpResponse:
        """Signs nobody in: the next page is sign-in, which asks for the second step as ever (ASVS 6.4.3)."""
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            end_sessions(self.reset_user)
            sign_in_audit.to(self.request, self.reset_user, sign_in_audit.RESET)
        return response


change = transaction.non_atomic_requests(ChangeView.as_view())
reset = transaction.non_atomic_requests(ResetView.as_view())
reset_key = transaction.non_atomic_requests(ResetKeyView.as_view())


@login_not_required
@require_safe
def reset_done(request: HttpRequest) -> HttpResponse:
    return render(request, "account/password_reset_done.html")


@login_not_required
@require_safe
def reset_key_done(request: HttpRequest) -> HttpResponse:
    return render(request, "account/password_reset_from_key_done.html")
