"""Rows for tests: plain functions with defaults, each in the scope that may write them.

Call them outside any scope. `now` defaults to the real time, because pages look at the real clock; a test that passes its own `now` to
the code passes it here too.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import get_hasher, make_password
from django.utils import timezone

from reports.destinations import secrets as destination_secrets
from reports.events import Fact, body
from reports.models import (
    Account,
    Attempt,
    Audience,
    AudienceGroup,
    AudienceRecipient,
    Batch,
    CatalogueImport,
    Delivery,
    Destination,
    Event,
    Grant,
    GroupMember,
    LaneClock,
    Link,
    Occurrence,
    Pause,
    Pump,
    Recipient,
    RecipientGroup,
    Report,
    ReportParameter,
    RequestBudget,
    Review,
    Schedule,
    ScheduleTemplate,
    Slot,
    SnapshotFile,
    SnapshotJob,
    Suppression,
    TemplateUse,
    TenantQueue,
    Webhook,
    WebhookDelivery,
)
from reports.webhooks import secrets as webhook_secrets
from tenants import session_tags as tags_of_tenants
from tenants.models import ApiKey, ApiKeyIndex, Membership, SupportVisit, Tenant, TenantCode, User
from tenants.models.support import VISIT_LIFE
from tenants.scope import engine_scope, platform_scope, staff_scope, tenant_scope
from tenants.secrets import secret_hash

PASSWORD = "correct horse battery staple"
PARAMETERS: list[dict[str, Any]] = [
    {"name": "Region", "type": "string", "multiple": True, "choices": ["North", "South", "East", "West"], "default": ["North", "South"]},
    {"name": "From", "type": "datetime", "default": "2026-10-26"},
    {"name": "MinSeconds", "type": "integer", "default": 0},
]
ROW_RULES = [{"dataset": "calls", "enabled": True, "rules": [{"key": "tenant_id", "delimiter": ",", "match_all": "*"}]}]
_numbers = itertools.count(1)


def make_user(*, email: str = "", password: str | None = PASSWORD, **fields: Any) -> User:
    """With PASSWORD, or another, or (None) one who cannot sign in with a password."""
    return User.objects.create(
        email=email or f"person{next(_numbers)}@example.com", password=_hashed(password, get_hasher().algorithm), **fields
    )


@cache
def _hashed(password: str | None, algorithm: str) -> str:
    """Slow by design, so once a run and algorithm: a test with a quicker one must not leave its hash to those without it."""
    return make_password(password, hasher=algorithm)


def make_member(*, tenant: Tenant, role: str = "viewer", user: User | None = None, **person: Any) -> User:
    """Returns the user, who is a member of the tenant now."""
    user = user or make_user(**person)
    with tenant_scope(tenant):
        Membership.objects.create(tenant=tenant, user=user, role=role)
    return user


def make_tenant(*, slug: str = "", name: str = "", session_tags: dict[str, str] | None = None, **fields: Any) -> Tenant:
    """Without `session_tags` it gets the tag `tenant_id` with its slug as the value."""
    slug = slug or f"tenant-{next(_numbers)}"
    with platform_scope():
        tenant = Tenant.objects.create(slug=slug, name=name or slug.title(), **fields)
        TenantCode.objects.create(code=tenant.code, tenant=tenant)
    give_tags(tenant, {"tenant_id": slug} if session_tags is None else session_tags)
    return tenant


def give_tags(tenant: Tenant, tags: dict[str, str]) -> None:
    """These and no others, whatever QuickSight would make of them."""
    with tenant_scope(tenant):
        tags_of_tenants.write(tenant, tags)


def make_account(
    *, name: str = "main", slots: int = 5, requests_per_second: float = 100, now: datetime | None = None, **fields: Any
) -> Account:
    fields = {"aws_account_id": f"{next(_numbers):012}", "region": "us-east-1"} | fields
    with platform_scope():
        account = Account.objects.create(name=name, slots=slots, requests_per_second=requests_per_second, **fields)
        for number in range(1, slots + 1):
            Slot.objects.create(account=account, number=number)
        for number in range(slots + 1, 2 * slots + 1 if account.probes else 0):
            Slot.objects.create(account=account, number=number, spare=True)
        LaneClock.objects.bulk_create(LaneClock(account=account, lane=lane) for lane in SnapshotJob.Lane)
        RequestBudget.objects.create(account=account, next_request_at=now or timezone.now())
        Pump.objects.create(account=account)
    return account


def the_account() -> Account:
    """The account `main`, made when a test first needs one."""
    with platform_scope():
        account = Account.objects.filter(name="main").first()
    return account or make_account()


def make_report(
    *, slug: str = "", name: str = "", account: Account | None = None, parameters: list[dict[str, Any]] | None = None, **fields: Any
) -> Report:
    """Preflight has passed and the dataset has a tag rule for `tenant_id`. Without `parameters` it has the three of PARAMETERS."""
    account = account or the_account()
    slug = slug or f"report-{next(_numbers)}"
    fields = {
        "dashboard_id": slug,
        "sheet_id": "sheet-1",
        "visual_ids": ["table-1", "pivot-1"],
        "formats": ["PDF", "CSV", "EXCEL"],
        "required_tags": ["tenant_id"],
        "preflight": Report.Preflight.PASSED,
        "preflight_at": timezone.now(),
        "dashboard_version": 1,
        "row_rules": ROW_RULES,
    } | fields
    with platform_scope():
        report = Report.objects.create(slug=slug, name=name or slug.replace("-", " ").title(), account=account, **fields)
        for position, parameter in enumerate(PARAMETERS if parameters is None else parameters):
            ReportParameter.objects.create(report=report, position=position, **parameter)
    return report


def make_import(*, account: Account | None = None, asked_by: User, now: datetime | None = None, **fields: Any) -> CatalogueImport:
    """A draft for which nothing is being done; no dashboard is chosen."""
    now = now or timezone.now()
    fields = {"work": CatalogueImport.Work.NONE, "created_at": now, "touched_at": now} | fields
    with platform_scope():
        return CatalogueImport.objects.create(account=account or the_account(), asked_by=asked_by, **fields)


def make_grant(*, tenant: Tenant, report: Report | None = None, **fields: Any) -> Grant:
    report = report or make_report()
    with tenant_scope(tenant):
        return Grant.objects.create(tenant=tenant, report=report, **fields)


def make_job(
    *, tenant: Tenant, report: Report | None = None, status: str = SnapshotJob.Status.QUEUED, now: datetime | None = None, **fields: Any
) -> SnapshotJob:
    """The row alone, in any status. A report that the tenant does not have yet is granted to it."""
    now = now or timezone.now()
    report = report or make_report()
    ended = status in SnapshotJob.ENDED
    fields = {
        "account_id": report.account_id,
        "dashboard_id": report.dashboard_id,
        "sheet_id": report.sheet_id,
        "trigger": SnapshotJob.Trigger.PAGE,
        "formats": ["PDF"],
        "actor": "alice@acme.example",
        "created_at": now,
        "deadline_at": now + timedelta(hours=6),
        "finished_at": now if ended else None,
        "next_look_at": None if ended or status == SnapshotJob.Status.QUEUED else now,
    } | fields
    with tenant_scope(tenant):
        Grant.objects.get_or_create(tenant=tenant, report=report)
        return SnapshotJob.objects.create(tenant=tenant, report=report, status=status, **fields)


def make_batch(*, tenant: Tenant, jobs: Sequence[SnapshotJob] = (), now: datetime | None = None, **fields: Any) -> Batch:
    """The row alone, of these jobs as they are; without any it has ended."""
    now, moving = now or timezone.now(), sum(not job.has_ended for job in jobs)
    fields = {"total": len(jobs), "open_jobs": moving, "created_at": now, "ended_at": None if moving else now, "actor": "test"} | fields
    with tenant_scope(tenant):
        batch = Batch.objects.create(tenant=tenant, **fields)
        SnapshotJob.objects.filter(pk__in=[job.pk for job in jobs]).update(batch=batch)
    return batch


def make_dry_run(*, tenant: Tenant, tags: dict[str, str] | None = None, **fields: Any) -> SnapshotJob:
    """A job of staff, with tags in place of the tenant's own; hidden from the tenant's people."""
    return make_job(tenant=tenant, trigger=SnapshotJob.Trigger.DRY_RUN, dry_run_tags=tags or {"tenant_id": "other"}, **fields)


def make_visit(*, tenant: Tenant, staff: User | None = None, now: datetime | None = None, **fields: Any) -> SupportVisit:
    """One that goes on and only looks."""
    staff, now = staff or make_user(is_staff=True), now or timezone.now()
    fields = {"role": "viewer", "ticket": "SUP-1", "reason": "A question.", "since": now, "until": now + VISIT_LIFE} | fields
    with staff_scope(staff):
        return SupportVisit.objects.create(tenant=tenant, staff=staff, **fields)


def make_queue(*, tenant: Tenant, account: Account | None = None, **fields: Any) -> TenantQueue:
    """Its counters as the engine keeps them; of jobs that wait for their time alone."""
    fields = {"account": account or the_account(), "lane": SnapshotJob.Lane.SCHEDULED, "virtual_time": 0} | fields
    with engine_scope():
        return TenantQueue.objects.create(tenant=tenant, **fields)


def make_pause(*, kind: str = Pause.Kind.TENANT, now: datetime | None = None, **fields: Any) -> Pause:
    """By the portal itself where no `by` is given."""
    with engine_scope():
        return Pause.objects.create(kind=kind, since=now or timezone.now(), **fields)


def make_attempt(*, job: SnapshotJob, number: int = 1, now: datetime | None = None, **fields: Any) -> Attempt:
    """Open, unless `ended_at` is given."""
    now = now or job.created_at
    fields = {
        "session_tags": {"tenant_id": "acme"},
        "dashboard_id": job.report.dashboard_id,
        "sheet_id": job.report.sheet_id,
        "parameters": [[name, "string", values] for name, values in job.parameters.items()],
        "bucket": "portal-snapshots",
        "prefix": f"t/r90/{job.tenant_id}/{job.pk}/",
        "created_at": now,
    } | fields
    with tenant_scope(job.tenant_id):
        attempt = Attempt.objects.create(tenant_id=job.tenant_id, job=job, number=number, **fields)
        SnapshotJob.objects.filter(pk=job.pk).update(snapshot_id=attempt.pk, snapshot_dashboard_id=attempt.dashboard_id)
    job.snapshot_id = attempt.pk
    return attempt


def make_file(
    *, job: SnapshotJob, attempt: Attempt | None = None, format: str = "PDF", body: bytes = b"%PDF-1.7", **fields: Any
) -> SnapshotFile:
    """The row alone; `body` gives its size and hash, nothing is put into S3."""
    attempt = attempt or _last_attempt(job) or make_attempt(job=job, ended_at=job.finished_at or job.created_at)
    suffix = {"PDF": "pdf", "CSV": "csv", "EXCEL": "xlsx"}[format]
    number = next(_numbers)
    fields = {
        "visual_id": f"table-{number}" if format == "CSV" else "",
        "name": f"report-{number}.{suffix}",
        "bucket": attempt.bucket,
        "region": "us-east-1",
        "key": f"{attempt.prefix}{number}.{suffix}",
        "size_bytes": len(body),
        "sha256": hashlib.sha256(body).digest(),
        "created_at": job.finished_at or job.created_at,
    } | fields
    with tenant_scope(job.tenant_id):
        return SnapshotFile.objects.create(tenant_id=job.tenant_id, job=job, attempt=attempt, format=format, **fields)


def _last_attempt(job: SnapshotJob) -> Attempt | None:
    with tenant_scope(job.tenant_id):
        return Attempt.objects.filter(job=job).last()


def make_link(*, job: SnapshotJob, now: datetime | None = None, **fields: Any) -> tuple[Link, str]:
    """The link and its token, as stands in its address after the tenant's code."""
    now = now or timezone.now()
    token = secrets.token_urlsafe(32)
    fields = {"expires_at": now + timedelta(days=30), "max_uses": 50, "created_by": "adam@acme.example", "created_at": now} | fields
    with tenant_scope(job.tenant_id):
        link = Link.objects.create(tenant_id=job.tenant_id, job=job, token_sha256=secret_hash(token), **fields)
    return link, token


def make_destination(
    *, tenant: Tenant, name: str = "Head office", kind: str = "sftp", secret: str = "a password", **fields: Any
) -> Destination:
    """An SFTP server by default; `config` and `secret` as reports/destinations/ has them by kind. Without a secret it has none."""
    now = timezone.now()
    own = {"sftp": {"host": f"sftp.{tenant.slug}.example"}, "s3": {"bucket": f"{tenant.slug}-lake"}}
    fields = {"config": DESTINATIONS[kind] | own.get(kind, {}), "created_by": "owner", "created_at": now} | fields
    destination = Destination(tenant=tenant, name=name, kind=kind, **fields)
    if secret:
        destination.sealed_secret, destination.secret_set_at = destination_secrets.seal(destination, secret), now
    with tenant_scope(tenant):
        destination.save(force_insert=True)
    return destination


DESTINATIONS: dict[str, dict[str, Any]] = {
    "sftp": {
        "host": "sftp.acme.example",
        "port": 22,
        "username": "reports",
        "sign_in": "password",
        "public_key": "",
        "host_key": "",
        "folder": "/in",
        "file_name": "{report}_{date}_{time}.{ext}",
    },
    "s3": {
        "bucket": "acme-lake",
        "region": "us-east-1",
        "folder": "reports/{year}/{month}",
        "file_name": "{report}_{date}_{time}.{ext}",
        "role_arn": "arn:aws:iam::210987654321:role/reports-writer",
        "external_id": "fan-5d1c77e0",
        "owner_account": "210987654321",
    },
    "slack": {},
    "teams": {},
}


def make_webhook(*, tenant: Tenant, secret: str = "", **fields: Any) -> Webhook:
    """Told of everything, at an address that nobody has, unless `url` says another."""
    fields = {
        "url": "https://hooks.customer.example/reports",
        "events": [Webhook.EVERYTHING],
        "created_by": "test",
        "created_at": timezone.now(),
    } | fields
    secret = secret or webhook_secrets.new_secret()
    webhook = Webhook(tenant=tenant, secret_hint=secret[-4:], **fields)
    webhook.sealed_secret = webhook_secrets.seal(webhook, secret)
    with tenant_scope(tenant):
        webhook.save(force_insert=True)
    return webhook


def make_webhook_delivery(*, webhook: Webhook, type: str = Event.Type.JOB_COMPLETED, data: Any = None, **fields: Any) -> WebhookDelivery:
    """Something that happened a moment ago and waits to be told, unless `fields` say more; its tries are `log`."""
    now = fields.setdefault("created_at", timezone.now())
    if fields.get("status", "pending") in WebhookDelivery.OPEN:
        fields = {"next_try_at": now} | fields
    with tenant_scope(webhook.tenant_id):
        fact = Fact(webhook.tenant_id, webhook.tenant.slug, Event.Type(type), data or {"webhook": str(webhook.pk)})
        event = Event.objects.create(pk=fact.id, tenant=webhook.tenant, type=type, created_at=now, body=body(fact, now))
        return WebhookDelivery.objects.create(tenant=webhook.tenant, webhook=webhook, event=event, **fields)


def make_schedule(*, tenant: Tenant, report: Report | None = None, slug: str = "", **fields: Any) -> Schedule:
    """Weekdays at 07:30 in the tenant's zone, as PDF, due at the next planned instant unless `next_run_at` is given."""
    report = report or make_report()
    fields = {
        "formats": ["PDF"],
        "cron": "30 7 * * 1-5",
        "timezone": tenant.timezone,
        "next_run_at": timezone.now() + timedelta(days=1),
    } | fields
    with tenant_scope(tenant):
        Grant.objects.get_or_create(tenant=tenant, report=report)
        return Schedule.objects.create(tenant=tenant, report=report, slug=slug or f"schedule-{next(_numbers)}", **fields)


def make_template(*, staff: User, report: Report, slug: str = "", **fields: Any) -> ScheduleTemplate:
    """Weekdays at 07:30 in each tenant's zone, as PDF; of no tenant yet."""
    slug = slug or f"template-{next(_numbers)}"
    fields = {"name": slug.replace("-", " ").title(), "formats": ["PDF"], "cron": "30 7 * * 1-5", "created_at": timezone.now()} | fields
    with staff_scope(staff):
        return ScheduleTemplate.objects.create(slug=slug, report=report, created_by=staff, **fields)


def make_template_use(*, template: ScheduleTemplate, tenant: Tenant, **fields: Any) -> TemplateUse:
    """The row alone; all is as it is wanted, unless `fields` say more."""
    with staff_scope(template.created_by):
        return TemplateUse.objects.create(template=template, tenant=tenant, **{"applied_version": template.version} | fields)


def make_recipient(*, tenant: Tenant, email: str = "", **fields: Any) -> Recipient:
    with tenant_scope(tenant):
        return Recipient.objects.create(tenant=tenant, email=email or f"recipient{next(_numbers)}@customer.example", **fields)


def make_group(*, tenant: Tenant, name: str = "", recipients: Sequence[Recipient] = ()) -> RecipientGroup:
    with tenant_scope(tenant):
        group = RecipientGroup.objects.create(tenant=tenant, name=name or f"Group {next(_numbers)}")
        for recipient in recipients:
            GroupMember.objects.create(tenant=tenant, group=group, recipient=recipient)
    return group


def make_suppression(*, tenant: Tenant, email: str = "", reason: str = Suppression.Reason.BOUNCED, **fields: Any) -> Suppression:
    with tenant_scope(tenant):
        fields = {"at": timezone.now()} | fields
        return Suppression.objects.create(
            tenant=tenant, email=email or f"stopped{next(_numbers)}@customer.example", reason=reason, **fields
        )


def make_audience(
    *,
    schedule: Schedule,
    name: str = "",
    session_tags: dict[str, str] | None = None,
    recipients: Sequence[Recipient] = (),
    groups: Sequence[RecipientGroup] = (),
) -> Audience:
    """Without a name it is the default audience."""
    tenant = schedule.tenant
    with tenant_scope(tenant):
        audience = Audience.objects.create(tenant=tenant, schedule=schedule, name=name, session_tags=session_tags or {})
        for recipient in recipients:
            AudienceRecipient.objects.create(tenant=tenant, audience=audience, recipient=recipient)
        for group in groups:
            AudienceGroup.objects.create(tenant=tenant, audience=audience, group=group)
    return audience


def make_occurrence(
    *, schedule: Schedule, planned_at: datetime | None = None, status: str = Occurrence.Status.PLANNED, **fields: Any
) -> Occurrence:
    """The row alone, in any status, without jobs."""
    planned_at = planned_at or timezone.now().replace(second=0, microsecond=0)
    fields = {"ended_at": None if status in Occurrence.OPEN else planned_at + timedelta(minutes=2)} | fields
    with tenant_scope(schedule.tenant_id):
        return Occurrence.objects.create(tenant=schedule.tenant, schedule=schedule, planned_at=planned_at, status=status, **fields)


def make_review(*, job: SnapshotJob, status: str = Review.Status.HELD, **fields: Any) -> Review:
    """The row alone: nobody looked into a file. Held by default, for a day."""
    now = job.finished_at or job.created_at
    if status == Review.Status.HELD:
        fields = {"held_at": now, "held_until": now + timedelta(days=1), "next_try_at": now + timedelta(days=1)} | fields
    with tenant_scope(job.tenant_id):
        return Review.objects.create(tenant_id=job.tenant_id, job=job, status=status, created_at=now, **fields)


def make_delivery(*, job: SnapshotJob, address: str = "", status: str = Delivery.Status.PENDING, **fields: Any) -> Delivery:
    """The row alone; nothing is sent."""
    now = job.finished_at or job.created_at
    fields = {"created_at": now, "occurrence": job.occurrence, "ended_at": None if status in Delivery.OPEN else now} | fields
    # Of a single job one to nobody of the address book is as one of the CC line: who was taken out of the book gets nothing.
    fields.setdefault("is_copy", fields["occurrence"] is None and fields.get("recipient") is None)
    address = address or f"recipient{next(_numbers)}@customer.example"
    with tenant_scope(job.tenant_id):
        return Delivery.objects.create(tenant_id=job.tenant_id, job=job, address=address, status=status, **fields)


def make_api_key(
    *, tenant: Tenant, name: str = "integration", scopes: tuple[str, ...] = ("jobs:read", "jobs:write"), **fields: Any
) -> tuple[ApiKey, str]:
    """The key and its secret, as clients send it."""
    secret = f"fan_{tenant.code}_{secrets.token_urlsafe(32)}"
    with tenant_scope(tenant):
        key = ApiKey.objects.create(tenant=tenant, name=name, scopes=list(scopes), sha256=secret_hash(secret), hint=secret[-4:], **fields)
        ApiKeyIndex.objects.create(sha256=key.sha256, tenant=tenant, key=key)
    return key, secret
