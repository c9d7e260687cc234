"""Reading what a client of the older API asks for. Members we do not know are passed over: such clients send all sorts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reports.aws.quicksight import PARAMETER_LISTS
from reports.jobs import LANES
from reports.models import Format, ReportParameter
from reports.refused import Refused

MAX_ID = 512
MAX_PREFIX = 1024
FORMATS = {"PDF": Format.PDF, "CSV": Format.CSV, "EXCEL": Format.EXCEL, "XLS": Format.EXCEL, "XLSX": Format.EXCEL}
KINDS = {member: kind for kind, member in PARAMETER_LISTS.items()}


@dataclass(frozen=True)
class TypedParameter:
    """`kind` is our word for the list it stood in: string, integer, decimal or datetime."""

    kind: str
    name: str
    values: list[Any]


@dataclass(frozen=True)
class Submission:
    dashboard_id: str
    sheet_id: str
    format: Format
    visual_ids: list[str]
    parameters: list[TypedParameter]
    prefix: str
    lane: int


def read_submission(body: Any) -> Submission:
    """Raises Refused with a sentence about the first thing that is wrong."""
    if not isinstance(body, dict):
        raise _invalid("The body must be a JSON object.")
    dashboard_id, sheet_id, format = _text(body, "dashboardId"), _text(body, "sheetId"), _format(body)
    return Submission(
        dashboard_id,
        sheet_id,
        format,
        visual_ids=_visual_ids(body, format),
        parameters=list(_parameters(body.get("parameters"))),
        prefix=_prefix(body.get("bucketConfiguration")),
        lane=_lane(body),
    )


def to_mapping(given: Iterable[TypedParameter], parameters: Iterable[ReportParameter]) -> dict[str, Any]:
    """Name to values. Raises Refused when a list's type is not the parameter's; names nobody knows are refused with the values."""
    kinds = {parameter.name: parameter.type for parameter in parameters}
    mapping: dict[str, Any] = {}
    for single in given:
        kind = kinds.get(single.name, single.kind)
        if kind != single.kind:
            detail = f"{single.name} belongs in {PARAMETER_LISTS[kind]}, not in {PARAMETER_LISTS[single.kind]}."
            raise Refused("parameter_value", detail)
        if single.name in mapping:
            raise _invalid(f"parameters: {single.name} is there twice.")
        mapping[single.name] = single.values
    return mapping


def _invalid(detail: str) -> Refused:
    return Refused("invalid_request", detail)


def _text(body: dict[str, Any], member: str) -> str:
    value = body.get(member)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID:
        raise _invalid(f"{member} is required: a text of 1 to {MAX_ID} characters.")
    return value


def _format(body: dict[str, Any]) -> Format:
    value = body.get("format")
    found = FORMATS.get(value.upper()) if isinstance(value, str) else None
    if found is None:
        raise _invalid("format must be PDF, CSV or EXCEL.")
    return found


def _visual_ids(body: dict[str, Any], format: Format) -> list[str]:
    """Empty for PDF, which shows the whole sheet."""
    value = body.get("visualId")
    found = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(single, str) and 1 <= len(single) <= MAX_ID for single in found):
        raise _invalid("visualId must be the id of a visual, or a list of such ids.")
    if format == Format.PDF:
        return []
    found = list(dict.fromkeys(found))
    if not found:
        raise _invalid(f"visualId is required for {format}.")
    if format == Format.CSV and len(found) > 1:
        raise _invalid("A CSV file shows one visual. Submit a job for each, or ask for EXCEL.")
    return found


def _parameters(value: Any) -> Iterator[TypedParameter]:
    if value is None:
        return
    if not isinstance(value, dict):
        raise _invalid(f"parameters must be null, or an object of {', '.join(KINDS)}.")
    for member, entries in value.items():
        if member not in KINDS:
            raise _invalid(f"parameters may hold {', '.join(KINDS)}, and nothing else.")
        if entries is None:
            continue
        if not isinstance(entries, list):
            raise _invalid(f"parameters: {member} must be a list.")
        yield from (_parameter(member, entry) for entry in entries)


def _parameter(member: str, entry: Any) -> TypedParameter:
    fault = _invalid(f'parameters: each entry of {member} must look like {{"Name": "…", "Values": […]}}.')
    if not isinstance(entry, dict):
        raise fault
    name, values = entry.get("Name"), entry.get("Values")
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_ID or not isinstance(values, list):
        raise fault
    return TypedParameter(KINDS[member], name, values)


def _prefix(value: Any) -> str:
    """Kept to be shown back. Where a file lies is decided by the portal alone."""
    if value is None:
        return ""
    prefix = value.get("BucketPrefix") if isinstance(value, dict) else value
    if prefix is None:
        return ""
    if not isinstance(value, dict) or not isinstance(prefix, str) or len(prefix) > MAX_PREFIX:
        raise _invalid(f"bucketConfiguration must be an object whose BucketPrefix is a text of at most {MAX_PREFIX} characters.")
    return prefix


def _lane(body: dict[str, Any]) -> int:
    value = body.get("lane", "scheduled")
    if not isinstance(value, str) or value not in LANES:
        raise _invalid("lane must be now or scheduled.")
    return LANES[value]
