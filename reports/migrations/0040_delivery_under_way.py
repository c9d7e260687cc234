"""Whether something is on its way to a destination, for the carrier, which sends one at a time there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0039_destination_security"),
        ("tenants", "0013_platform_ends_sessions"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(models.Q(("destination", None), _negated=True), models.Q(("lease_until", None), _negated=True)),
                fields=["destination"],
                name="delivery_under_way",
            ),
        ),
    ]
