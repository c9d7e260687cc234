"""The schedules of a company, newest first, as the API pages through them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0030_imported_jobs")]

    operations = [
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(condition=models.Q(("retired_at", None)), fields=["tenant", "-created_at", "-id"], name="schedule_list"),
        ),
    ]
