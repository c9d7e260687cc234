"""Working the courier by hand: turns until nothing is due and nothing on its way, and time that passes when a test says so."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from reports.delivery import carrying
from reports.delivery.courier import HANDS, Courier
from reports.delivery.email_url import setup
from reports.delivery.taking import Round
from reports.models import Delivery, MailBudget, Notice, Occurrence, Schedule, Suppression
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.hands import wait_until_free

SENDER = "reports@mail.example"


def url_of(smtp, **query) -> str:
    return smtp.url(**({"from": SENDER, "rate": 1000} | query))


def due_delivery(job, address: str = "", *, schedule=None, **fields) -> Delivery:
    """To somebody who is in the schedule's audience, if the job is of a schedule."""
    recipient = audience = None
    if job.occurrence_id:
        recipient = factories.make_recipient(tenant=job.tenant, email=address)
        audience = factories.make_audience(schedule=job.occurrence.schedule, name=f"for {recipient.email}", recipients=[recipient])
        address = recipient.email
    fields = {"next_try_at": timezone.now(), "recipient": recipient, "audience": audience} | fields
    return factories.make_delivery(job=job, address=address, **fields)


def due_notice(tenant, address: str = "kim@customer.example", **fields) -> Notice:
    """A test mail of a schedule of the tenant's, unless `fields` say otherwise."""
    now = timezone.now()
    fields = {"schedule": fields.get("schedule") or _schedule(tenant)} | fields
    fields = {"kind": Notice.Kind.TEST, "key": f"{address} {now}", "next_try_at": now, "created_at": now} | fields
    with tenant_scope(tenant):
        return Notice.objects.create(tenant=tenant, address=address, **fields)


def _schedule(tenant) -> Schedule:
    with tenant_scope(tenant):
        found = Schedule.objects.filter(tenant=tenant).first()
    return found or factories.make_schedule(tenant=tenant)


def take(model, room: int = 8):
    with engine_scope():
        return Round(model).take(room)


def carry(lease, clock=timezone.now) -> None:
    carrying._carry(lease, setup(), clock)


def carry_all(model=Delivery, clock=timezone.now) -> int:
    """Everything that is due, one after the other in this thread, in the test's own transaction."""
    leases = take(model, 1000)
    for lease in leases:
        carry(lease, clock)
    return len(leases)


def run(seconds: float = 20, courier: Courier | None = None) -> None:
    """A real courier with its threads, until nothing is due and nothing on its way. For transactional tests."""
    courier, end = courier or Courier(), time.monotonic() + seconds
    while courier.turn() or HANDS.carried():
        assert time.monotonic() < end, f"still busy after {seconds} s"
        time.sleep(0.02)


def wait_until_nothing_is_carried(seconds: float = 40) -> None:
    wait_until_free(HANDS, seconds)


def let_pass(tenant, **time_passed) -> None:
    """For all that waits, as if so much time had gone by."""
    passed = timedelta(**time_passed)
    with tenant_scope(tenant):
        for model in (Delivery, Notice):
            rows = model.objects.filter(tenant=tenant, status__in=Delivery.OPEN)
            rows.update(next_try_at=F("next_try_at") - passed, lease_until=F("lease_until") - passed)
    with engine_scope():
        MailBudget.objects.update(next_send_at=F("next_send_at") - passed)


def now_of(row):
    with tenant_scope(row.tenant_id):
        return type(row).objects.get(pk=row.pk)


def budget():
    with engine_scope():
        return MailBudget.objects.get(sender=SENDER)


def suppression(tenant, email: str):
    with tenant_scope(tenant):
        return Suppression.objects.filter(tenant=tenant, email=email).first()


def status_of_occurrence(job) -> str:
    with tenant_scope(job.tenant_id):
        return Occurrence.objects.get(pk=job.occurrence_id).status
