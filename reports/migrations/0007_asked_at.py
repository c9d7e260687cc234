"""When a job was asked for, by the database's clock. Jobs that wait during the migration count as asked for then: their rules are read anew."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0006_catalogue_import")]

    operations = [
        migrations.AddField(
            model_name="snapshotjob",
            name="asked_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), editable=False, help_text="By the database's clock."
            ),
        ),
    ]
