"""Parameters as they were asked for, beside what came of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0031_api_lists")]

    operations = [
        migrations.AddField(
            model_name="snapshotjob",
            name="given_parameters",
            field=models.JSONField(help_text="NULL: of a release that did not keep them.", null=True),
        )
    ]
