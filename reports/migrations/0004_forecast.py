"""Where a waiting job stands in its account's line, for the engine to write and the tenant's pages to read."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_preflight")]

    operations = [
        migrations.AddField(
            model_name="snapshotjob",
            name="ahead",
            field=models.PositiveIntegerField(help_text="Jobs that start before it. NULL: not known.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="expected_start_at",
            field=models.DateTimeField(help_text="NULL: not known.", null=True),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(condition=models.Q(("status", "completed")), fields=["account", "-finished_at"], name="job_lately"),
        ),
        run(f"grant select (ahead, expected_start_at), update (ahead, expected_start_at) on reports_snapshotjob to {roles.ENGINE}"),
    ]
