"""An audience only narrows: its keys are others than the company's, and each must really hold rows back."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from reports.models import Report
from reports.refused import Place, Refused
from reports.row_rules import called
from reports.session_tags import refuse_unsafe_tags


def refuse_unsafe_narrowing(tags: dict[str, str], narrowing: dict[str, str], report: Report) -> None:
    """`tags` are the company's. Raises Refused("tag_not_narrowing") with the key as the last part of each place."""
    faults = list(_faults(tags, narrowing, report))
    if not faults:
        try:
            refuse_unsafe_tags(tags | narrowing, report.required_tags, report.row_rules, same_for_everyone=report.is_open)
        except Refused as refused:
            faults = [Place(("session_tags",), refused.code, refused.detail)]
    if faults:
        raise Refused("tag_not_narrowing", " ".join(fault.detail for fault in faults), tuple(faults))


def _faults(tags: dict[str, str], narrowing: dict[str, str], report: Report) -> Iterator[Place]:
    for key in narrowing:
        if key in tags or key in report.required_tags:
            detail = _("%(key)s is set for your company. An audience only narrows: it cannot replace it.") % {"key": key}
            yield Place(("session_tags", key), "tag_not_narrowing", detail)
        for data_set in report.row_rules:
            if data_set["enabled"] and key not in {rule["key"] for rule in data_set["rules"]}:
                names = {"key": key, "dataset": called(data_set)}
                yield Place(
                    ("session_tags", key), "tag_not_narrowing", _("%(dataset)s has no rule for %(key)s: it would not narrow.") % names
                )
