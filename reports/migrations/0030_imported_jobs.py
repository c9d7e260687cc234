"""Jobs that were brought over from the older API: a word for how they were started."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0029_webhook_notices")]

    operations = [
        migrations.AlterField(
            model_name="snapshotjob",
            name="trigger",
            field=models.CharField(
                choices=[
                    ("page", "Run by hand"),
                    ("api", "API"),
                    ("batch", "In a batch"),
                    ("compat", "API"),
                    ("retry", "Run again"),
                    ("schedule", "By its schedule"),
                    ("remake", "Prepared again"),
                    ("dry_run", "Dry run by platform staff"),
                    ("imported", "Brought over from the older API"),
                ],
                max_length=8,
            ),
        ),
    ]
