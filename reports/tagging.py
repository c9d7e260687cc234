"""Changing a company's session tags: drafted, reviewed against each of its reports, tried in a dry run, put in force. By staff alone.

In the tenant's scope. Jobs that start afterwards have the new tags; those that run keep what was frozen with them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from reports import jobs
from reports.jobs import Wanted
from reports.models import Format, Grant, Report, SnapshotFile, SnapshotJob, TagDraft
from reports.refused import Place, Refused
from reports.session_tags import refuse_unsafe_tags, tag_faults
from tenants.audit import Actor, record
from tenants.models import SessionTag, Tenant

Trigger = SnapshotJob.Trigger
MOST_REASON = 300
# A draft's own failures are staff's to see; a company's wait for its tags.
WANT_OF_TAGS = "rows_not_isolated"


@dataclass(frozen=True)
class Change:
    """None: the tag is not there."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Reviewed:
    """A report the company has. `fault` with the draft's tags, `fault_before` with those in force; empty: none."""

    report: Report
    changes: bool
    fault: str
    fault_before: str

    @property
    def breaks(self) -> bool:
        return bool(self.fault) and not self.fault_before

    @property
    def mends(self) -> bool:
        return bool(self.fault_before) and not self.fault


def in_force(tenant: Tenant) -> dict[str, str]:
    return dict(SessionTag.objects.filter(tenant=tenant).order_by("key").values_list("key", "value"))


def draft_of(tenant: Tenant) -> TagDraft | None:
    return TagDraft.objects.select_related("dry_run__report", "tenant").filter(tenant=tenant, ended_at=None).first()


def draft(tenant: Tenant, tags: Mapping[str, str], actor: Actor, now: datetime) -> TagDraft:
    """In place of the draft there is. Raises Refused("tag_invalid") for tags that QuickSight could not take from anybody."""
    faults = list(tag_faults(tags))
    if faults:
        raise Refused("tag_invalid", " ".join(faults), tuple(Place(("tags",), "invalid", fault) for fault in faults))
    values = {"tags": dict(tags), "instead_of": in_force(tenant), "by": actor.label, "created_at": now, "dry_run": None}
    found, _created = TagDraft.objects.update_or_create(tenant=tenant, ended_at=None, defaults=values)
    return found


def changes(found: TagDraft) -> list[Change]:
    old, new = found.instead_of, found.tags
    return [Change(key, old.get(key), new.get(key)) for key in sorted({*old, *new}) if old.get(key) != new.get(key)]


def review(found: TagDraft) -> list[Reviewed]:
    """Of each report that the company has: whether its rows change, and what would stop it."""
    changed = {change.key for change in changes(found)}
    grants = Grant.objects.for_tenant(found.tenant).active().by_name()
    return [_reviewed(grant.report, found, changed) for grant in grants]


def _reviewed(report: Report, found: TagDraft, changed: set[str]) -> Reviewed:
    keys = {rule["key"] for data_set in report.row_rules for rule in data_set["rules"]}
    return Reviewed(report, bool(keys & changed), _fault(report, found.tags), _fault(report, found.instead_of))


def _fault(report: Report, tags: Mapping[str, str]) -> str:
    try:
        refuse_unsafe_tags(tags, report.required_tags, report.row_rules, same_for_everyone=report.same_for_everyone)
    except Refused as refused:
        return refused.detail
    return ""


def put_in_force(found: TagDraft, reason: str, actor: Actor, now: datetime) -> None:
    """Raises Refused where somebody changed the tags since, where a report that worked would not any more, or without a reason."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MOST_REASON:
        detail = _("Say in 1 to %(n)d characters why: it stays in the audit log.") % {"n": MOST_REASON}
        raise Refused("reason_needed", detail, (Place(("reason",), "invalid", detail),))
    with transaction.atomic():
        # Held until the end: of two who put tags in force at one moment the second finds them changed.
        Tenant.objects.filter(pk=found.tenant_id).select_for_update(of=("self",)).get()
        if in_force(found.tenant) != found.instead_of:
            raise Refused("tags_changed", _("Somebody changed the tags since this draft was made. Discard it and begin again."))
        if broken := [one.report.name for one in review(found) if one.breaks]:
            raise Refused(WANT_OF_TAGS, _("These reports would not start any more: %(names)s.") % {"names": ", ".join(broken)})
        if not TagDraft.objects.filter(pk=found.pk, ended_at=None).update(ended_at=now, reason=reason):
            raise Refused("tags_changed", _("This draft is in force or discarded already."))
        _write(found)
        record(actor, "session_tags.changed", now=now, tenant=found.tenant, before=found.instead_of, after=found.tags | {"reason": reason})


def _write(found: TagDraft) -> None:
    rows = SessionTag.objects.filter(tenant=found.tenant)
    rows.exclude(key__in=found.tags).delete()
    new = [SessionTag(tenant=found.tenant, key=key, value=value) for key, value in found.tags.items()]
    SessionTag.objects.bulk_create(new, update_conflicts=True, unique_fields=["tenant", "key"], update_fields=["value"])


def discard(found: TagDraft, now: datetime) -> None:
    TagDraft.objects.filter(pk=found.pk, ended_at=None).update(ended_at=now)


def dry_run(found: TagDraft, report: str, actor: Actor, now: datetime) -> SnapshotJob:
    """A real snapshot with the draft's tags, for staff's eyes alone; asked for while one is on its way, that one. Raises Refused."""
    if found.dry_run is not None and not found.dry_run.has_ended:
        return found.dry_run
    formats = jobs.find_grant(found.tenant, report).report.formats
    # A table shows rows best; what has none shows what it has.
    wanted = Wanted(report, [Format.CSV] if Format.CSV in formats else formats, trigger=Trigger.DRY_RUN, dry_run_tags=found.tags)
    job = jobs.submit(found.tenant, actor, replace(wanted, lane=SnapshotJob.Lane.NOW), now=now)
    TagDraft.objects.filter(pk=found.pk, ended_at=None).update(dry_run=job)
    record(actor, "session_tags.dry_run", now=now, tenant=found.tenant, about=job, after={"report": report, "tags": found.tags})
    return job


def dry_file(found: TagDraft, file_id: uuid.UUID) -> SnapshotFile | None:
    """A file of the draft's own dry run."""
    if found.dry_run_id is None:
        return None
    return SnapshotFile.objects.filter(tenant=found.tenant, job=found.dry_run_id, pk=file_id).first()


def wanting_tags(tenant: Tenant, now: datetime) -> list[uuid.UUID]:
    """The newest job of each report where that failed for want of tags, of the last days: what may run again with new ones."""
    newest = SnapshotJob.objects.needing_attention(tenant, now)
    found = SnapshotJob.objects.for_tenant(tenant).filter(pk__in=newest, failure_code=WANT_OF_TAGS)
    return list(found.values_list("pk", flat=True))


def run_again(tenant: Tenant, wanting: list[uuid.UUID], actor: Actor, now: datetime) -> int:
    """Each as a new job that points at the failed one. How many; one that cannot run is left as it is."""
    done = 0
    for job in SnapshotJob.objects.for_tenant(tenant).filter(pk__in=wanting).select_related("report"):
        try:
            with transaction.atomic():
                jobs.retry(job, actor, now=now)
        except Refused:
            continue
        done += 1
    return done
