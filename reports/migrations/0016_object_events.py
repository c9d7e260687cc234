"""When S3 last told of a job's file, and a pump of any."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0015_fair_queue"),
    ]

    operations = [
        migrations.AddField(
            model_name="pump",
            name="heard_at",
            field=models.DateTimeField(help_text="When S3 last told of a file of the account's jobs. NULL: never.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="object_seen_at",
            field=models.DateTimeField(help_text="When S3 told of a file, since the last attempt began. NULL: not yet.", null=True),
        ),
        run(
            f"grant select (object_seen_at), update (object_seen_at) on reports_snapshotjob to {roles.ENGINE}",
            # Whether a bucket is one of ours.
            f"grant select (bucket) on tenants_tenant to {roles.ENGINE}",
        ),
    ]
