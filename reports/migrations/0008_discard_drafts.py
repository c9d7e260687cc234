"""Staff may throw a draft away. What was published is not theirs to delete: it tells how a report came into the catalogue."""

from __future__ import annotations

from django.db import migrations

from tenants import roles
from tenants.rls import policy, run

TABLE = "reports_catalogueimport"


class Migration(migrations.Migration):
    dependencies = [("reports", "0007_asked_at")]

    operations = [
        policy(TABLE, "staff_discard_drafts", roles.STAFF, "published_at is null", command="delete"),
        run(f"grant delete on {TABLE} to {roles.STAFF}"),
    ]
