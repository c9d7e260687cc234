"""When to look whether anything of a delivery was downloaded; the engine finds whose are due."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0040_delivery_under_way"),
        ("tenants", "0014_digest"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="remind_at",
            field=models.DateTimeField(
                help_text="When to look whether anything was downloaded. NULL: never, or somebody has looked.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("remind_at", None), _negated=True), fields=["remind_at"], name="delivery_to_remind"),
        ),
        run(f"grant select (remind_at) on reports_delivery to {roles.ENGINE}"),
    ]
