"""Row-level security of schedules' occurrences, deliveries and address book; and the first due time of schedules that were only stored until now."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim
from django.db import migrations
from django.utils import timezone

from tenants import roles
from tenants.rls import everything, run, same_tenant, tenant_table

PARENTS = ("occurrence", "delivery", "recipientgroup")
CHILDREN = [
    ("occurrence", "schedule_id", "reports_schedule"),
    ("snapshotjob", "occurrence_id", "reports_occurrence"),
    ("snapshotjob", "replaces_id", "reports_snapshotjob"),
    ("delivery", "job_id", "reports_snapshotjob"),
    ("delivery", "occurrence_id", "reports_occurrence"),
    ("delivery", "audience_id", "reports_audience"),
    ("delivery", "recipient_id", "reports_recipient"),
    ("notice", "schedule_id", "reports_schedule"),
    ("notice", "occurrence_id", "reports_occurrence"),
    ("notice", "job_id", "reports_snapshotjob"),
    ("notice", "link_id", "reports_link"),
    ("link", "recipient_id", "reports_recipient"),
    ("link", "delivery_id", "reports_delivery"),
    ("link", "superseded_by_id", "reports_snapshotjob"),
    ("groupmember", "group_id", "reports_recipientgroup"),
    ("groupmember", "recipient_id", "reports_recipient"),
    ("audiencegroup", "audience_id", "reports_audience"),
    ("audiencegroup", "group_id", "reports_recipientgroup"),
]
# When a schedule is due, and nothing of what it sends to whom.
DUE_READ = (
    "id, tenant_id, report_id, cron, timezone, starts_on, ends_on, missed, ready_by, enabled, paused_at, paused_by, fault, retired_at, "
    "next_run_at"
)
DUE_WRITE = "next_run_at, enabled, paused_at, fault"
OCCURRENCE_READ = "id, tenant_id, schedule_id, planned_at, kind, status, reason, ready_by_at, lease_until, tries, ended_at"
OCCURRENCE_WRITE = "status, reason, lease_until, tries, ended_at"
OUTGOING_READ, OUTGOING_WRITE = "id, tenant_id, status, next_try_at, lease_until, tries", "status, next_try_at, lease_until, tries"


def give_first_due_time(apps, schema_editor):
    """By raw rows: the owner sees none while the policies are forced on it."""
    now = timezone.now()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("alter table reports_schedule no force row level security")
        cursor.execute("select id, cron, timezone from reports_schedule where next_run_at is null")
        for schedule_id, cron, zone in cursor.fetchall():
            due = _next(cron, zone, now)
            cursor.execute("update reports_schedule set next_run_at = %s where id = %s", [due, schedule_id])
        cursor.execute("alter table reports_schedule force row level security")


def _next(cron: str, zone: str, now: datetime) -> datetime | None:
    aliases = {
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
        "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    }
    return next(CronSim(aliases.get(cron.strip().lower(), cron.strip()), now.astimezone(ZoneInfo(zone))), None)


class Migration(migrations.Migration):
    dependencies = [("reports", "0009_schedules_and_mail"), ("tenants", "0004_mail")]

    operations = [
        migrations.RunPython(give_first_due_time, migrations.RunPython.noop),
        # Deferred key checks of the rows just written would keep the table from being altered.
        run("set constraints all immediate"),
        *(run(f"alter table reports_{table} add unique (tenant_id, id)") for table in PARENTS),
        *(same_tenant(f"reports_{table}", column, parent) for table, column, parent in CHILDREN),
        *tenant_table("reports_occurrence", "select, insert, update"),
        *tenant_table("reports_delivery", "select, insert, update"),
        *tenant_table("reports_notice", "select, insert, update"),
        *tenant_table("reports_recipientgroup"),
        *tenant_table("reports_groupmember"),
        *tenant_table("reports_audiencegroup"),
        *tenant_table("reports_suppression"),
        *everything("reports_schedule", roles.ENGINE, f"select ({DUE_READ}), update ({DUE_WRITE})"),
        *everything("reports_occurrence", roles.ENGINE, f"select ({OCCURRENCE_READ}), insert, update ({OCCURRENCE_WRITE})"),
        *everything("reports_delivery", roles.ENGINE, f"select ({OUTGOING_READ}), update ({OUTGOING_WRITE})"),
        *everything("reports_notice", roles.ENGINE, f"select ({OUTGOING_READ}), update ({OUTGOING_WRITE})"),
        run(f"grant select, insert, update on reports_mailbudget to {roles.ENGINE}"),
    ]
