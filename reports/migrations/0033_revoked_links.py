"""Links that were revoked, newest first: few among many."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0032_given_parameters")]

    operations = [
        migrations.AddIndex(
            model_name="link",
            index=models.Index(
                condition=models.Q(("revoked_at", None), _negated=True), fields=["tenant", "-created_at", "-id"], name="link_revoked"
            ),
        ),
    ]
