"""The style sheet that gives a company's colour to its customers' pages: three of the tokens that portal.css names."""

from __future__ import annotations

import hashlib

from reports.brand import DARK_PAPER, WHITE, brand

# What a customer's page is drawn in, and the picture of one on the page where the colour is chosen: nothing else there takes it.
PREVIEW = ".public, .brandpreview"


def style_of(color: str, selector: str = ":root") -> str:
    """The text on each colour is one that the colour was made readable against; see reports/brand.py."""
    look = brand(color)
    return (
        f"{selector} {{ --brand: light-dark({look.link}, {look.dark_color}); --on-brand: light-dark({WHITE}, {DARK_PAPER}); "
        f"--brand-soft: light-dark({look.soft}, {look.dark_soft}); }}\n"
    )


def version_of(color: str) -> str:
    """Changes with the style sheet, so that browsers may keep each version for ever. Empty: the company has no colour of its own."""
    return hashlib.sha256(style_of(color).encode()).hexdigest()[:12] if color else ""
