"""How django-allauth asks who somebody is, where it would do it in another way than the portal does."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal import account_mails, known_browsers, sign_in_audit, sign_in_limits
from portal.reauthentication import is_recent
from tenants.audit import client_ip
from tenants.models import User

# Of a connection that has none, such as a socket of this machine; the library's table needs one.
NO_ADDRESS = "0.0.0.0"  # nosec B104 # a mark in a table, nothing listens there


class AccountAdapter(DefaultAccountAdapter):
    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Unknown address, wrong password and an account that was switched off are one answer, after as long a time: the backend hashes a
        password for somebody who is not there, too."""
        email = credentials["email"].lower()
        tries = sign_in_limits.of_sign_in(request, email)
        sign_in_limits.take(request, tries, email=email)
        user = authenticate(request, **credentials)
        if user is None:
            sign_in_audit.to(request, User.objects.filter(email=email).first(), sign_in_audit.REFUSED)
            return None
        sign_in_limits.give_back(tries)
        return user

    def post_login(self, request: HttpRequest, user: User, **about: Any) -> HttpResponse:
        """After all steps."""
        response = super().post_login(request, user, **about)
        known_browsers.remember(request, response, user.email)
        sign_in_audit.by(request, user, sign_in_audit.SIGNED_IN)
        return response

    def is_reauthentication_required(self, *, app: str, **about: Any) -> bool:
        """The library takes only a second password for one; here signing in counts as well."""
        return not is_recent(context.request)

    def reauthenticate(self, user: User, password: str) -> bool:
        """The library looks for an address in a table of its own, which the portal does not use."""
        tries = sign_in_limits.of_password_again(user)
        sign_in_limits.take(context.request, tries, user)
        is_right = user.check_password(password)
        if is_right:
            sign_in_limits.give_back(tries)
        return is_right

    def set_password(self, user: User, password: str) -> None:
        """The web's login may write this column, and not whether somebody is staff."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def is_safe_url(self, url: str) -> bool:
        """The library allows every host that the portal may be reached by, this machine's own names included."""
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or NO_ADDRESS

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_login"))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """The library names a template of its own for each thing that happened."""
        account_mails.tell(user, template_prefix.rpartition("/")[2])
