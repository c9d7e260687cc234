"""Which language somebody reads: what they chose, else what their browser asks for, else English.

A choice is kept with the person, and in a cookie of the browser, which counts before somebody signs in and where no person is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request

from reports.models import Link

# Staff pages have no German, and what programs are answered does not change with who asks.
ENGLISH = re.compile(r"/(staff|api|((Prod|dev)/)?qs[-_]anonymous[-_]snapshot)(/|\Z)")
# Where a person is asked for in any case. Elsewhere nobody is looked up: not for a check of health, not for an end customer.
OF_PEOPLE = re.compile(r"/(t|accounts|choose|invitations|language)(/|\Z)")
YEAR = timedelta(days=365)


class LanguageMiddleware:
    """Below authentication. Pages of customers choose for themselves, by `customer_language`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if ENGLISH.match(request.path):
            return self.get_response(request)
        request.LANGUAGE_CODE = page_language(request)
        with translation.override(request.LANGUAGE_CODE):
            response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def page_language(request: HttpRequest) -> str:
    """One of settings.LANGUAGES."""
    own: str = request.user.language if OF_PEOPLE.match(request.path) and request.user.is_authenticated else ""
    return own or get_language_from_request(request)


def error_language(request: HttpRequest) -> str:
    """Of a page that says what broke. Where not even the person could be read, what the browser says decides."""
    if ENGLISH.match(request.path):
        return settings.LANGUAGE_CODE
    return getattr(request, "LANGUAGE_CODE", "") or get_language_from_request(request)


def customer_language(request: HttpRequest, link: Link | None = None) -> str:
    """What the recipient was known to read when the link was made; else what the browser asks for. One of settings.LANGUAGES."""
    return (link.language if link else "") or get_language_from_request(request)


def remember(response: HttpResponse, language: str) -> None:
    """In the browser. Empty: as it asks for again."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, secure=settings.LANGUAGE_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
