"""Values for a report's typed parameters: checked by us, never guessed, because what QuickSight does with a wrong one is unknown.

Values are kept as JSON: text, whole numbers, decimals, and date-times as RFC 3339 text with an offset. What is asked for may also be a
relative period (`reports/periods.py`), which comes to such a value when a run's time is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from reports import periods
from reports.models.catalogue import ReportParameter
from reports.refused import Place, Refused
from tenants.secrets import is_storable

UTC = ZoneInfo("UTC")
MAX_TEXT = 1000
MAX_VALUES = 100
# Whole numbers that survive JSON readers which know doubles only (RFC 8259, section 6).
MAX_INTEGER = 2**53 - 1
Type = ReportParameter.Type


class BadValue(ValueError):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def resolve(
    parameters: Iterable[ReportParameter], pinned: dict[str, Any], given: dict[str, Any], zone: ZoneInfo, *, at: datetime
) -> dict[str, list[Any]]:
    """The values to send, a list for each parameter: what is pinned wins, then what was given, then the default.

    Relative periods are those of `at` in the zone: the planned instant of a run, or when a single job was asked for.

    Raises Refused with a place for each fault: unknown names, pinned names, wrong values, and missing ones without a default.
    """
    known = {parameter.name: parameter for parameter in parameters}
    faults = [
        Place(("parameters", name), "parameter_unknown", _("%(name)s is not a parameter of this report.") % {"name": name})
        for name in given
        if name not in known
    ]
    resolved: dict[str, list[Any]] = {}
    for name, parameter in known.items():
        if name in pinned and name in given and _listed(given[name]) != _listed(pinned[name]):
            faults.append(
                Place(("parameters", name), "parameter_pinned", _("%(name)s is fixed for you and cannot be changed.") % {"name": name})
            )
            continue
        value = pinned.get(name, given.get(name, parameter.default))
        if value is None:
            faults.append(Place(("parameters", name), "parameter_required", _("%(name)s needs a value.") % {"name": name}))
            continue
        try:
            if periods.is_relative(value):
                value = _from_period(parameter, value, zone, at)
            resolved[name] = check_value(parameter, value, zone)
        except BadValue as error:
            faults.append(Place(("parameters", name), error.code, f"{name}: {error}"))
    if faults:
        raise Refused(faults[0].code, " ".join(fault.detail for fault in faults), tuple(faults))
    return resolved


def check_value(parameter: ReportParameter, value: Any, zone: ZoneInfo) -> list[Any]:
    """The value as a list of JSON values of the parameter's type. Raises BadValue."""
    values = _listed(value)
    if len(values) > 1 and not parameter.multiple:
        raise BadValue("parameter_value", _("takes one value."))
    if not 1 <= len(values) <= MAX_VALUES:
        raise BadValue(
            "parameter_value", _("takes 1 to %(limit)d values.") % {"limit": MAX_VALUES} if parameter.multiple else _("takes one value.")
        )
    checked = [_one(parameter.type, single, zone) for single in values]
    allowed = parameter.choices
    if allowed is not None and any(single not in allowed for single in checked):
        raise BadValue("parameter_value", _("must be one of %(known)s.") % {"known": ", ".join(map(str, allowed))})
    return checked


def _from_period(parameter: ReportParameter, value: Mapping[str, Any], zone: ZoneInfo, at: datetime) -> str:
    try:
        relative = periods.read(value)
    except periods.BadPeriod as error:
        raise BadValue("parameter_value", str(error)) from error
    if parameter.type == Type.DATETIME and not relative.format:
        return relative.start_of_day(at, zone)
    if parameter.type == Type.STRING:
        return relative.text(at, zone)
    raise BadValue(
        "parameter_value", _("a number takes no relative period.") if parameter.type != Type.DATETIME else _("a day takes no format.")
    )


def declaration_faults(parameter: ReportParameter) -> Iterator[tuple[str, str]]:
    """What is wrong with how a report has a parameter, as (field, sentence): choices are of its type, the default is one of them."""
    if parameter.choices is not None and parameter.type == Type.DATETIME:
        yield "choices", _("a datetime parameter has no choices.")
        return
    free = ReportParameter(type=parameter.type, multiple=True)
    for field, values, against in (("choices", parameter.choices, free), ("default", parameter.default, parameter)):
        try:
            if values is not None:
                check_value(against, values, UTC)
        except BadValue as error:
            yield field, str(error)
            return


def to_python(kind: str, value: Any) -> Any:
    """A stored value as the Python type that boto3 wants for it."""
    return datetime.fromisoformat(value) if kind == Type.DATETIME else float(value) if kind == Type.DECIMAL else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _one(kind: str, value: Any, zone: ZoneInfo) -> Any:
    return CHECKS[Type(kind)](value, zone)


def _text(value: Any, zone: ZoneInfo) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValue("parameter_value", _("must be text."))
    if len(value) > MAX_TEXT:
        raise BadValue("parameter_value", _("must be at most %(limit)d characters.") % {"limit": MAX_TEXT})
    if not is_storable(value):
        raise BadValue("parameter_value", _("has a character that cannot be stored."))
    return value


def _integer(value: Any, zone: ZoneInfo) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue("parameter_value", _("must be a whole number."))
    if abs(value) > MAX_INTEGER:
        raise BadValue("parameter_value", _("must be between -%(limit)d and %(limit)d.") % {"limit": MAX_INTEGER})
    return value


def _decimal(value: Any, zone: ZoneInfo) -> int | float:
    # "not <=" rather than ">": NaN compares as false with everything.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_INTEGER:
        raise BadValue("parameter_value", _("must be a number."))
    return value


def _datetime(value: Any, zone: ZoneInfo) -> str:
    """A day means its start in the zone; a time has to carry its offset."""
    fault = BadValue("parameter_value", _("must be a day such as 2026-11-22, or a time with its offset such as 2026-11-22T06:00:00+01:00."))
    if not isinstance(value, str):
        raise fault
    try:
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), time(), zone).isoformat()
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise fault from None
    if moment.tzinfo is None:
        raise fault
    return moment.isoformat()


CHECKS = {Type.STRING: _text, Type.INTEGER: _integer, Type.DECIMAL: _decimal, Type.DATETIME: _datetime}
