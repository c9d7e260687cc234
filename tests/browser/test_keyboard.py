"""Without a mouse: everything can be reached, in the order in which it is read, and one sees where one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PAGES
from tests.browser.visit import DESKTOP, MOBILE, Visitors
from tests.browser.walking import ENDS_WITHIN_MS
from tests.factories import PASSWORD

MOST_TABS = 250
# Every control that can be seen, in the order of the page.
IN_ORDER = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter(e => !e.disabled && e.type !== 'hidden' && e.checkVisibility({visibilityProperty: true}))
  .map((e, place) => { e.dataset.place = place; return place; })"""
HERE = """() => { const e = document.activeElement; if (e === document.body) return null;
  const outline = getComputedStyle(e);
  return {place: Number(e.dataset.place), name: (e.ariaLabel || e.labels?.[0]?.innerText || e.innerText || '').trim(),
          ring: outline.outlineStyle !== 'none' ? parseFloat(outline.outlineWidth) : 0, what: e.outerHTML.slice(0, 120)} }"""
WALKED = [page for page in PAGES if page.name in ("sign-in", "home", "reports", "reports-run", "jobs", "job", "links", "download")]


def tab_to(page: Page, name: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here and here["name"].startswith(name):
            return
    raise AssertionError(f"{name!r} is not reached by Tab on {page.url}")


@pytest.mark.parametrize("size", [DESKTOP, MOBILE], ids=["desktop", "mobile"])
@pytest.mark.parametrize("page", WALKED, ids=lambda page: page.name)
def test_tab_leads_through_every_control_in_the_order_of_reading_and_shows_where_one_is(page, size, visitors: Visitors):
    stops = []

    with visitors.at(page) as visit:
        visit.page.set_viewport_size(size)
        controls = visit.page.evaluate(IN_ORDER)
        for _ in range(MOST_TABS):
            visit.page.keyboard.press("Tab")
            stop = visit.page.evaluate(HERE)
            if stop is None or stop["place"] in [before["place"] for before in stops[:-1]]:
                break
            # A date has a stop each for day, month and year, and marks them itself.
            if not stops or stop["place"] != stops[-1]["place"]:
                stops.append(stop)

    assert [stop["place"] for stop in stops] == controls
    assert [stop["what"] for stop in stops if stop["ring"] < 2] == []


def test_the_first_stop_skips_to_the_content(visitors: Visitors):
    with visitors.window("marta") as visit:
        visit.page.goto("/t/azure-bay/")
        visit.page.keyboard.press("Tab")
        first = visit.page.evaluate(HERE)["name"]
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Tab")
        inside = visit.page.evaluate("document.querySelector('main').contains(document.activeElement)")

    assert first == "Skip to content"
    assert inside


def test_somebody_signs_in_and_runs_a_report_by_keyboard_alone(acme: str, visitors: Visitors):
    with visitors.window() as visit:
        page, keyboard = visit.page, visit.page.keyboard
        page.goto("/")
        tab_to(page, "Email")
        keyboard.type(acme)
        keyboard.press("Tab")
        keyboard.type(PASSWORD)
        keyboard.press("Enter")
        page.wait_for_url("**/t/acme/")
        tab_to(page, "Reports")
        keyboard.press("Enter")
        page.wait_for_url("**/reports/")
        tab_to(page, "Run now")
        keyboard.press("Enter")
        page.wait_for_url("**/run/")
        tab_to(page, "CSV")
        keyboard.press("Space")
        tab_to(page, "Run report")
        keyboard.press("Enter")
        page.wait_for_url("**/jobs/*/")

        expect(page.locator("h1 + .badge")).to_have_text("Delivered", timeout=ENDS_WITHIN_MS)

        tab_to(page, "See 2 files")
        keyboard.press("Enter")
        tab_to(page, "Download")
        with page.expect_download() as started:
            keyboard.press("Enter")
        name = started.value.suggested_filename

    assert name.startswith("daily-call")
    assert visit.complaints == []


def test_a_slash_leads_to_the_search(visitors: Visitors):
    with visitors.window("marta") as visit:
        # A list in which nothing moves: it does not ask for news while somebody types.
        visit.page.goto("/t/azure-bay/jobs/?status=failed")
        visit.page.keyboard.press("/")
        expect(visit.page.get_by_role("main").get_by_role("searchbox")).to_be_focused()
        visit.page.keyboard.type("agent")

        expect(visit.page.get_by_role("row")).to_have_count(2)

        searched = visit.page.url

    assert searched.endswith("q=agent&report=")
    assert visit.complaints == []


def test_where_a_page_has_no_search_of_its_own_a_slash_leads_to_the_one_of_everything(visitors: Visitors):
    with visitors.window("marta") as visit:
        page = visit.page
        page.goto("/t/azure-bay/settings/members/")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox", name="Search everything")).to_be_focused()
        page.keyboard.type("minibar")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search/?q=minibar")
        page.keyboard.press("/")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("conversion")

        expect(page.get_by_role("heading", name="Reports", exact=True)).to_be_visible()
        page.wait_for_url("**/search/?q=conversion")

    assert visit.complaints == []


def test_a_form_with_a_wrong_value_puts_the_focus_on_it(visitors: Visitors):
    (wrong,) = [page for page in PAGES if page.name == "reports-run-wrong"]

    with visitors.at(wrong) as visit:
        invalid = visit.page.evaluate("document.activeElement.getAttribute('aria-invalid')")

    assert invalid == "true"
