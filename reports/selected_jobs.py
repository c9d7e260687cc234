"""Running again, cancelling and sending again the jobs that somebody selected, in one transaction that all of them share.

In the tenant's scope. What cannot be done to one job is said of it and keeps none of the others waiting. Jobs of their own are made in a
few statements, however many they are; those of a schedule's run take their places in it one by one, because each moves what hangs on it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Case, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports import jobs, quotas, resending
from reports.engine.pump import wake
from reports.models import Delivery, Grant, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.occurrences.job_ends import JOB_FAILED
from reports.occurrences.locking import lock_occurrences
from reports.occurrences.rounds import WAITS_FOR_FILES
from reports.refused import Refused
from reports.selected import Outcome
from tenants.audit import Actor, record_each
from tenants.models import Tenant

Status = SnapshotJob.Status
Why = str | Promise
RUNNING: Why = _("already running")
NOT_RETRIED: dict[str, Why] = {
    Status.QUEUED: _("still waiting"),
    Status.COMPLETED: _("delivered"),
    Status.CANCELLED: _("cancelled"),
}
NOT_CANCELLED: dict[str, Why] = {
    Status.COMPLETED: _("ended already"),
    Status.FAILED: _("ended already"),
    Status.CANCELLED: _("cancelled already"),
}
# Of a refusal, in the middle of a sentence; others say it in their own.
SHORT: dict[str, Why] = {
    "job_not_completed": _("no files"),
    "job_recalled": _("withdrawn"),
    "file_gone": _("files removed"),
    "nothing_failed": _("nothing to send"),
    "report_not_available": _("report not available any more"),
    "queue_full": _("too many wait already"),
}


@transaction.atomic
def retry(tenant: Tenant, ids: Collection[uuid.UUID], actor: Actor, form_key: uuid.UUID, now: datetime) -> Outcome:
    """Those that failed, each once: the same form again finds them done and counts them as done."""
    found = _locked(tenant, ids, Status.FAILED)
    later = SnapshotJob.objects.for_tenant(tenant).filter(retry_of__in=found).values_list("retry_of", "form_key")
    again = {(pk, key) for pk, key in later}
    run_again = {pk for pk, _form in again}
    outcome, wanted = Outcome(), []
    for job in found:
        if (job.pk, _key(form_key, job)) in again:
            outcome.done += 1
        elif job.status != Status.FAILED:
            outcome.leave(_name(job), NOT_RETRIED.get(job.status, RUNNING))
        elif job.pk in run_again:
            outcome.leave(_name(job), _("run again already"))
        else:
            wanted.append(job)
    outcome.leave_unknown(len(set(ids)) - len(found))
    _retry_single([job for job in wanted if not job.occurrence_id], tenant, actor, form_key, now, outcome)
    _retry_planned([job for job in wanted if job.occurrence_id], tenant, actor, form_key, now, outcome)
    return outcome


@transaction.atomic
def cancel(tenant: Tenant, ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> Outcome:
    """Those that wait."""
    found, outcome, cancelled = _locked(tenant, ids, Status.QUEUED), Outcome(), []
    for job in found:
        if job.status == Status.QUEUED and jobs.take_back(job, now, "cancelled", actor=actor.label):
            cancelled.append(job)
        else:
            outcome.leave(_name(job), NOT_CANCELLED.get(job.status, RUNNING))
    record_each(actor, "job.cancelled", [(job, None, None) for job in cancelled], now=now, tenant=tenant)
    outcome.done = len(cancelled)
    outcome.leave_unknown(len(set(ids)) - len(found))
    return outcome


@transaction.atomic
def send_again(tenant: Tenant, ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> Outcome:
    """To those whom their files did not reach, and to nobody else: so twice is once."""
    lock_occurrences(tenant, _wanted(tenant, ids).values_list("occurrence", flat=True))
    found = list(_wanted(tenant, ids))
    for job in found:
        job.tenant = tenant
    return _each(found, lambda job: resending.resend_failed(job, actor, now), Outcome(), unknown=len(set(ids)) - len(found))


def _retry_single(wanted: list[SnapshotJob], tenant: Tenant, actor: Actor, form_key: uuid.UUID, now: datetime, outcome: Outcome) -> None:
    grants = {grant.report_id: grant for grant in Grant.objects.for_tenant(tenant).active().with_report()} if wanted else {}
    made: dict[uuid.UUID, SnapshotJob] = {}
    for job in wanted:
        try:
            made[job.pk] = _checked(job, grants, actor, form_key, now)
        except Refused as refused:
            outcome.leave(_name(job), SHORT.get(refused.code, refused.detail))
    if not made:
        return
    try:
        quotas.take_jobs(tenant, len(made), now)
    except Refused as refused:
        for job in wanted:
            if job.pk in made:
                outcome.leave(_name(job), SHORT.get(refused.code, refused.detail))
        return
    jobs.enqueue(list(made.values()), now)
    _hand_over(tenant, made)
    for account_id in {job.account_id for job in made.values()}:
        transaction.on_commit(partial(wake, account_id), robust=True)
    outcome.done += len(made)


def _checked(job: SnapshotJob, grants: dict[uuid.UUID, Grant], actor: Actor, form_key: uuid.UUID, now: datetime) -> SnapshotJob:
    """The job that runs it again, not stored. One that failed gave no files: a correction among them is still wanted as one."""
    grant = grants.get(job.report_id)
    if grant is None:
        raise jobs.not_available()
    wanted = replace(jobs.wanted_again(job, grant, _key(form_key, job)), replaces=job.replaces, replaces_because=job.replaces_because)
    return jobs.check(job.tenant, actor, wanted, grant=grant, now=now)


def _hand_over(tenant: Tenant, made: dict[uuid.UUID, SnapshotJob]) -> None:
    """As reports/handing.py does for one."""
    waited = Delivery.objects.for_tenant(tenant).filter(job__in=list(made), status=Delivery.Status.FAILED, failure_code=JOB_FAILED)
    waited.update(job=Case(*[When(job=pk, then=Value(again.pk)) for pk, again in made.items()]), **WAITS_FOR_FILES)


def _retry_planned(wanted: list[SnapshotJob], tenant: Tenant, actor: Actor, form_key: uuid.UUID, now: datetime, outcome: Outcome) -> None:
    _each(wanted, lambda job: jobs.retry(job, actor, form_key=_key(form_key, job), now=now), outcome)


def _each(found: list[SnapshotJob], act: Callable[[SnapshotJob], object], outcome: Outcome, *, unknown: int = 0) -> Outcome:
    for job in found:
        try:
            with transaction.atomic():
                act(job)
        except Refused as refused:
            outcome.leave(_name(job), SHORT.get(refused.code, refused.detail))
        else:
            outcome.done += 1
    outcome.leave_unknown(unknown)
    return outcome


def _wanted(tenant: Tenant, ids: Collection[uuid.UUID]) -> SnapshotJobQuerySet:
    """In the order in which their queues are locked by all who count there, whatever is done with them."""
    rows = SnapshotJob.objects.for_tenant(tenant).visible().filter(pk__in=ids).select_related("report", "audience", "replaces")
    return rows.order_by("account", "lane", "created_at", "pk")


def _locked(tenant: Tenant, ids: Collection[uuid.UUID], status: str) -> list[SnapshotJob]:
    """Those that have the status are locked, then the occurrences of these. Others stay free: who withdraws a job that has files locks its
    occurrence first.
    """
    rows = _wanted(tenant, ids)
    found = {job.pk: job for job in rows}
    locked = list(rows.filter(status=status).select_for_update(of=("self",), no_key=True))
    lock_occurrences(tenant, [job.occurrence_id for job in locked])
    # As they are now: they may have waited for somebody.
    found |= {job.pk: job for job in locked}
    held = {job.pk for job in locked}
    for job in found.values():
        job.tenant = tenant
        if job.status == status and job.pk not in held:
            # Somebody moved it meanwhile.
            job.status = Status.RUNNING
    return list(found.values())


def _key(form_key: uuid.UUID, job: SnapshotJob) -> uuid.UUID:
    """Named after the form and the job: nobody can ask for another tenant's."""
    return uuid.uuid5(job.pk, str(form_key))


def _name(job: SnapshotJob) -> str:
    return f"{job.report.name} {str(job.pk)[:8]}"
