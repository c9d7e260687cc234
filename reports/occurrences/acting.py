"""What people do with a schedule and its occurrences. Pages and the API call the same functions, in the tenant's scope."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from reports import jobs, quotas
from reports.models import Delivery, Occurrence, Schedule, SnapshotJob, Suppression
from reports.models.sending import DeliveryQuerySet
from reports.occurrences.rounds import WAITS_FOR_FILES
from reports.occurrences.settling import settle
from reports.refused import Refused
from reports.schedules import switching
from tenants.audit import Actor, record

NOT_SERVED = (Delivery.Status.FAILED, Delivery.Status.BOUNCED)


def run_now(schedule: Schedule, actor: Actor, now: datetime, *, form_key: uuid.UUID | None = None) -> Occurrence:
    """An occurrence of this moment; a paused schedule runs too. Raises Refused.

    The same `form_key` again gives the first one back: a button pressed twice runs the schedule once.
    """
    if schedule.retired_at:
        raise Refused("schedule_retired", _("This schedule was deleted."))
    if schedule.fault:
        raise Refused("schedule_fault", schedule.fault)
    jobs.find_grant(schedule.tenant, schedule.report.slug)
    # Named after the schedule and the form: nobody can ask for another tenant's.
    key = uuid.uuid5(schedule.pk, str(form_key)) if form_key else uuid.uuid4()
    if not Occurrence.objects.for_tenant(schedule.tenant).filter(pk=key).exists():
        quotas.refuse_another_job(schedule.tenant, now)
    facts = {"tenant": schedule.tenant, "kind": Occurrence.Kind.HAND, "actor": actor.label, "planned_at": now}
    occurrence, is_new = Occurrence.objects.get_or_create(pk=key, schedule=schedule, defaults=facts)
    if is_new:
        record(actor, "schedule.run", now=now, tenant=schedule.tenant, about=schedule, after={"occurrence": str(occurrence.pk)})
    return occurrence


def pause(schedule: Schedule, actor: Actor, now: datetime) -> None:
    """Planned instants go on to be noted, as skipped. Pausing twice changes nothing."""
    switching.pause(schedule.tenant, [schedule], actor, now)
    schedule.refresh_from_db(fields=["enabled", "paused_at", "paused_by"])


def resume(schedule: Schedule, actor: Actor, now: datetime) -> None:
    """From the next planned instant on. Raises Refused for one that the portal itself paused: it has to be put right."""
    kept = Schedule.objects.for_tenant(schedule.tenant).kept().filter(pk=schedule.pk)
    paused = kept.select_for_update().filter(enabled=False).first()
    if paused is None:
        return
    if not switching.may_resume(paused, now):
        raise Refused("schedule_fault", _("%(fault)s Edit the schedule to let it run again.") % {"fault": paused.fault})
    switching.resume(schedule.tenant, [schedule], actor, now)
    schedule.refresh_from_db(fields=["enabled", "paused_at", "paused_by", "next_run_at", "version"])


def retire(schedule: Schedule, actor: Actor, now: datetime) -> None:
    """It runs no more; its history stays. Retiring twice changes nothing. Raises Refused for one that the platform set up."""
    if schedule.template_id is not None:
        raise Refused("set_by_template", _("The platform set up this schedule, and removes it. You can pause it."))
    end(schedule, actor, now)


def end(schedule: Schedule, actor: Actor, now: datetime) -> None:
    """As `retire`, whoever set it up."""
    switching.retire(schedule.tenant, [schedule], actor, now)
    schedule.refresh_from_db(fields=["retired_at"])


@transaction.atomic
def retry_failed(occurrence: Occurrence, actor: Actor, now: datetime) -> int:
    """Exactly what failed, tried again; nobody who has the files gets another mail. How many deliveries (or jobs that nobody waits for).

    Raises Refused when nothing failed, and when the report is not to be had any more. Two at once do it once.
    Refused in the middle it has done nothing: it is a transaction of its own, or a part of one.
    """
    occurrence = Occurrence.objects.for_tenant(occurrence.tenant).select_for_update(of=("self",)).get(pk=occurrence.pk)
    number = _expand_again(occurrence) or _make_again(occurrence, actor, now) + _send_again(occurrence, now)
    if not number:
        raise Refused("nothing_failed", _nothing_left(occurrence))
    settle(occurrence.pk, now)
    record(actor, "occurrence.retried", now=now, tenant=occurrence.tenant, about=occurrence, after={"number": number})
    return number


def _nothing_left(occurrence: Occurrence) -> str:
    failed = Delivery.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence, status__in=NOT_SERVED)
    if not failed.exists():
        return _("Nothing of this run is left to try again.")
    return _("Nothing more is sent to the addresses that are left. One that bounced needs “Send again” under Recipients first.")


def _expand_again(occurrence: Occurrence) -> int:
    """Its jobs could not be made: then that is what is tried again."""
    failed = Occurrence.objects.for_tenant(occurrence.tenant).filter(pk=occurrence.pk, status=Occurrence.Status.FAILED, expanded_at=None)
    return failed.update(status=Occurrence.Status.PLANNED, reason="", detail={}, tries=0, lease_until=None, ended_at=None)


def _make_again(occurrence: Occurrence, actor: Actor, now: datetime) -> int:
    made = SnapshotJob.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence)
    later = made.filter(fingerprint=OuterRef("fingerprint"), round__gt=OuterRef("round"))
    ended = (SnapshotJob.Status.FAILED, SnapshotJob.Status.CANCELLED)
    number = 0
    for failed in made.filter(~Exists(later), status__in=ended).select_related("tenant", "report"):
        again = jobs.retry(failed, actor, now=now)
        number += again.deliveries.count() or 1
    return number


def _send_again(occurrence: Occurrence, now: datetime) -> int:
    return send_again(Delivery.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence), now)


@transaction.atomic
def send_one_again(occurrence: Occurrence, delivery: Delivery, actor: Actor, now: datetime) -> bool:
    """One that failed although there are files. False: it did not, or nothing goes to its address."""
    occurrence = Occurrence.objects.for_tenant(occurrence.tenant).select_for_update(of=("self",)).get(pk=occurrence.pk)
    if not send_again(Delivery.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence, pk=delivery.pk), now):
        return False
    settle(occurrence.pk, now)
    record(actor, "delivery.tried_now", now=now, tenant=occurrence.tenant, about=delivery)
    return True


def send_again(deliveries: DeliveryQuerySet, now: datetime) -> int:
    """Those that failed although there are files. How many.

    Not those whose address is known to be no good, or who wanted no more: a mail to them would not go out. An occurrence of theirs is
    locked by the caller.
    """
    suppressed = Suppression.objects.named().filter(tenant=OuterRef("tenant"), email=OuterRef("address"))
    failed = deliveries.filter(~Exists(suppressed), status__in=NOT_SERVED, job__status=SnapshotJob.Status.COMPLETED)
    # One that is being written just now is left alone: its writer waits for the occurrence, which is ours, and has news of it.
    free = failed.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)
    return Delivery.objects.filter(pk__in=list(free)).update(**WAITS_FOR_FILES | {"next_try_at": now})
