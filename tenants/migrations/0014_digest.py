"""Whether an owner gets a mail about each week."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0013_platform_ends_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="digest",
            field=models.BooleanField(db_default=True, default=True, help_text="An owner gets a mail about each week."),
        ),
    ]
