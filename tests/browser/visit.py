"""A page in a browser, and everything about it that nobody should have to complain about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import playwright.sync_api as browser
from allauth.usersessions.models import UserSession
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client

from tenants.models import User
from tests.browser.cast import FIREFOX, Cast
from tests.browser.chromium import PATIENCE_MS
from tests.browser.pages import Page
from tests.browser.stack import Stack
from tests.recently import sign_in

Size = browser.ViewportSize
DESKTOP, MOBILE, NARROWEST = Size(width=1440, height=900), Size(width=390, height=844), Size(width=320, height=640)
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
AXE = Axe().axe_script
RUN_AXE = "rules => axe.run(rules).then(found => found.violations)"
# Makes the browser tell in its console what the policy stopped, whoever asked for it.
TELL_CSP = "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI, e.sourceFile))"
# A page that is left, for a file or for another page, stops what it was loading.
LEFT = "net::ERR_ABORTED"


# Who has no second step yet.
WITHOUT_SECOND_STEP = "nils@harbour.example"


@dataclass
class Visit:
    """`complaints` grow while the page is open; `answers` are the pages' own, by which the last tells the status."""

    page: browser.Page
    complaints: list[str] = field(default_factory=list)
    answers: list[browser.Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("requestfailed", self._note_failure)
        self.page.on("response", self._note_answer)

    @property
    def status(self) -> int:
        return self.answers[-1].status

    def violations(self) -> list[str]:
        """What axe finds: rule, place, why."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        found: list[dict[str, Any]] = self.page.evaluate(RUN_AXE, RULES)
        return [f"{rule['id']} at {node['target']}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]

    def sideways(self) -> int:
        """How many pixels the page is wider than the window."""
        return self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")

    def _note_console(self, message: browser.ConsoleMessage) -> None:
        # Chromium calls a page that answers 404 an error of its own address.
        of_the_page = message.location["url"] in [answer.url for answer in self.answers]
        if message.type in ("error", "warning") and not (of_the_page and message.text.startswith("Failed to load resource")):
            self.complaints.append(f"console: {message.text}")

    def _note_failure(self, request: browser.Request) -> None:
        if request.failure != LEFT:
            self.complaints.append(f"failed: {request.method} {request.url} {request.failure}")

    def _note_answer(self, response: browser.Response) -> None:
        if response.request.is_navigation_request():
            self.answers.append(response)
        elif response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@dataclass(frozen=True)
class Visitors:
    """Whoever opens a page."""

    browser: browser.Browser
    stack: Stack
    cast: Cast
    _kept: dict[bool, Visit] = field(default_factory=dict)

    @contextmanager
    def window(self, who: str = "", *, script: bool = True, size: Size = DESKTOP) -> Iterator[Visit]:
        """A new one, which knows nothing of others."""
        visit = self._open(script)
        self._come_as(visit, who, size)
        try:
            yield visit
        finally:
            visit.page.context.close()

    @contextmanager
    def at(self, shown: Page, *, script: bool = True, size: Size = DESKTOP) -> Iterator[Visit]:
        """The page of the list, in the state that the list says. In a window that is kept: a new one costs as much as two pages."""
        if script not in self._kept:
            self._kept[script] = self._open(script)
        visit = self._kept[script]
        self._come_as(visit, shown.visitor, size)
        visit.page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": shown.language, "url": self.stack.address}])
        with shown.during(self.stack):
            visit.page.goto(shown.address.format_map(self.cast.parts), wait_until="load")
            shown.act(visit.page)
            visit.page.wait_for_load_state("load")
        yield visit

    def _open(self, script: bool) -> Visit:
        context = self.browser.new_context(base_url=self.stack.address, java_script_enabled=script, locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(TELL_CSP)
        return Visit(context.new_page())

    def _come_as(self, visit: Visit, who: str, size: Size) -> None:
        """With nothing left of whoever came before. Pages leave cookies only."""
        visit.page.goto("about:blank")
        visit.page.context.clear_cookies()
        visit.complaints.clear()
        visit.answers.clear()
        visit.page.set_viewport_size(size)
        visit.page.emulate_media(color_scheme="light")
        if who:
            session = self.stack.rows(session_of, self.cast.people[who])
            visit.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.stack.address}])


def session_of(user: User) -> str:
    """Begun a moment ago, with a second step, as most people's are: else each page would say that one is needed."""
    client = sign_in(Client(), user, with_code=user.email != WITHOUT_SECOND_STEP)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    UserSession.objects.create(user=user, session_key=key, ip="192.0.2.17", user_agent=FIREFOX)
    return key
