"""Jobs whose result nobody wants any more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0033_revoked_links")]

    operations = [
        migrations.AddField(
            model_name="snapshotjob",
            name="discarded_at",
            field=models.DateTimeField(help_text="Nobody wants its result any more. NULL: it is wanted.", null=True),
        )
    ]
