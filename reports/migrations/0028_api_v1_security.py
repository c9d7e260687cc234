"""Row-level security of batches, events and webhooks; and versions that are counted by the database, whoever changes a row."""

from __future__ import annotations

from django.db import migrations

from tenants import roles
from tenants.rls import everything, run, same_tenant, tenant_table

PARENTS = ("batch", "event", "webhook", "webhookdelivery")
CHILDREN = [
    ("batch", "api_key_id", "tenants_apikey"),
    ("snapshotjob", "batch_id", "reports_batch"),
    ("snapshotjob", "audience_id", "reports_audience"),
    ("webhookdelivery", "webhook_id", "reports_webhook"),
    ("webhookdelivery", "event_id", "reports_event"),
    ("webhooktry", "delivery_id", "reports_webhookdelivery"),
]
# What a courier needs to find what is due, and nothing of what it says to whom.
DUE_READ, DUE_WRITE = "id, tenant_id, status, tries, next_try_at, lease_until", "tries, next_try_at, lease_until"

# What its readers see of each, beside ids: who saves a row as it was writes back an old version, and it is set right here.
VISIBLE = {
    "schedule": (
        "slug, name, report_id, owner_id, formats, visual_ids, parameters, cron, timezone, starts_on, ends_on, missed, ready_by, enabled, "
        "fault, retired_at, subject, message, cc, attach, skip_if_empty, tell_owner, link_days, link_max_uses, link_protection, link_passcode"
    ),
    "recipient": "email, name, language, external_id",
    "audience": "name, session_tags",
    "webhook": "url, events, description, status, disabled_reason, sealed_secret, sealed_old_secret",
}
COUNT_VERSION = """
create function reports_{table}_version() returns trigger language plpgsql as $$
begin
    if ({old}) is distinct from ({new}) then
        new.version := old.version + 1;
        new.updated_at := clock_timestamp();
    else
        new.version := greatest(old.version, new.version);
        new.updated_at := greatest(old.updated_at, new.updated_at);
    end if;
    return new;
end $$
"""
# Once a statement, however many rows it changed: an import may bring thousands.
TOUCH = """
create function reports_{name}() returns trigger language plpgsql as $$
begin
    update reports_{parent} set version = version + 1, updated_at = clock_timestamp() where id in (select {column} from changed);
    return null;
end $$
"""


def count_version(table):
    columns = VISIBLE[table].split(", ")
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
    return run(
        COUNT_VERSION.format(table=table, old=old, new=new),
        f"create trigger count_version before update on reports_{table} for each row execute function reports_{table}_version()",
    )


def touch(child, parent, column):
    name = f"touch_{parent}_of_{child}"
    events = {"insert": "new table as changed", "delete": "old table as changed", "update": "new table as changed"}
    return run(
        TOUCH.format(name=name, parent=parent, column=column),
        *(
            f"create trigger {name}_{event} after {event} on reports_{child} referencing {table} "
            f"for each statement execute function reports_{name}()"
            for event, table in events.items()
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0027_api_v1")]

    operations = [
        *(run(f"alter table reports_{table} add unique (tenant_id, id)") for table in PARENTS),
        *(same_tenant(f"reports_{table}", column, parent) for table, column, parent in CHILDREN),
        *tenant_table("reports_batch", "select, insert, update"),
        *tenant_table("reports_idempotentrequest"),
        *tenant_table("reports_event", "select, insert, delete"),
        *tenant_table("reports_webhook"),
        *tenant_table("reports_webhookdelivery"),
        *tenant_table("reports_webhooktry", "select, insert, delete"),
        *everything("reports_webhookdelivery", roles.ENGINE, f"select ({DUE_READ}), update ({DUE_WRITE})"),
        *(count_version(table) for table in VISIBLE),
        touch("audiencerecipient", "audience", "audience_id"),
        touch("audiencegroup", "audience", "audience_id"),
        touch("audience", "schedule", "schedule_id"),
    ]
