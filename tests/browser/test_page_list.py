"""A page that is added to the product is added to tests/browser/pages.py, or is said to be none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.urls import URLPattern, get_resolver, resolve

from tests.browser.pages import NO_PAGE, NO_PAGES_OF, PAGES, Page


def patterns(found: list, inside: str = "") -> Iterator[URLPattern]:
    for pattern in found:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from patterns(pattern.url_patterns)


def names() -> set[str]:
    shown = [pattern for pattern in patterns(get_resolver().url_patterns) if not pattern.lookup_str.startswith(NO_PAGES_OF)]
    return {pattern.name for pattern in shown}


class Parts(dict):
    """Stands for every part of an address: an id where one is needed, and a code with its token."""

    def __missing__(self, name: str) -> str:
        return "AZUREBAY/token" if name.startswith(("link", "invitation")) else "00000000-0000-0000-0000-000000000000"


def name_of(page: Page) -> str:
    return resolve(page.address.format_map(Parts()).partition("?")[0]).url_name


def test_every_page_of_the_urlconf_is_in_the_list_or_has_a_reason_not_to_be():
    listed = {name_of(page) for page in PAGES if page.name != "error-404"}

    assert names() - listed - set(NO_PAGE) == set()


def test_what_is_said_to_be_no_page_exists_and_is_not_in_the_list():
    listed = {name_of(page) for page in PAGES if page.name != "error-404"}

    assert set(NO_PAGE) <= names()
    assert set(NO_PAGE) & listed == set()


def test_no_picture_has_the_name_of_another():
    assert len({page.name for page in PAGES}) == len(PAGES)


def test_every_page_stands_beside_its_mock_up():
    told = (Path(settings.BASE_DIR) / "docs" / "screens" / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in PAGES if f"[{page.name}]({page.name}--desktop-light.png)" not in told] == []
