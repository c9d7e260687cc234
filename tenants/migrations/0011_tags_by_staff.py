"""Inside a company session tags are read only: what decides about rows is written as staff, in one company at a time."""

from django.db import migrations

from tenants import roles
from tenants.rls import CURRENT_TENANT, policy, run

OWN = f"tenant_id = {CURRENT_TENANT}"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0010_sessions_leave_no_row")]

    operations = [
        run(
            f"revoke insert, update, delete on tenants_sessiontag from {roles.APP}",
            # It was for every command; across companies staff only read.
            f"drop policy all_rows_{roles.STAFF} on tenants_sessiontag",
            f"grant select (id), insert (tenant_id, key, value), update (value), delete on tenants_sessiontag to {roles.STAFF}",
        ),
        policy("tenants_sessiontag", "every_tag_is_seen", roles.STAFF, "true", command="select"),
        policy("tenants_sessiontag", "own_tag_is_made", roles.STAFF, OWN, command="insert"),
        policy("tenants_sessiontag", "own_tag_is_changed", roles.STAFF, OWN, command="update"),
        policy("tenants_sessiontag", "own_tag_is_removed", roles.STAFF, OWN, command="delete"),
    ]
