"""How often a password, a code or a mail to reset may be tried. docs/operations.md, "Sign-in", says why each number is what it is.

Pauses are short, and a stranger cannot keep a person out: whoever signed in with a browser before has tries of that browser's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal import known_browsers, limits, sign_in_audit
from portal.limits import Limit, TooMany
from tenants.models import User

MINUTES = 5
PAUSE = 60 * MINUTES
# Passwords. What is typed as an address counts alike whether there is such an account or not.
ADDRESS = Limit("sign-in from one address", 30, PAUSE)
ACCOUNT_HERE = Limit("sign-in to one account from one address", 5, PAUSE)
ACCOUNT = Limit("sign-in to one account", 20, PAUSE)
KNOWN_BROWSER = Limit("sign-in in a known browser", 5, PAUSE)
# Codes: six digits, of which two are right at a time.
CODES = Limit("codes", 5, PAUSE)
CODES_AN_HOUR = Limit("codes in an hour", 15, 60 * 60)
# A person's own password again, within a session.
AGAIN = Limit("password again", 5, PAUSE)
RESETS_HERE = Limit("resets from one address", 20, PAUSE)
RESETS = Limit("resets of one account", 3, PAUSE)
OF_PASSWORDS = (ADDRESS, ACCOUNT_HERE, ACCOUNT, KNOWN_BROWSER)
# Tries at whatever accounts: no company has to hear of them.
OF_NOBODY = (ADDRESS, RESETS_HERE)

Uses = list[tuple[Limit, str]]


def of_sign_in(request: HttpRequest, email: str) -> Uses:
    """The address first: what it may not try any more does not count against the account."""
    here = limits.network(request)
    uses: Uses = [(ADDRESS, here)]
    if browser := known_browsers.known_to(request, email):
        return [*uses, (KNOWN_BROWSER, browser)]
    return [*uses, (ACCOUNT_HERE, f"{email}|{here}"), (ACCOUNT, email)]


def of_codes(person: User) -> Uses:
    return [(CODES, str(person.pk)), (CODES_AN_HOUR, str(person.pk))]


def of_password_again(person: User) -> Uses:
    return [(AGAIN, str(person.pk))]


def of_reset(request: HttpRequest, email: str) -> Uses:
    return [(RESETS_HERE, limits.network(request)), (RESETS, email)]


def take(request: HttpRequest, uses: Sequence[tuple[Limit, str]], person: User | None = None, *, email: str = "") -> None:
    """Counts a try. Ends the request with 429 where there were too many; the first of a pause is in the audit trail."""
    for limit, who in uses:
        try:
            limits.use(limit, who)
        except TooMany as error:
            if error.first:
                whose = None if limit in OF_NOBODY else person or User.objects.filter(email=email).first()
                sign_in_audit.paused(request, limit.name, whose)
            raise ImmediateHttpResponse(too_many(request, limit)) from error


def give_back(uses: Sequence[tuple[Limit, str]]) -> None:
    for limit, who in uses:
        limits.give_back(limit, who)


def too_many(request: HttpRequest, limit: Limit) -> HttpResponse:
    """The pause began before now, so it is over by then at the latest. Who only types a password wrong may have a new one."""
    facts = {
        "minutes": limit.seconds // 60,
        "at": timezone.now() + timedelta(seconds=limit.seconds),
        "may_reset": bool(settings.EMAIL_URL) and limit in OF_PASSWORDS,
    }
    answer = render(request, "429.html", facts, status=429)
    answer["Retry-After"] = str(limit.seconds)
    return answer
