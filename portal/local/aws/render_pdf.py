"""A sheet as an A4 document: title, parameters, chart, tables over as many pages as they need."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid
from reportlab.rl_config import canvas_basefontname

from portal.local.aws.tables import Table

INK, TEXT, MUTED = HexColor("#1b1f29"), HexColor("#161921"), HexColor("#5f6776")
LINE, SUNKEN, ACCENT = HexColor("#e4e7ec"), HexColor("#f6f7f9"), HexColor("#4461e4")
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
_FRAME_PADDING = 6  # points that reportlab leaves inside every frame
# Every row of these says what the header says already.
_NOT_PRINTED = ("Company", "tenant_id")

_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=22, leading=27, textColor=TEXT)
_COMPANY = ParagraphStyle("company", fontName=canvas_basefontname, fontSize=12, leading=17, textColor=MUTED)
_HEADING = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=12, leading=16, textColor=TEXT, spaceBefore=14, spaceAfter=6)
_NOTE = ParagraphStyle("note", fontName=canvas_basefontname, fontSize=9, leading=13, textColor=MUTED)


@dataclass(frozen=True)
class Part:
    """A visual as it is drawn; `kind` is the visual's."""

    title: str
    kind: str
    table: Table


def render_pdf(title: str, sheet: str, company: str, parameters: Sequence[tuple[str, str]], parts: Sequence[Part]) -> bytes:
    story: list[Flowable] = [Paragraph(_text(title), _TITLE), Paragraph(_text(f"{company} · {sheet}"), _COMPANY)]
    story += [Spacer(1, 8), *_parameter_block(parameters)]
    for part in parts:
        story += _drawn(part)
    output = io.BytesIO()
    document = SimpleDocTemplate(
        output,
        pagesize=A4,
        leftMargin=MARGIN - _FRAME_PADDING,
        rightMargin=MARGIN - _FRAME_PADDING,
        topMargin=25 * mm,
        bottomMargin=22 * mm,
        title=f"{title} - {company}",
        author=company,
    )
    document.build(story, canvasmaker=lambda *args, **options: _Framed(title, company, *args, **options))
    return output.getvalue()


class _Framed(Canvas):
    """Draws header and footer once the number of pages is known."""

    def __init__(self, title: str, company: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._title, self._company = title, company
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._frame(number)
            super().showPage()
        super().save()

    def _frame(self, number: int) -> None:
        right, top, bottom = A4[0] - MARGIN, A4[1] - 15 * mm, 13 * mm
        self.setStrokeColor(LINE)
        self.line(MARGIN, top - 5, right, top - 5)
        self.line(MARGIN, bottom + 11, right, bottom + 11)
        self.setFont("Helvetica-Bold", 8.5)
        self.setFillColor(TEXT)
        self.drawString(MARGIN, top, self._company)
        self.setFont("Helvetica", 8.5)
        self.setFillColor(MUTED)
        self.drawRightString(right, top, self._title)
        self.drawString(MARGIN, bottom, f"{self._company} · Confidential")
        self.drawRightString(right, bottom, f"Page {number} of {len(self._pages)}")


def _parameter_block(parameters: Sequence[tuple[str, str]]) -> list[Flowable]:
    if not parameters:
        return []
    cells = [[Paragraph(f"<b>{_text(name)}</b><br/>{_text(value)}", _NOTE) for name, value in parameters]]
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), SUNKEN),
        ("BOX", (0, 0), (-1, -1), 0.5, LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]
    return [Grid(cells, colWidths=[WIDTH / len(parameters)] * len(parameters), style=style)]


def _drawn(part: Part) -> list[Flowable]:
    heading = Paragraph(_text(part.title), _HEADING)
    if not part.table.rows:
        return [heading, Paragraph("No rows.", _NOTE)]
    if part.kind == "bar":
        return [KeepTogether([heading, _chart(part.table)])]
    return [heading, Paragraph(f"{len(part.table.rows):,} rows", _NOTE), Spacer(1, 4), _grid(part.table)]


def _chart(table: Table) -> Drawing:
    drawing = Drawing(WIDTH, 150)
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 26, 30, WIDTH - 30, 112
    chart.data = [[row[1] for row in table.rows]]
    chart.bars[0].fillColor, chart.bars[0].strokeColor = ACCENT, None
    chart.barSpacing, chart.groupSpacing = 0, 3
    axis, values = chart.categoryAxis, chart.valueAxis
    axis.categoryNames = [str(row[0]) for row in table.rows]
    axis.labels.angle, axis.labels.boxAnchor, axis.labels.dy = 60, "e", -4
    axis.strokeColor, axis.visibleTicks = LINE, False
    values.valueMin, values.visibleGrid, values.gridStrokeColor, values.strokeColor = 0, True, LINE, None
    values.visibleTicks = False
    for labels in (axis.labels, values.labels):
        labels.fontName, labels.fontSize, labels.fillColor = "Helvetica", 7, MUTED
    drawing.add(chart)
    return drawing


def _grid(table: Table) -> LongTable:
    shown = [index for index, name in enumerate(table.columns) if name not in _NOT_PRINTED]
    cells = [[table.columns[index] for index in shown]]
    cells += [["" if row[index] is None else str(row[index]) for index in shown] for row in table.rows]
    widths = [max(len(line[column]) for line in cells) + 2 for column in range(len(shown))]
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 7.5),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 7.5),
        ("TEXTCOLOR", (0, 0), (-1, 0), HexColor("#ffffff")),
        ("TEXTCOLOR", (0, 1), (-1, -1), TEXT),
        ("BACKGROUND", (0, 0), (-1, 0), INK),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [HexColor("#ffffff"), SUNKEN]),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    style += [
        ("ALIGN", (place, 0), (place, -1), "RIGHT")
        for place, index in enumerate(shown)
        if all(isinstance(row[index], (int, float, type(None))) for row in table.rows)
    ]
    return LongTable(cells, colWidths=[WIDTH * width / sum(widths) for width in widths], repeatRows=1, style=style)


def _text(value: str) -> str:
    """Paragraphs read a small markup: names and parameter values must stay text."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
