"""Which language a person reads."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0016_founded_by_staff"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("en", "English"), ("de", "Deutsch")],
                db_default="",
                help_text="Of pages and mails. Empty: what the browser asks for.",
                max_length=5,
            ),
        ),
        run(f"grant update (language) on tenants_user to {roles.WEB}", f"grant select (language) on tenants_user to {roles.APP}"),
    ]
