"""Staff see who else is staff: two of them agree before rows are open to everyone, and pages name them."""

from __future__ import annotations

from django.db import migrations

from tenants import roles
from tenants.rls import policy, run


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_row_security")]

    operations = [
        policy("tenants_user", "staff", roles.STAFF, "is_staff", command="select"),
        run(f"grant select (id, email, name, is_active, is_staff) on tenants_user to {roles.STAFF}"),
    ]
