"""Pressing Undo in the toast of a page."""

from __future__ import annotations

import html
import re

from django.http import HttpResponse
from django.test import Client

TOAST = re.compile(r'<form class="toast" method="post" action="([^"]+)".*?name="token" value="([^"]+)".*?<span>(.*?)</span>', re.S)


def toast_of(answer: HttpResponse) -> tuple[str, str, str]:
    """Where its button leads, the token, what it says."""
    found = TOAST.search(answer.content.decode())
    assert found, "there is no toast"
    return found[1], html.unescape(found[2]), html.unescape(found[3])


def press_undo(browser: Client, answer: HttpResponse) -> HttpResponse:
    address, token, _told = toast_of(answer)
    return browser.post(address, {"token": token}, follow=True)
