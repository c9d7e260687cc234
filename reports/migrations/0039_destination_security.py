"""Row-level security of destinations, and what of schedules, audiences and destinations counts as a new version."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

from tenants import roles
from tenants.rls import run, same_tenant, tenant_table

api_v1 = import_module("reports.migrations.0028_api_v1_security")
CHILDREN = [
    ("audiencedestination", "audience_id", "reports_audience"),
    ("audiencedestination", "destination_id", "reports_destination"),
    ("delivery", "destination_id", "reports_destination"),
]
OF_SCHEDULE = f"{api_v1.VISIBLE['schedule']}, remind_after_days, receipts, release, usual_percent, must_contain, hold_hours"
OF_DESTINATION = "name, config, sealed_secret"


def version_of(table, columns):
    old, new = (", ".join(f"{row}.{column}" for column in columns.split(", ")) for row in ("old", "new"))
    return api_v1.COUNT_VERSION.replace("create function", "create or replace function").format(table=table, old=old, new=new)


class Migration(migrations.Migration):
    dependencies = [("reports", "0038_destinations_and_gate")]

    operations = [
        run("alter table reports_destination add unique (tenant_id, id)"),
        *(same_tenant(f"reports_{table}", column, parent) for table, column, parent in CHILDREN),
        *tenant_table("reports_destination"),
        *tenant_table("reports_audiencedestination"),
        # What the carrier needs to find what is due where nothing is on its way just now.
        run(f"grant select (channel, destination_id) on reports_delivery to {roles.ENGINE}"),
        run(
            version_of("destination", OF_DESTINATION),
            "create trigger count_version before update on reports_destination for each row execute function reports_destination_version()",
            version_of("schedule", OF_SCHEDULE),
        ),
        api_v1.touch("audiencedestination", "audience", "audience_id"),
    ]
