"""What a webhook did not take, for its log and for where it stands, without reading what it took."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0034_discarded")]

    operations = [
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("status__in", ("pending", "failed", "dead"))),
                fields=["webhook", "-created_at", "-id"],
                name="webhook_delivery_not_taken",
            ),
        ),
    ]
