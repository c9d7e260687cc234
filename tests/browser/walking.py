"""What people do on the pages, one verb each; the journeys are made of these."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.factories import PASSWORD

# A job takes a second here; a busy machine takes longer for everything else.
ENDS_WITHIN_MS = 60_000
LOOK_AGAIN_MS = 500


def sign_in(page: Page, email: str) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def run(page: Page, report: str, format: str) -> None:
    """Leads to the page of the job."""
    page.get_by_role("link", name="Reports").first.click()
    page.get_by_role("listitem").filter(has_text=report).get_by_role("link", name="Run now").click()
    # `all` waits for nothing: asked while the page still comes in it finds no box, and what is ticked by itself would be run.
    page.get_by_role("button", name="Run report").wait_for()
    for box in page.get_by_role("group", name="Format").get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("value") == format)
    page.get_by_role("button", name="Run report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(report)


def wait_for(page: Page, state: str, *, script: bool) -> None:
    """With script the page changes by itself; without, people load it again."""
    badge = page.locator("h1 + .badge")
    if script:
        expect(badge).to_have_text(state, timeout=ENDS_WITHIN_MS)
    for _ in range(ENDS_WITHIN_MS // LOOK_AGAIN_MS):
        if badge.inner_text() == state:
            return
        page.wait_for_timeout(LOOK_AGAIN_MS)
        page.reload()
    raise AssertionError(f"not {state!r}, but {badge.inner_text()!r}")


def downloaded(page: Page, press: Callable[[], None]) -> bytes:
    with page.expect_download() as started:
        press()
    return Path(started.value.path()).read_bytes()


def call_ids(file: bytes) -> set[str]:
    return {line["Call"] for line in csv.DictReader(io.StringIO(file.decode("utf-8-sig")))}
