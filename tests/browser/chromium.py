"""The browser of the distribution: where it is, and how it is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
MISSING = "browser tests need Chromium or Chrome: sudo apt install chromium (macOS: brew install --cask google-chrome)"
# It calls nobody by itself and draws without a graphics card. Playwright gives it an empty profile each time, and root no sandbox.
FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions",
)  # fmt: skip
# A busy machine is no failure.
PATIENCE_MS = 20_000


def find() -> str:
    """Its path. Where there is none the test that asks is skipped; with REQUIRE_BROWSER=1 it fails."""
    path = next(filter(None, map(shutil.which, NAMES)), None) or next((path for path in ON_MACOS if Path(path).exists()), None)
    if path:
        return path
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(MISSING)


@contextmanager
def running(path: str) -> Iterator[Browser]:
    """Playwright's own downloads are not used: the distribution keeps its browser up to date."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
