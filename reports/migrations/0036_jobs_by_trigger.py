"""Jobs by what started them, as the API filters them: among a million of a schedule's, those that somebody asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0035_webhook_log")]

    operations = [
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(
                condition=models.Q(("trigger", "schedule"), _negated=True),
                fields=["tenant", "trigger", "-created_at", "-id"],
                name="job_list_by_trigger",
            ),
        )
    ]
