"""Row-level security of the reports app, and keys that cannot cross tenants. docs/architecture.md, "Tenancy", has the table of roles."""

from django.db import migrations

from tenants import roles
from tenants.rls import everything, force, policy, run, same_tenant, tenant_table

LOGINS = f"{roles.WEB}, {roles.WORKER}"
PLATFORM_TABLES = ("reports_account", "reports_report", "reports_reportparameter", "reports_slot", "reports_requestbudget", "reports_pump")
PARENTS = ("snapshotjob", "attempt", "snapshotfile", "link", "schedule", "audience", "recipient")
CHILDREN = [
    ("snapshotjob", "api_key_id", "tenants_apikey"),
    ("snapshotjob", "retry_of_id", "reports_snapshotjob"),
    ("attempt", "job_id", "reports_snapshotjob"),
    ("jobevent", "job_id", "reports_snapshotjob"),
    ("snapshotfile", "job_id", "reports_snapshotjob"),
    ("snapshotfile", "attempt_id", "reports_attempt"),
    ("link", "job_id", "reports_snapshotjob"),
    ("download", "file_id", "reports_snapshotfile"),
    ("download", "link_id", "reports_link"),
    ("audience", "schedule_id", "reports_schedule"),
    ("audiencerecipient", "audience_id", "reports_audience"),
    ("audiencerecipient", "recipient_id", "reports_recipient"),
]
# The queue's columns. What a job is about (parameters, tags, files, people) is not among them.
QUEUE_READ = (
    "id, tenant_id, account_id, report_id, status, lane, created_at, deadline_at, started_at, finished_at, "
    "not_before, next_look_at, lease_until, attempt_count, no_verdicts, crashes, waiting"
)
QUEUE_WRITE = "status, not_before, next_look_at, lease_until, no_verdicts, crashes, waiting"
# `{}` names its table too: a bare report_id would be the grant's own, and every report's parameters would be offered.
OFFERED = "exists (select 1 from reports_grant g where g.report_id = {})"
ACCOUNT_FOR_TENANTS = "select (id, name, region, unanswered_since)"


def granted_only(table: str) -> list[migrations.RunSQL]:
    """A job or schedule of a report that was never offered to its tenant cannot be stored. Grants are withdrawn, not deleted."""
    return [
        run(
            f"alter table {table} add constraint {table}_report_was_granted foreign key (tenant_id, report_id) "
            "references reports_grant (tenant_id, report_id) deferrable initially deferred"
        )
    ]


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial"), ("tenants", "0002_row_security")]

    operations = [
        *(run(f"alter table reports_{table} add unique (tenant_id, id)") for table in PARENTS),
        *(same_tenant(f"reports_{table}", column, parent) for table, column, parent in CHILDREN),
        *granted_only("reports_snapshotjob"),
        *granted_only("reports_schedule"),
        # Tenant tables.
        *tenant_table("reports_grant", "select, insert, update"),
        *tenant_table("reports_snapshotjob"),
        *tenant_table("reports_attempt"),
        *tenant_table("reports_jobevent", "select, insert, delete"),
        *tenant_table("reports_snapshotfile"),
        *tenant_table("reports_link"),
        *tenant_table("reports_download", "select, insert"),
        *tenant_table("reports_schedule"),
        *tenant_table("reports_recipient"),
        *tenant_table("reports_audience"),
        *tenant_table("reports_audiencerecipient"),
        # The catalogue: a tenant sees what it is or was offered, the engine and the platform see all.
        force("reports_report"),
        policy("reports_report", "offered", roles.APP, OFFERED.format("reports_report.id"), command="select"),
        force("reports_reportparameter"),
        policy("reports_reportparameter", "offered", roles.APP, OFFERED.format("reports_reportparameter.report_id"), command="select"),
        run(f"grant select on reports_report, reports_reportparameter to {roles.APP}"),
        run(f"grant {ACCOUNT_FOR_TENANTS} on reports_account to {roles.APP}, {LOGINS}"),
        *everything("reports_report", roles.PLATFORM, "select, insert, update"),
        *everything("reports_reportparameter", roles.PLATFORM, "select, insert, update, delete"),
        *everything("reports_report", roles.ENGINE, "select, update (preflight, preflight_detail, preflight_at, row_rules)"),
        *(run(f"grant select, insert, update on {table} to {roles.PLATFORM}") for table in PLATFORM_TABLES),
        # The engine: the queue of all tenants, by its columns only.
        *everything("reports_snapshotjob", roles.ENGINE, f"select ({QUEUE_READ}), update ({QUEUE_WRITE})"),
        run(
            f"grant select, update (unanswered_since) on reports_account to {roles.ENGINE}",
            f"grant select, insert, update on reports_slot, reports_requestbudget, reports_pump, reports_heartbeat to {roles.ENGINE}",
            # Waking the engine and /readyz work outside any scope.
            f"grant select on reports_pump, reports_heartbeat to {LOGINS}",
        ),
        # Staff look across tenants at the queue, never into it.
        *everything(
            "reports_snapshotjob", roles.STAFF, "select (id, tenant_id, account_id, status, lane, created_at, finished_at, waiting)"
        ),
        *everything("reports_report", roles.STAFF, "select"),
        run(f"grant select on reports_account, reports_slot, reports_pump, reports_heartbeat to {roles.STAFF}"),
    ]
