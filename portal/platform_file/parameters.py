"""[[report.parameter]]: typed parameters of a report."""

from __future__ import annotations

from typing import Any

from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from reports.models import Report, ReportParameter
from reports.parameters import declaration_faults


def apply_parameters(report: Report, entries: list[Entry], run: Run) -> list[ReportParameter]:
    """All parameters that the report has afterwards, in their order. In the platform's scope."""
    present = {parameter.name: parameter for parameter in report.parameters.order_by("position")}
    for entry in entries:
        _apply(report, present, entry, run)
    return list(present.values())


def _apply(report: Report, present: dict[str, ReportParameter], entry: Entry, run: Run) -> None:
    name = f"{report.slug}/{entry.label}"
    parameter = present.get(entry.label)
    if entry.absent:
        if parameter is not None:
            run.changes.removed("parameter", name, parameter, {"type": parameter.type})
            del present[entry.label]
            ReportParameter.objects.filter(pk=parameter.pk).delete()
        return
    # An empty list takes a default or the choices away: TOML has no word for "none".
    values = {key: None if value == [] else value for key, value in entry.values.items()}
    if parameter is None:
        if not entry.needs("type"):
            return
        position = max((other.position for other in present.values()), default=-1) + 1
        parameter = ReportParameter(report=report, position=position, **values)
        if _fits(parameter, entry):
            parameter.save(force_insert=True)
            run.changes.added("parameter", name, parameter, values)
            present[entry.label] = parameter
        return
    if _fits(_as_it_will_be(parameter, values), entry):
        run.changes.update("parameter", name, parameter, values)


def _as_it_will_be(parameter: ReportParameter, values: dict[str, Any]) -> ReportParameter:
    fields = ("name", "type", "multiple", "choices", "default")
    return ReportParameter(**{key: values.get(key, getattr(parameter, key)) for key in fields})


def _fits(parameter: ReportParameter, entry: Entry) -> bool:
    faults = list(declaration_faults(parameter))
    for key, sentence in faults:
        entry.fault(key, sentence)
    return not faults
