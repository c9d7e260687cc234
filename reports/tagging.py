"""Changing a company's session tags: drafted, reviewed against each of its reports, tried in a dry run, put in force. By staff alone.

In the tenant's scope. Jobs that start afterwards have the new tags; those that run keep what was frozen with them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from reports import jobs
from reports.jobs import Wanted
from reports.models import Audience, Format, Grant, Report, SnapshotFile, SnapshotJob, TagDraft
from reports.refused import Place, Refused
from reports.session_tags import refuse_unsafe_narrowing, refuse_unsafe_tags, tag_faults, widening
from tenants import session_tags
from tenants.audit import Actor, record
from tenants.models import Tenant

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
    # Something that works now would not any more: all of it, or one audience of a schedule. Or a value that would show more rows is new.
    breaks: bool

    @property
    def mends(self) -> bool:
        return bool(self.fault_before) and not self.fault


def in_force(tenant: Tenant) -> dict[str, str]:
    return session_tags.tags_of(tenant)


def draft_of(tenant: Tenant) -> TagDraft | None:
    return TagDraft.objects.select_related("dry_run__report", "tenant").filter(tenant=tenant, ended_at=None).first()


def draft(tenant: Tenant, tags: Mapping[str, str], actor: Actor, now: datetime) -> TagDraft:
    """In place of the draft there is. Raises Refused("tag_invalid") for tags that QuickSight could not take from anybody."""
    faults = list(tag_faults(tags))
    if faults:
        raise Refused("tag_invalid", " ".join(faults), tuple(Place(("tags",), "invalid", fault) for fault in faults))
    values = {"tags": dict(tags), "instead_of": in_force(tenant), "by": actor.label, "created_at": now, "dry_run": None}
    with transaction.atomic():
        # One after the other, also where there is no draft yet.
        session_tags.lock(tenant)
        if (before := draft_of(tenant)) is not None:
            _stop(before, now)
        found, _created = TagDraft.objects.update_or_create(tenant=tenant, ended_at=None, defaults=values)
    return found


def _stop(found: TagDraft, now: datetime) -> None:
    """A dry run that nobody will look at takes no slot, if it has none yet."""
    if found.dry_run is not None and found.dry_run.status == SnapshotJob.Status.QUEUED:
        jobs.take_back(found.dry_run, now, "cancelled", actor=found.by)


def changes(found: TagDraft) -> list[Change]:
    old, new = found.instead_of, found.tags
    return [Change(key, old.get(key), new.get(key)) for key in sorted({*old, *new}) if old.get(key) != new.get(key)]


def review(found: TagDraft) -> list[Reviewed]:
    """Of each report that the company has: whether its rows change, and what would stop it."""
    changed = {change.key for change in changes(found)}
    narrowed = Audience.objects.filter(tenant=found.tenant, schedule__retired_at=None).exclude(session_tags={}).select_related("schedule")
    audiences = list(narrowed.order_by("schedule__name", "name"))
    grants = Grant.objects.for_tenant(found.tenant).active().by_name()
    return [
        _reviewed(grant.report, found, changed, [one for one in audiences if one.schedule.report_id == grant.report_id]) for grant in grants
    ]


def _reviewed(report: Report, found: TagDraft, changed: set[str], audiences: list[Audience]) -> Reviewed:
    # Rules that nobody has read yet are thought to need what the report says it needs.
    keys = {rule["key"] for data_set in report.row_rules for rule in data_set["rules"]} | set(report.required_tags)
    old, new = ([*_faults(report, audiences, tags)] for tags in (found.instead_of, found.tags))
    broken = {name for name, _fault in new} - {name for name, _fault in old}
    # In any case, also where the report could not run before: one rule more put right, and such a value would show every row.
    widened = set(widening(found.tags, report.row_rules)) - set(widening(found.instead_of, report.row_rules))
    after, before = (" ".join(fault for _name, fault in faults) for faults in (new, old))
    return Reviewed(report, bool(keys & changed), after, before, bool(broken or widened))


def _faults(report: Report, audiences: Iterable[Audience], tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Whose jobs would be refused at their start, and why: all of the report's (an empty name), or those of one audience."""
    try:
        refuse_unsafe_tags(tags, report.required_tags, report.row_rules, same_for_everyone=report.same_for_everyone)
    except Refused as refused:
        yield "", refused.detail
    for audience in audiences:
        try:
            refuse_unsafe_narrowing(tags, audience.session_tags, report)
        except Refused as refused:
            names = {"schedule": audience.schedule.name, "audience": audience.name, "detail": refused.detail}
            yield str(audience.pk), _("Schedule “%(schedule)s”, audience “%(audience)s”: %(detail)s") % names


def put_in_force(found: TagDraft, reason: str, actor: Actor, now: datetime) -> None:
    """Raises Refused where somebody changed the tags since, where a report that worked would not any more, or without a reason."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MOST_REASON:
        detail = _("Say in 1 to %(n)d characters why: it stays in the audit log.") % {"n": MOST_REASON}
        raise Refused("reason_needed", detail, (Place(("reason",), "invalid", detail),))
    with transaction.atomic():
        # Held until the end: of two who put tags in force at one moment the second finds them changed.
        session_tags.lock(found.tenant)
        _refuse_changed(found)
        if in_force(found.tenant) != found.instead_of:
            raise Refused("tags_changed", _("Somebody changed the tags since this draft was made. Discard it and begin again."))
        if broken := [one.report.name for one in review(found) if one.breaks]:
            raise Refused(WANT_OF_TAGS, _("These reports would not start any more: %(names)s.") % {"names": ", ".join(broken)})
        TagDraft.objects.filter(pk=found.pk).update(ended_at=now, reason=reason)
        _stop(found, now)
        session_tags.write(found.tenant, found.tags)
        record(actor, "session_tags.changed", now=now, tenant=found.tenant, before=found.instead_of, after=found.tags | {"reason": reason})


def _refuse_changed(found: TagDraft) -> None:
    """Raises Refused where it is not as it was read. Locked from here on."""
    now = TagDraft.objects.select_for_update(of=("self",)).filter(pk=found.pk, ended_at=None).first()
    if now is None:
        raise Refused("tags_changed", _("This draft is in force or discarded already."))
    if now.fingerprint != found.fingerprint:
        raise Refused("tags_changed", _("Somebody changed this draft meanwhile. Look at it again."))


def discard(found: TagDraft, now: datetime) -> None:
    if TagDraft.objects.filter(pk=found.pk, ended_at=None).update(ended_at=now):
        _stop(found, now)


@transaction.atomic
def dry_run(found: TagDraft, report: str, actor: Actor, now: datetime) -> SnapshotJob:
    """A real snapshot with the draft's tags, for staff's eyes alone; asked for while one is on its way, that one. Raises Refused."""
    _refuse_changed(found)
    made = SnapshotJob.objects.filter(pk__in=TagDraft.objects.filter(pk=found.pk).values("dry_run")).first()
    if made is not None and not made.has_ended:
        return made
    formats = jobs.find_grant(found.tenant, report).report.formats
    # A table shows rows best; what has none shows what it has.
    wanted = Wanted(report, [Format.CSV] if Format.CSV in formats else formats, trigger=Trigger.DRY_RUN, dry_run_tags=found.tags)
    job = jobs.submit(found.tenant, actor, replace(wanted, lane=SnapshotJob.Lane.NOW), now=now)
    TagDraft.objects.filter(pk=found.pk, ended_at=None).update(dry_run=job)
    record(actor, "session_tags.dry_run", now=now, tenant=found.tenant, about=job, after={"report": report, "tags": found.tags})
    return job


def dry_files(found: TagDraft) -> list[SnapshotFile]:
    """Each with `rows_now`: lines of data of the same table in the newest run with the company's own tags. None: there is none."""
    own = SnapshotJob.objects.for_tenant(found.tenant).filter(status=SnapshotJob.Status.COMPLETED, narrowing_tags={})
    alike = own.filter(report=OuterRef("job__report"), parameters=OuterRef("job__parameters"))
    newest = alike.filter(files__visual_id=OuterRef("visual_id"), files__format=OuterRef("format")).newest_first()
    made = SnapshotFile.objects.filter(tenant=found.tenant, job=found.dry_run_id)
    return list(made.annotate(rows_now=Subquery(newest.values("files__data_rows")[:1])))


def dry_file(found: TagDraft, file_id: uuid.UUID, now: datetime) -> SnapshotFile | None:
    """A file of the draft's own dry run, as long as files of the company are handed out at all."""
    if found.dry_run_id is None:
        return None
    file = SnapshotFile.objects.filter(tenant=found.tenant, job=found.dry_run_id, pk=file_id).first()
    return file if file is not None and file.is_offered(found.tenant, now) else None


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
