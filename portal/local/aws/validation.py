"""Refuses a start request the way QuickSight does, before any job exists.

Types, sizes, patterns and lists of words come from botocore's model; the rest are the rules that the
API's documentation states in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator
from moto.core.utils import get_service_model

from portal.local.aws.catalogue import Dashboard
from portal.local.aws.errors import Refusal, invalid

Request = dict[str, Any]

_MOST_PER_FORMAT = {"PDF": 1, "EXCEL": 1, "CSV": 5}
_MOST_VISUALS = {"CSV": 1, "EXCEL": 5}


def check_shape(request: Request) -> None:
    """Presence, types and limits of every member, as the service model has them."""
    shape = get_service_model("quicksight").operation_model("StartDashboardSnapshotJob").input_shape
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    for problem in _limit_problems(request, shape, "request"):
        raise invalid(problem)


def check_start(request: Request, dashboard: Dashboard | None, region: str, *, strict_parameters: bool = False) -> None:
    """Everything else; `dashboard` is None when the account has none of that id."""
    if dashboard is None:
        raise Refusal("ResourceNotFoundException", f"Dashboard {request['DashboardId']} was not found.")
    files = _files(request)
    _check_formats(files)
    for requested in files:
        _check_selections(requested, dashboard)
    for destination in _destinations(request):
        if destination["BucketRegion"] != region:
            raise invalid(f"BucketRegion {destination['BucketRegion']} is not the region of this call, {region}.")
    if strict_parameters:
        _check_parameter_names(request, dashboard)


def _limit_problems(value: Any, shape: Shape, where: str) -> Iterator[str]:
    """What botocore's own check leaves out: maxima, patterns and lists of words."""
    limits = shape.metadata
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name in value:
                yield from _limit_problems(value[name], member, f"{where}.{name}")
        return
    if isinstance(value, (str, list)) and len(value) > limits.get("max", len(value)):
        yield f"{where} has {len(value)} characters or entries; at most {limits['max']} are allowed."
    if isinstance(value, str) and (problem := _word_problem(value, shape)):
        yield f"{where} {problem}"
    if isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from _limit_problems(item, shape.member, f"{where}[{index}]")


def _word_problem(value: str, shape: Shape) -> str | None:
    allowed, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
    if allowed and value not in allowed:
        return f"must be one of {', '.join(allowed)}."
    if pattern and not re.fullmatch(pattern, value, re.ASCII | re.DOTALL):
        return f"does not match {pattern}."
    return None


def _files(request: Request) -> list[Request]:
    groups = request["SnapshotConfiguration"]["FileGroups"]
    if not all(group.get("Files") for group in groups):
        raise invalid("Every file group must hold one file.")
    return [group["Files"][0] for group in groups]


def _destinations(request: Request) -> list[Request]:
    destinations = request["SnapshotConfiguration"].get("DestinationConfiguration", {}).get("S3Destinations", [])
    return [destination["BucketConfiguration"] for destination in destinations]


def _check_formats(files: list[Request]) -> None:
    for format_type, most in _MOST_PER_FORMAT.items():
        count = sum(requested["FormatType"] == format_type for requested in files)
        if count > most:
            raise invalid(f"A job may hold {most} {format_type} files at most, not {count}.")


def _check_selections(requested: Request, dashboard: Dashboard) -> None:
    selections = requested["SheetSelections"]
    for selection in selections:
        if dashboard.sheet(selection["SheetId"]) is None:
            raise invalid(f"Dashboard {dashboard.id} has no sheet {selection['SheetId']}.")
    if requested["FormatType"] == "PDF":
        _check_pdf(selections)
    else:
        _check_visuals(requested["FormatType"], selections, dashboard)


def _check_pdf(selections: list[Request]) -> None:
    if len(selections) != 1 or selections[0]["SelectionScope"] != "ALL_VISUALS":
        raise invalid("A PDF takes one sheet selection with the scope ALL_VISUALS.")


def _check_visuals(format_type: str, selections: list[Request], dashboard: Dashboard) -> None:
    if any(selection["SelectionScope"] != "SELECTED_VISUALS" or not selection.get("VisualIds") for selection in selections):
        raise invalid(f"{format_type} takes the scope SELECTED_VISUALS with VisualIds.")
    wanted = [(selection["SheetId"], visual_id) for selection in selections for visual_id in selection["VisualIds"]]
    if len(wanted) > _MOST_VISUALS[format_type]:
        raise invalid(f"{format_type} takes {_MOST_VISUALS[format_type]} visuals at most, not {len(wanted)}.")
    for sheet_id, visual_id in wanted:
        visual = dashboard.visual(sheet_id, visual_id)
        if visual is None:
            raise invalid(f"Sheet {sheet_id} has no visual {visual_id}.")
        if not visual.is_exportable:
            raise invalid(f"Visual {visual_id} is neither a table nor a pivot table.")


def _check_parameter_names(request: Request, dashboard: Dashboard) -> None:
    known = {parameter.name for parameter in dashboard.parameters}
    lists = request["SnapshotConfiguration"].get("Parameters", {})
    for entry in (entry for entries in lists.values() for entry in entries):
        if entry["Name"] not in known:
            raise invalid(f"Dashboard {dashboard.id} has no parameter {entry['Name']}.")
