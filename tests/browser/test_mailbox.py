"""The mailbox of the demo in a browser: readable for everybody, and its mails have no rights but to open a tab."""

from __future__ import annotations

from collections.abc import Iterator

import playwright.sync_api as playwright
import pytest

from tests import mailbox
from tests.browser.visit import NARROWEST, Visit

HOSTILE = f"""<html><head><title>x</title></head><body><h1>Your report</h1><a href="{mailbox.LINK}">Open the report</a>
<script>document.title = "taken over"; top.location = "https://evil.example"</script>
<img src="https://tracker.example/seen.gif" onerror="top.location = 'https://evil.example'" alt=""></body></html>"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, chromium_path: str) -> Iterator[mailbox.Mailbox]:
    with mailbox.running(tmp_path_factory.mktemp("mail")) as filled:
        filled.take(mailbox.letter(subject="Calls of the North American Hospitality Corporation, quarterly", html=HOSTILE))
        yield filled


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("which", ["list", "mail"])
def test_its_pages_break_no_rule_of_axe_and_fit_a_small_window(browser: playwright.Browser, filled: mailbox.Mailbox, theme, which):
    with browser.new_context(color_scheme=theme, viewport=NARROWEST) as context:
        visit = Visit(context.new_page())
        visit.page.goto(filled.web + (filled.newest() if which == "mail" else ""))

        assert visit.violations() == []
        assert visit.sideways() <= 0


def test_a_mail_cannot_run_or_load_anything(browser: playwright.Browser, filled: mailbox.Mailbox):
    with browser.new_context() as context:
        page, failed = context.new_page(), []
        page.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
        page.goto(filled.web + filled.newest(), wait_until="load")
        page.frame_locator("iframe").get_by_role("heading", name="Your report").wait_for()

        assert page.title().startswith("Calls of the North American")
        # Stopped by its policy, before it left: without one it would fail for want of a host of that name.
        assert failed == [("https://tracker.example/seen.gif", "csp")]


def test_its_links_open_in_a_tab_without_any_script(browser: playwright.Browser, filled: mailbox.Mailbox):
    with browser.new_context(java_script_enabled=False) as context:
        context.route(f"{mailbox.LINK}*", lambda route: route.fulfill(body="the customer's page"))
        page = context.new_page()
        page.goto(filled.web + filled.newest())
        with context.expect_page() as opened:
            page.frame_locator("iframe").get_by_role("link", name="Open the report").click()

        assert opened.value.url == mailbox.LINK
