"""Which tables and keys a platform file has. What a key means stands in docs/platform-file.md."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.platform_file.checks import (
    Check,
    above_zero,
    color,
    cron,
    day,
    email,
    flag,
    group_name,
    mail_text,
    many,
    matching,
    one_of,
    or_empty,
    parameter_values,
    planned_values,
    recipient,
    scalars,
    session_tags,
    slug,
    table,
    tenant_slug,
    text,
    time_of_day,
    whole,
    zone,
)
from reports.links.making import MOST_DAYS, MOST_USES
from reports.models import Account, Format, Protection, ReportParameter, Schedule
from reports.models.catalogue import MAX_VISUALS
from reports.schedules.checks import MAX_CONTAINED, MOST_HOLD_HOURS, MOST_PERCENT, MOST_REMINDER_DAYS
from tenants.key_scopes import ROLES as SCOPES
from tenants.models import Tenant
from tenants.models.members import Role
from tenants.models.tenant import MOST_RETENTION_DAYS

MAX_SLOTS = 1000
MAX_WAITING = MAX_JOBS = MAX_RECIPIENTS = 1_000_000
MAX_GB = 1_000_000
# A job has six hours.
MAX_RENDER_MINUTES = 360
NAME, LONG_NAME, TEXT = text(80), text(120), text(10_000, empty=True, lines=True)
RESOURCE_ID = matching(r"[\w-]+", _("must be letters, digits, hyphens and underscores."), limit=512)
VARIABLE = matching(r"[A-Za-z_][A-Za-z0-9_]*", _("must be the name of an environment variable, not its value."), limit=200)
DOMAIN = matching(
    r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}",
    _("must be a domain such as customer.example, or *.customer.example for all below it."),
    limit=253,
)
FORMATS = many(one_of(*Format.values), least=1)
# `links:*` means reading and writing.
ALL_OF = tuple(sorted({f"{scope.partition(':')[0]}:*" for scope in SCOPES if scope.endswith(":write")}))


@dataclass(frozen=True)
class Kind:
    """A [[table]]. The first of `label` that an entry has is what it is matched by."""

    label: tuple[str, ...]
    keys: dict[str, Check]
    children: dict[str, Kind] = field(default_factory=dict)


MEMBER = Kind(("email",), {"email": email, "role": one_of(*Role.values), "password_env": VARIABLE})
API_KEY = Kind(("name",), {"name": NAME, "scopes": many(one_of(*SCOPES, *ALL_OF), least=1), "secret_env": VARIABLE})
GRANT = Kind(("report",), {"report": slug(80), "parameters": parameter_values})
RECIPIENT = Kind(("email",), {"email": recipient, "name": text(120, empty=True)})
GROUP = Kind(("name",), {"name": group_name, "recipients": many(recipient)})
AUDIENCE = Kind(("name",), {"name": LONG_NAME, "session_tags": session_tags, "recipients": many(recipient), "groups": many(LONG_NAME)})
LINK_DAYS, LINK_USES = whole(1, MOST_DAYS), whole(1, MOST_USES)
SCHEDULE = Kind(
    ("slug",),
    {
        "slug": slug(80),
        "name": text(120, empty=True),
        "report": slug(80),
        "formats": FORMATS,
        "parameters": planned_values,
        "owner": or_empty(email, ""),
        "cron": cron,
        "timezone": zone,
        "starts_on": or_empty(day, None),
        "ends_on": or_empty(day, None),
        "ready_by": or_empty(time_of_day, None),
        "missed": one_of(*Schedule.Missed.values),
        "enabled": flag,
        "subject": mail_text(200),
        "message": mail_text(10_000, lines=True),
        "cc": many(recipient, most=10),
        "attach": flag,
        "skip_if_empty": flag,
        "tell_owner": flag,
        "remind_after_days": or_empty(whole(1, MOST_REMINDER_DAYS), None),
        "receipts": flag,
        "release": one_of(*Schedule.Release.values),
        "usual_percent": whole(1, MOST_PERCENT),
        "must_contain": text(MAX_CONTAINED, empty=True),
        "hold_hours": whole(1, MOST_HOLD_HOURS),
        "links": table({"days": LINK_DAYS, "max_uses": LINK_USES, "protection": one_of(*Protection.values)}),
    },
    {"recipient": RECIPIENT, "audience": AUDIENCE},
)
TENANT = Kind(
    ("slug",),
    {
        "slug": tenant_slug,
        "name": LONG_NAME,
        "timezone": zone,
        "session_tags": session_tags,
        "bucket": matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", _("must be the name of an S3 bucket."), empty=True),
        "reports": many(slug(80)),
        "weight": above_zero(1000),
        "max_running": or_empty(whole(1, MAX_SLOTS), None),
        "max_waiting": or_empty(whole(1, MAX_WAITING), None),
        "retention_days": whole(1, MOST_RETENTION_DAYS),
        "quotas": table(
            {
                "jobs_per_day": whole(0, MAX_JOBS),
                "waiting_jobs": whole(1, MAX_WAITING),
                "recipients": whole(0, MAX_RECIPIENTS),
                "storage_gb": whole(1, MAX_GB),
            }
        ),
        "mfa": one_of(*Tenant.Mfa.values),
        "links": table({"days": LINK_DAYS, "max_uses": LINK_USES}),
        "language": one_of(*dict(settings.LANGUAGES)),
        "sender_name": text(120, empty=True),
        "reply_to": or_empty(email, ""),
        "brand_color": or_empty(color, ""),
        "brand_name": text(120, empty=True),
        "allow_attachments": flag,
        "recipient_domains": many(DOMAIN),
    },
    {"grant": GRANT, "member": MEMBER, "api_key": API_KEY, "group": GROUP, "schedule": SCHEDULE},
)
PARAMETER = Kind(
    ("name",),
    {
        "name": matching(r"[A-Za-z0-9]+", _("must be letters and digits, as QuickSight names parameters."), limit=512),
        "type": one_of(*ReportParameter.Type.values),
        "multiple": flag,
        "choices": scalars,
        "default": scalars,
    },
)
REPORT = Kind(
    ("slug",),
    {
        "slug": slug(80),
        "name": LONG_NAME,
        "description": TEXT,
        "account": NAME,
        "dashboard_id": RESOURCE_ID,
        "sheet_id": RESOURCE_ID,
        "visual_ids": many(RESOURCE_ID, most=MAX_VISUALS),
        "formats": FORMATS,
        "render_minutes": whole(1, MAX_RENDER_MINUTES),
        "required_tags": many(text(128), most=50),
        "same_for_everyone": flag,
        "same_for_everyone_reason": text(500),
    },
    {"parameter": PARAMETER},
)
ACCOUNT = Kind(
    ("name", "id"),
    {
        "name": NAME,
        "id": matching(r"[0-9]{12}", _("must be the 12 digits of an AWS account, in quotation marks.")),
        "region": matching(r"[a-z]{2}(-[a-z]+)+-[0-9]", _("must be an AWS region such as us-east-1."), limit=32),
        "slots": whole(1, MAX_SLOTS),
        "requests_per_second": above_zero(10_000),
        "look": one_of(*Account.Look.values),
        "probes": flag,
        "role_arn": matching(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+", _("must be the ARN of an IAM role."), empty=True),
        "external_id": text(1224, empty=True),
    },
)
STAFF = Kind(("email",), {"email": email, "password_env": VARIABLE})
TOP = {"account": ACCOUNT, "report": REPORT, "staff": STAFF, "tenant": TENANT}
