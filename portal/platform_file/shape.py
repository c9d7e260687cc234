"""Which tables and keys a platform file has. What a key means stands in docs/platform-file.md."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from portal.platform_file.checks import (
    Check,
    above_zero,
    cron,
    email,
    flag,
    mail_text,
    many,
    matching,
    one_of,
    parameter_values,
    scalars,
    session_tags,
    slug,
    table,
    text,
    whole,
    zone,
)
from reports.models import Format, ReportParameter, Schedule
from reports.models.catalogue import MAX_VISUALS
from tenants.models import Tenant
from tenants.models.keys import SCOPES
from tenants.models.members import Role

MAX_SLOTS = 1000
NAME, LONG_NAME, TEXT = text(80), text(120), text(10_000, empty=True, lines=True)
RESOURCE_ID = matching(r"[\w-]+", _("must be letters, digits, hyphens and underscores."), limit=512)
VARIABLE = matching(r"[A-Za-z_][A-Za-z0-9_]*", _("must be the name of an environment variable, not its value."), limit=200)
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
RECIPIENT = Kind(("email",), {"email": email, "name": text(120, empty=True)})
AUDIENCE = Kind(("name",), {"name": LONG_NAME, "session_tags": session_tags, "recipients": many(email, least=1)})
SCHEDULE = Kind(
    ("slug",),
    {
        "slug": slug(80),
        "report": slug(80),
        "formats": FORMATS,
        "cron": cron,
        "timezone": zone,
        "parameters": parameter_values,
        "missed": one_of(*Schedule.Missed.values),
        "enabled": flag,
        "subject": mail_text(200),
        "message": mail_text(10_000, lines=True),
    },
    {"recipient": RECIPIENT, "audience": AUDIENCE},
)
TENANT = Kind(
    ("slug",),
    {
        "slug": slug(63),
        "name": LONG_NAME,
        "timezone": zone,
        "session_tags": session_tags,
        "bucket": matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", _("must be the name of an S3 bucket."), empty=True),
        "reports": many(slug(80)),
        "weight": above_zero(1000),
        "mfa": one_of(*Tenant.Mfa.values),
        "links": table({"days": whole(1, 3650), "max_uses": whole(1, 1_000_000)}),
    },
    {"grant": GRANT, "member": MEMBER, "api_key": API_KEY, "schedule": SCHEDULE},
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
        "role_arn": matching(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+", _("must be the ARN of an IAM role."), empty=True),
        "external_id": text(1224, empty=True),
    },
)
STAFF = Kind(("email",), {"email": email, "password_env": VARIABLE})
TOP = {"account": ACCOUNT, "report": REPORT, "staff": STAFF, "tenant": TENANT}
