"""Without a browser: said in one line, and no reason to pass where one is required."""

from __future__ import annotations

import pytest

from tests.browser import chromium


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(chromium, "ON_MACOS", ())
    monkeypatch.delenv("REQUIRE_BROWSER", raising=False)


def test_without_a_browser_the_tests_are_skipped_with_a_line_that_says_how_to_get_one():
    with pytest.raises(pytest.skip.Exception, match="apt install chromium"):
        chromium.find()


def test_where_a_browser_is_required_its_absence_is_a_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REQUIRE_BROWSER", "1")

    with pytest.raises(pytest.fail.Exception, match="apt install chromium"):
        chromium.find()
