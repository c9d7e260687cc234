"""A row in every tenant table, and SQL that no queryset has filtered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils import timezone

from reports.models import (
    AddressKey,
    ArchiveVisit,
    Audience,
    AudienceDestination,
    AudienceGroup,
    AudienceRecipient,
    Batch,
    DailyUsage,
    Delivery,
    Download,
    Erasure,
    Event,
    GroupMember,
    IdempotentRequest,
    JobEvent,
    Link,
    Notice,
    Occurrence,
    Pause,
    Recipient,
    RecipientGroup,
    Report,
    Review,
    Schedule,
    SnapshotJob,
    Suppression,
    TagDraft,
    TenantQueue,
    Undo,
    WebhookDelivery,
    WebhookTry,
)
from tenants.audit import Actor, record
from tenants.models import ApiKey, Invitation, Tenant, TenantCode, TenantLogo
from tenants.scope import engine_scope, tenant_scope
from tests import factories

# Everything that belongs to one tenant. TenantCode is what leads to a tenant before one is known.
TENANT_MODELS = [
    model for model in apps.get_models() if model is not TenantCode and any(field.name == "tenant" for field in model._meta.fields)
]
TENANT_TABLES = sorted(model._meta.db_table for model in TENANT_MODELS)


def fill(tenant: Tenant, report: Report) -> None:
    now = timezone.now()
    user = factories.make_member(tenant=tenant)
    key, _ = factories.make_api_key(tenant=tenant)
    original = factories.make_job(tenant=tenant, report=report, status="failed")
    job = factories.make_job(tenant=tenant, report=report, status="completed", api_key=key, retry_of=original, requested_by=user)
    file = factories.make_file(job=job, attempt=factories.make_attempt(job=job, ended_at=now))
    link, _ = factories.make_link(job=job)
    with tenant_scope(tenant):
        Invitation.issue(tenant, "new@example.com", "viewer", now)
        JobEvent.objects.create(tenant=tenant, job=job, at=now, type="queued")
        Download.objects.create(tenant=tenant, file=file, link=link, user=user, actor=user.email, at=now + timedelta(minutes=1))
        # Parents without children, too.
        ApiKey.objects.create(tenant=tenant, name="spare", scopes=[], sha256=b"spare", hint="")
        Schedule.objects.create(tenant=tenant, slug="spare", report=report, formats=["PDF"], cron="0 0 * * *")
        schedule = Schedule.objects.create(tenant=tenant, slug="weekdays", report=report, formats=["PDF"], cron="30 7 * * 1-5")
        audience = Audience.objects.create(tenant=tenant, schedule=schedule)
        recipient = Recipient.objects.create(tenant=tenant, email="ops@example.com")
        AudienceRecipient.objects.create(tenant=tenant, audience=audience, recipient=recipient)
        group = RecipientGroup.objects.create(tenant=tenant, name="Night managers")
        GroupMember.objects.create(tenant=tenant, group=group, recipient=recipient)
        AudienceGroup.objects.create(tenant=tenant, audience=audience, group=group)
        Suppression.objects.create(tenant=tenant, email="stopped@example.com", reason=Suppression.Reason.UNSUBSCRIBED, at=now)
        occurrence = Occurrence.objects.create(tenant=tenant, schedule=schedule, planned_at=now, status=Occurrence.Status.RUNNING)
        delivery = Delivery.objects.create(
            tenant=tenant, job=job, occurrence=occurrence, audience=audience, recipient=recipient, address=recipient.email, created_at=now
        )
        corrected = factories.make_job(tenant=tenant, report=report, replaces=job)
        SnapshotJob.objects.filter(pk=job.pk).update(occurrence=occurrence)
        Link.objects.filter(pk=link.pk).update(recipient=recipient, delivery=delivery, superseded_by=corrected)
        Notice.objects.create(
            tenant=tenant,
            kind=Notice.Kind.RUN_FAILED,
            key="failed",
            address="owner@example.com",
            schedule=schedule,
            occurrence=occurrence,
            job=job,
            link=link,
            created_at=now,
        )
        life = {"expires_at": now, "created_at": now}
        ArchiveVisit.objects.create(tenant=tenant, email="ops@example.com", language="en", token_sha256=b"archive", **life)
        DailyUsage.objects.create(tenant=tenant, day=now.date(), jobs=1)
        dry_run = factories.make_dry_run(tenant=tenant, report=report)
        TagDraft.objects.create(tenant=tenant, tags={}, instead_of={}, dry_run=dry_run, by="ops@anycompany.example", created_at=now)
        TenantLogo.objects.create(tenant=tenant, png=b"a picture")
        AddressKey.objects.create(tenant=tenant, sealed="sealed")
        Erasure.objects.create(tenant=tenant, address_hmac=b"erased", by=user.email, reason="She asked for it.", at=now)
        batch = Batch.objects.create(tenant=tenant, actor=user.email, api_key=key, total=1, open_jobs=1, created_at=now)
        SnapshotJob.objects.filter(pk=corrected.pk).update(batch=batch, audience=audience)
        IdempotentRequest.objects.create(tenant=tenant, family=key.family, key="first", fingerprint=b"same", created_at=now)
        webhook = factories.make_webhook(tenant=tenant)
        event = Event.objects.create(tenant=tenant, type=Event.Type.JOB_COMPLETED, created_at=now, body="{}")
        told = WebhookDelivery.objects.create(tenant=tenant, webhook=webhook, event=event, next_try_at=now, created_at=now)
        WebhookTry.objects.create(tenant=tenant, delivery=told, at=now, response_status=200, duration_ms=12)
        Review.objects.create(tenant=tenant, job=job, next_try_at=now, created_at=now)
        destination = factories.make_destination(tenant=tenant)
        AudienceDestination.objects.create(tenant=tenant, audience=audience, destination=destination)
        # Of another job: both of one job could not be pointed at the same destination.
        Delivery.objects.create(tenant=tenant, job=original, channel="sftp", destination=destination, name="Head office", created_at=now)
        # And one of each without children.
        factories.make_destination(tenant=tenant, name="Spare")
        Batch.objects.create(tenant=tenant, actor=user.email, total=1, open_jobs=1, created_at=now)
        factories.make_webhook(tenant=tenant)
        Event.objects.create(tenant=tenant, type=Event.Type.PING, created_at=now, body="{}")
        ApiKey.objects.filter(pk=key.pk).update(created_by=user)
        Undo.objects.create(tenant=tenant, user=user, act=Undo.Act.SCHEDULES_PAUSED, rows=[], created_at=now)
        record(Actor("test"), "test.done", now=now, tenant=tenant)
    visit = factories.make_visit(tenant=tenant)
    factories.make_template_use(template=factories.make_template(staff=visit.staff, report=report), tenant=tenant)
    with engine_scope():
        TenantQueue.objects.create(account_id=report.account_id, lane=0, tenant=tenant, virtual_time=0)
        Pause.objects.create(kind=Pause.Kind.TENANT, tenant=tenant, since=now, by="test", because="An unpaid bill.")


def sql(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows, or for a change one row with how many it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]
