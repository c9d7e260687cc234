"""Whether jobs of a paused report are in the line is asked in each turn; without an index that reads all that waits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0020_queue_page")]

    operations = [
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["account", "report", "admitted"], name="job_waiting_by_report"
            ),
        ),
    ]
