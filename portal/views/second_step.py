"""Setting up a second step, its recovery codes, and removing it. Each change ends all other sessions."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import qrcode
from allauth.mfa.adapter import get_adapter
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.totp import views as app_views
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from qrcode.image.svg import SvgPathImage

from portal import second_step, sign_in_audit
from portal.reauthentication import recently_authenticated
from portal.requests import MemberRequest
from portal.second_step_codes import note_used
from portal.second_step_pending import forget_pending, pending_secret
from portal.signed_in import end_sessions
from portal.way_back import way_back


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Where the library leads after a change."""
    return redirect("account")


class ActivateView(app_views.ActivateTOTPView):
    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Without the library's, which draws the picture into the page, where the content security policy forbids it."""
        # Each form that is made for a visit has another secret, so there is one.
        form = context.get("form") or self.get_form()
        groups = [form.secret[start : start + 4] for start in range(0, len(form.secret), 4)]
        return super(app_views.ActivateTOTPView, self).get_context_data(**context | {"form": form}) | {
            "secret": groups,
            "back": way_back(self.request, ""),
        }

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                super().form_valid(form)
                note_used(self.request.user, form.step)
                _changed(self.request, sign_in_audit.ADDED)
        except IntegrityError:
            # The button was pressed twice at once.
            return redirect("account")
        forget_pending(self.request)
        second_step.note_given(self.request)
        back = way_back(self.request, "")
        return redirect(
            f"{reverse('mfa_view_recovery_codes')}?{urlencode({REDIRECT_FIELD_NAME: back})}" if back else "mfa_view_recovery_codes"
        )


class DeactivateView(app_views.DeactivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            _changed(self.request, sign_in_audit.REMOVED)
        second_step.forget_given(self.request)
        return response


class CodesView(recovery_views.ViewRecoveryCodesView):
    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {"back": way_back(self.request, reverse("account"))}


class NewCodesView(recovery_views.GenerateRecoveryCodesView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            _changed(self.request, sign_in_audit.CODES_MADE)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        messages.error(self.request, _("Recovery codes belong to a second step. Set one up first."))
        return redirect("account")


activate = recently_authenticated(transaction.non_atomic_requests(ActivateView.as_view()))
deactivate = recently_authenticated(DeactivateView.as_view())
codes = recently_authenticated(CodesView.as_view())
new_codes = recently_authenticated(NewCodesView.as_view())


@recently_authenticated
@require_safe
def picture(request: HttpRequest) -> HttpResponse:
    """For the app's camera: the secret that the page beside it is about. A file of its own, which the content security policy allows."""
    adapter = get_adapter()
    drawn = BytesIO()
    qrcode.make(adapter.build_totp_url(request.user, pending_secret(request, fresh=False)), image_factory=SvgPathImage).save(drawn)
    return HttpResponse(drawn.getvalue(), content_type="image/svg+xml")


def _changed(request: MemberRequest, action: str) -> None:
    end_sessions(request.user, except_key=request.session.session_key)
    sign_in_audit.by(request, request.user, action)
