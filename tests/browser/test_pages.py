"""Every page: nothing for a screen reader, a small screen or a browser's console to complain about."""

from __future__ import annotations

import pytest

from tests.browser.pages import PAGES
from tests.browser.visit import DESKTOP, MOBILE, NARROWEST, Visitors

LOOKS = [(size, scheme) for size in (DESKTOP, MOBILE) for scheme in ("light", "dark")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_accessible_quiet_and_never_wider_than_the_screen(page, visitors: Visitors):
    found = []

    with visitors.at(page) as visit:
        for size, scheme in LOOKS:
            visit.page.set_viewport_size(size)
            visit.page.emulate_media(color_scheme=scheme)
            found += [f"{size['width']} {scheme}: {violation}" for violation in visit.violations()]
        visit.page.set_viewport_size(NARROWEST)
        sideways = visit.sideways()

    assert visit.status == page.status
    assert visit.complaints == []
    assert found == []
    assert sideways == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_stands_without_script(page, visitors: Visitors):
    with visitors.at(page, script=False) as visit:
        visit.page.set_viewport_size(NARROWEST)
        sideways = visit.sideways()
        headings = visit.page.locator("h1").all_inner_texts()
        for_script_only = visit.page.locator("[data-script-only]:visible").count()

    assert visit.status == page.status
    assert visit.complaints == []
    assert sideways == 0
    assert len(headings) == 1
    assert for_script_only == 0
