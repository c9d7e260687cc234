"""A browser whose person gave the password a moment ago, as pages with `@recently_authenticated` ask for."""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY, AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from tenants.models import User


def sign_in(browser: Client, person: User, *, seconds_ago: float = 0, with_code: bool = False) -> Client:
    """`with_code`: a second step was given as well."""
    browser.force_login(person)
    session = browser.session
    methods = ["password", "mfa"] if with_code else ["password"]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": method, "at": time.time() - seconds_ago} for method in methods]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
    session.save()
    return browser
