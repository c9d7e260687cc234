"""Signing in: the password, and the code where there is a second step. The library's views, outside a transaction, because tries that are
counted have to stay counted whatever becomes of the request."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account_views
from allauth.mfa.base import views as code_views
from django.conf import settings
from django.db import transaction


class LoginView(account_views.LoginView):
    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {"sends_mail": bool(settings.EMAIL_URL)}


class CodeView(code_views.AuthenticateView):
    def _build_forms(self) -> Any:
        """The library takes a form without a code for one of a passkey, which the portal does not know."""
        self.webauthn_form = None
        data = self.request.POST if self.request.method == "POST" else None
        self.auth_form = self.get_form_class()(data=data, user=self.stage.login.user)
        return self.auth_form

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {"email": self.stage.login.user.email}


login = transaction.non_atomic_requests(LoginView.as_view())
code = transaction.non_atomic_requests(CodeView.as_view())
password_again = transaction.non_atomic_requests(account_views.ReauthenticateView.as_view())
code_again = transaction.non_atomic_requests(code_views.ReauthenticateView.as_view())
