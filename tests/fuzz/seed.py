"""A company with something of everything, and the ids of it by the names that the API's addresses have for them."""

from __future__ import annotations

from django.utils import timezone

from reports.models import AudienceRecipient
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories
from tests.pretend_aws import BUCKET, Server

Ids = dict[str, list[str]]
EACH = 5


def fill(tenant: Tenant, report, aws: Server) -> Ids:
    """Several of each: the fuzzer deletes some. Files lie in the store."""
    now = timezone.now()
    jobs, files, links, recipients, schedules, occurrences, audiences, webhooks = [], [], [], [], [], [], [], []
    for number in range(EACH):
        job = factories.make_job(tenant=tenant, report=report, status="completed")
        jobs.append(job)
        files.append(factories.make_file(job=job, attempt=factories.make_attempt(job=job, ended_at=now), bucket=BUCKET))
        aws.client("s3").put_object(Bucket=files[-1].bucket, Key=files[-1].key, Body=b"%PDF-1.7")
        links.append(factories.make_link(job=job)[0])
        recipients.append(factories.make_recipient(tenant=tenant, name=f"Desk {number}"))
        schedules.append(factories.make_schedule(tenant=tenant, report=report))
        occurrences.append(factories.make_occurrence(schedule=schedules[-1], status="failed"))
        audiences.append(_audience(schedules[-1], recipients[-1]))
        webhooks.append(factories.make_webhook(tenant=tenant))
    jobs += [factories.make_job(tenant=tenant, report=report) for _ in range(EACH)]
    batches = [factories.make_batch(tenant=tenant, jobs=[job]) for job in jobs[-EACH:]]
    rows = {
        "batch": batches,
        "job": jobs,
        "file": files,
        "link": links,
        "recipient": recipients,
        "schedule": schedules,
        "occurrence": occurrences,
        "audience": audiences,
        "webhook": webhooks,
    }
    return {name: [str(row.pk) for row in found] for name, found in rows.items()}


def _audience(schedule, recipient):
    audience = factories.make_audience(schedule=schedule, name="North desk", session_tags={"desk": "north"})
    with tenant_scope(schedule.tenant_id):
        AudienceRecipient.objects.get_or_create(tenant_id=schedule.tenant_id, audience=audience, recipient=recipient)
    return audience
