from __future__ import annotations

from collections.abc import Iterator

import playwright.sync_api as playwright
import pytest
from pytest_django import DjangoDbBlocker

from tests.browser import chromium
from tests.browser.cast import make_cast, make_lively_company
from tests.browser.stack import Stack, running_stack
from tests.browser.visit import Visitors


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips before any fixture does: what a fixture skips pytest lists test by test, and this becomes one line."""
    if "chromium_path" in item.fixturenames:
        chromium.find()


@pytest.fixture(scope="package")
def chromium_path() -> str:
    return chromium.find()


@pytest.fixture(scope="package")
def stack(
    chromium_path: str, django_test_environment: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("browser"), django_db_blocker.unblock) as stack:
        yield stack


@pytest.fixture(scope="package")
def browser(chromium_path: str) -> Iterator[playwright.Browser]:
    with chromium.running(chromium_path) as browser:
        yield browser


@pytest.fixture(scope="package")
def visitors(stack: Stack, browser: playwright.Browser) -> Visitors:
    return Visitors(browser, stack, stack.rows(make_cast))


@pytest.fixture(scope="package")
def acme(stack: Stack, visitors: Visitors) -> str:
    """The e-mail of somebody whose reports are really made."""
    return stack.rows(make_lively_company)
