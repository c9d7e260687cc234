"""A company's colour, and what can be read on it: by day and by night, on a button and as a link."""

from __future__ import annotations

import re
from dataclasses import dataclass

OURS = "#1b1f29"
BLACK, WHITE = "#000000", "#ffffff"
# The paper of the dark theme, that a link has to be read on.
DARK_PAPER = "#15181e"
# WCAG 2.2, success criterion 1.4.3.
LEAST_CONTRAST = 4.5
# By night a colour that just passes looks dull.
NIGHT_CONTRAST = 9
HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Brand:
    """`on` is the text on the colour, `link` the colour as text on white, `soft` a tint to lay facts on; `dark_*` the same at night."""

    color: str
    on: str
    link: str
    soft: str
    dark_color: str
    dark_on: str
    dark_soft: str


def brand(color: str) -> Brand:
    """Of a company's `brand_color`. One that cannot be read gives way to a darker or lighter one of its kind."""
    color = color.lower() if HEX.fullmatch(color) else OURS
    dark = _until_read(color, WHITE, DARK_PAPER, NIGHT_CONTRAST)
    return Brand(
        color=color,
        on=_on(color),
        link=_until_read(color, BLACK, WHITE),
        soft=_mixed(color, WHITE, 0.93),
        dark_color=dark,
        dark_on=_on(dark),
        dark_soft=_mixed(color, DARK_PAPER, 0.85),
    )


def is_readable(color: str) -> bool:
    """Whether white text can be read on it, and so the colour itself on white. Of "#rrggbb"."""
    return contrast(color, WHITE) >= LEAST_CONTRAST


def nearest_readable(color: str) -> str:
    """Itself, or as little darker as it takes."""
    return _until_read(color, BLACK, WHITE, steps=255)


def contrast(one: str, other: str) -> float:
    """From 1 to 21, as WCAG counts it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _on(color: str) -> str:
    return WHITE if contrast(color, WHITE) >= contrast(color, BLACK) else BLACK


def _until_read(color: str, towards: str, paper: str, least: float = LEAST_CONTRAST, steps: int = 20) -> str:
    """The nearest mixture with `towards` that can be read on the paper."""
    mixed = (_mixed(color, towards, step / steps) for step in range(steps + 1))
    return next(mixture for mixture in mixed if contrast(mixture, paper) >= least)


def _mixed(color: str, other: str, share: float) -> str:
    """`share` of the other one."""
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in zip(_parts(color), _parts(other), strict=True))


def _luminance(color: str) -> float:
    red, green, blue = ((part / 255 / 12.92) if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
