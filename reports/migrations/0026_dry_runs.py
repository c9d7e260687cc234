"""Dry runs are found without reading a tenant's other jobs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0025_retention")]

    operations = [
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(condition=models.Q(("dry_run_tags__isnull", False)), fields=["tenant", "-created_at"], name="job_dry_run"),
        ),
    ]
