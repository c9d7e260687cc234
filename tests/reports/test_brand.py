from __future__ import annotations

import pytest

from reports.brand import DARK_PAPER, LEAST_CONTRAST, OURS, WHITE, brand, contrast

COLORS = ["#0b5e6b", "#ffff00", "#000000", "#ffffff", "#ff0000", "#7f7f7f", "#1b1f29", "#00ff7f"]


@pytest.mark.parametrize("color", COLORS)
def test_whatever_the_colour_its_texts_can_be_read_by_day_and_by_night(color):
    found = brand(color)

    assert contrast(found.color, found.on) >= LEAST_CONTRAST
    assert contrast(found.link, WHITE) >= LEAST_CONTRAST
    assert contrast(found.dark_color, DARK_PAPER) >= LEAST_CONTRAST
    assert contrast(found.dark_color, found.dark_on) >= LEAST_CONTRAST


@pytest.mark.parametrize("color", COLORS)
def test_facts_can_be_read_on_its_tint(color):
    found = brand(color)

    assert contrast(found.soft, "#464d5b") >= LEAST_CONTRAST
    assert contrast(found.dark_soft, "#a9b0bd") >= LEAST_CONTRAST


@pytest.mark.parametrize("color", ["", "red", "#fff", "url(x)", "#12345g", "#0b5e6b;}"])
def test_what_is_no_colour_gives_our_own(color):
    assert brand(color).color == OURS


def test_contrast_is_counted_as_wcag_does():
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54
