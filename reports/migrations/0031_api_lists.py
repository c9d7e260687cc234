"""Schedules, and links that were revoked, newest first, as the API pages through them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0030_imported_jobs")]

    operations = [
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(condition=models.Q(("retired_at", None)), fields=["tenant", "-created_at", "-id"], name="schedule_list"),
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(
                condition=models.Q(("revoked_at", None), _negated=True), fields=["tenant", "-created_at", "-id"], name="link_revoked"
            ),
        ),
    ]
