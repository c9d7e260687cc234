"""`make screenshots`: draws every page of the list into docs/screens/, so that one sees in a change what it changed.

Not a test, and so not named like one, but what it needs is what the tests beside it need.
"""

from __future__ import annotations

import io
from pathlib import Path

import playwright.sync_api as playwright
import pytest
from django.conf import settings
from PIL import Image

from tests.browser.cast_mails import make_mails
from tests.browser.pages import PAGES
from tests.browser.visit import DESKTOP, MOBILE, Visitors

FOLDER = Path(settings.BASE_DIR) / "docs" / "screens"
MAILS = ("email-delivered", "email-digest", "email-failure", "email-invitation")
SIZES = {"desktop": DESKTOP, "mobile": MOBILE}
# Dark ones of a small screen only where the design has them: elsewhere the wide dark and the narrow light one tell as much.
DARK_AND_NARROW = {
    "home", "home-first-run", "reports", "reports-run", "jobs", "jobs-empty", "job", "job-failed", "links", "download", "download-expired",
    "download-revoked",
}  # fmt: skip
# A third of the size. The most frequent ones as they are: an average would turn the few red letters of a grey page brown.
COLOURS = 64


@pytest.fixture(scope="module", autouse=True)
def no_pictures_of_pages_that_are_gone() -> None:
    names = {page.name for page in PAGES} | set(MAILS)
    for picture in FOLDER.glob("*.png"):
        if picture.name.rpartition("--")[0] not in names:
            picture.unlink()


@pytest.mark.parametrize("device", SIZES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_draw(page, device, visitors: Visitors):
    size = SIZES[device]
    schemes = ("light",) if device == "mobile" and page.name not in DARK_AND_NARROW else ("light", "dark")
    with visitors.at(page, size=size) as visit:
        _draw(visit.page, f"{page.name}--{device}", size, schemes)


@pytest.fixture(scope="module")
def mails(visitors: Visitors) -> dict[str, str]:
    return visitors.stack.rows(make_mails)


@pytest.mark.parametrize("device", SIZES)
@pytest.mark.parametrize("name", MAILS)
def test_draw_a_mail(name, device, mails, visitors: Visitors):
    with visitors.window(size=SIZES[device]) as visit:
        visit.page.set_content(mails[name])
        _draw(visit.page, f"{name}--{device}", SIZES[device], ("light", "dark"))


def _draw(page: playwright.Page, name: str, size: dict[str, int], schemes: tuple[str, ...]) -> None:
    # As tall as the page, so that what sticks to the window's edges is drawn at the page's.
    height = page.evaluate("document.scrollingElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
        _reduced(picture.convert("RGB")).save(FOLDER / f"{name}-{scheme}.png", optimize=True)


def _reduced(picture: Image.Image) -> Image.Image:
    frequent = sorted(picture.getcolors(picture.width * picture.height), reverse=True)[:COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in frequent for part in colour])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
