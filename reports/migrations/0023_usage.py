"""What jobs of a day divide into, and indexes for what is counted by day."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0022_people"),
        ("tenants", "0006_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="snapshotfile",
            name="file_kept",
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="jobs_by_report",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="jobs_by_start",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("run_failed", "Run Failed"),
                    ("run_late", "Run Late"),
                    ("new_link", "New Link"),
                    ("code", "Code"),
                    ("ready_again", "Ready Again"),
                    ("test", "Test"),
                    ("invitation", "Invitation"),
                    ("quota", "Quota"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="dailyusage",
            index=models.Index(fields=["day"], name="usage_by_day"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("sent_at", None), _negated=True), fields=["tenant", "sent_at"], name="delivery_by_time"),
        ),
        migrations.AddIndex(
            model_name="download",
            index=models.Index(fields=["tenant", "at"], name="download_by_time"),
        ),
        migrations.AddIndex(
            model_name="snapshotfile",
            index=models.Index(
                condition=models.Q(("purged_at", None)), fields=["tenant", "created_at", "id"], include=("size_bytes",), name="file_kept"
            ),
        ),
    ]
