"""What the queue page of staff reads, and that an act of staff is written down inside the company it is about."""

from django.db import migrations

from tenants import roles
from tenants.rls import policy, run


class Migration(migrations.Migration):
    dependencies = [("reports", "0019_processes")]

    operations = [
        run(
            f"grant select (report_id, admitted, deadline_at) on reports_snapshotjob to {roles.STAFF}",
            f"grant select on reports_requestbudget to {roles.STAFF}",
            f"grant insert on tenants_auditevent to {roles.STAFF}",
        ),
        policy("tenants_auditevent", "acts_of_staff", roles.STAFF, "true", command="insert"),
    ]
