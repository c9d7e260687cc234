"""Chooses the renderer for one requested file."""

from __future__ import annotations

from typing import Any, TypeVar

from portal.local.aws.catalogue import Sheet, Visual
from portal.local.aws.documents import View
from portal.local.aws.render_csv import Dialect, render_csv
from portal.local.aws.render_pdf import Part, render_pdf
from portal.local.aws.render_xlsx import render_xlsx

Found = TypeVar("Found", Sheet, Visual)

SUFFIX = {"PDF": ".pdf", "CSV": ".csv", "EXCEL": ".xlsx"}
CONTENT_TYPE = {
    "PDF": "application/pdf",
    "CSV": "text/csv",
    "EXCEL": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def render_file(view: View, requested: dict[str, Any], dialect: Dialect) -> bytes:
    """`requested` is a SnapshotFile of a validated request, so its sheet and visuals exist."""
    selections = requested["SheetSelections"]
    if requested["FormatType"] == "PDF":
        return _pdf(view, _existing(view.dashboard.sheet(selections[0]["SheetId"])))
    visuals = [
        _existing(view.dashboard.visual(selection["SheetId"], visual_id))
        for selection in selections
        for visual_id in selection["VisualIds"]
    ]
    if requested["FormatType"] == "CSV":
        return render_csv(view.table(visuals[0]), dialect)
    return render_xlsx([(visual.title, view.table(visual)) for visual in visuals])


def _pdf(view: View, sheet: Sheet) -> bytes:
    parts = [Part(visual.title, visual.kind, view.table(visual)) for visual in _printed(view, sheet)]
    return render_pdf(view.dashboard.name, sheet.name, view.company(), view.parameter_lines(), parts)


def _printed(view: View, sheet: Sheet) -> list[Visual]:
    """Charts are what makes a small file slow to draw."""
    return [visual for visual in sheet.visuals if visual.is_exportable or not view.small]


def _existing(found: Found | None) -> Found:
    if found is None:
        raise LookupError("the request was not validated against the catalogue")
    return found
