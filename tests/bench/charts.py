"""Bars lying beside their names, as a plain SVG file that a page on any background can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, TOP, ROW, LETTER, MARGIN = 900, 50, 22, 6.3, 12
MEASURED, THOUGHT, INK, LINE = "#2458a6", "#b9c3d3", "#1b2430", "#c0392b"


@dataclass(frozen=True)
class Bar:
    """`is_thought`: computed, not measured; paler, without a span."""

    name: str
    value: float
    least: float
    most: float
    is_thought: bool = False


def draw(title: str, bars: Sequence[Bar], *, line: float) -> str:
    """`line`: the value that matters, drawn through all bars."""
    left = MARGIN + LETTER * max(len(bar.name) for bar in bars) + 8
    scale = (WIDTH - left - 60) / max(line, *(bar.most for bar in bars))
    height = TOP + ROW * len(bars) + MARGIN
    rows = [_row(bar, TOP + ROW * number, left, scale) for number, bar in enumerate(bars)]
    at = left + line * scale
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            f'<text x="{MARGIN}" y="24" font-size="14" font-weight="bold" fill="{INK}">{escape(title)}</text>',
            *rows,
            f'<path d="M{at:.1f} {TOP - 6}V{height - MARGIN}" stroke="{LINE}" stroke-dasharray="4 3"/>',
            f'<text x="{at:.1f}" y="{TOP - 10}" fill="{LINE}" text-anchor="middle">{line:g}</text>',
            "</svg>\n",
        ]
    )


def _row(bar: Bar, top: float, left: float, scale: float) -> str:
    middle, end = top + ROW / 2, left + max(bar.value, bar.most) * scale
    colour = THOUGHT if bar.is_thought else MEASURED
    parts = [
        f'<text x="{left - 8:.1f}" y="{middle + 4}" text-anchor="end" fill="{INK}">{escape(bar.name)}</text>',
        f'<rect x="{left:.1f}" y="{top + 3}" width="{bar.value * scale:.1f}" height="{ROW - 6}" fill="{colour}"/>',
        f'<text x="{end + 6:.1f}" y="{middle + 4}" fill="{INK}">{bar.value:.3g}</text>',
    ]
    if bar.most > bar.least:
        parts.append(f'<path d="M{left + bar.least * scale:.1f} {middle}H{end:.1f}" stroke="{INK}"/>')
    return "\n".join(parts)
