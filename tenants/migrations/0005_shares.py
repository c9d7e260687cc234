"""What staff give a tenant of an account's slots, and how much of it may wait."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="max_running",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="Jobs at once in an account. NULL: as many as there are slots.", null=True
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="max_waiting",
            field=models.PositiveIntegerField(blank=True, help_text="Jobs that may wait. NULL: any number.", null=True),
        ),
        migrations.AlterField(
            model_name="tenant",
            name="weight",
            field=models.FloatField(default=1.0, help_text="Its share of the slots while others wait: twice the weight, twice the jobs."),
        ),
        run(
            f"grant select (weight, max_running, max_waiting) on tenants_tenant to {roles.ENGINE}",
            f"grant update (weight, max_running, max_waiting) on tenants_tenant to {roles.STAFF}",
        ),
    ]
