"""Figures for /metrics: what was counted, and how things stand."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run

LOGINS = f"{roles.WEB}, {roles.WORKER}"


class Migration(migrations.Migration):
    dependencies = [("reports", "0044_templates")]

    operations = [
        migrations.CreateModel(
            name="Figures",
            fields=[
                ("number", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(help_text="When the worker looked.")),
                ("state", models.JSONField()),
            ],
            options={"constraints": [models.CheckConstraint(condition=models.Q(("number", 1)), name="one_row_of_figures")]},
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Of reports/measures.py, with the ending of a histogram's row.", max_length=60)),
                ("labels", models.JSONField(help_text="An account by its number.")),
                ("value", models.FloatField()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("name", "labels"), name="one_tally_per_name_and_labels")]},
        ),
        run(
            # Every few seconds each row is written anew: with room on its page the old one goes without a vacuum.
            "alter table reports_tally set (fillfactor = 50)",
            # Outside any scope: things are counted in all of them, and the web process tells the figures without a tenant.
            f"grant select, insert, update on reports_tally to {LOGINS}",
            f"grant select on reports_figures to {LOGINS}",
            f"grant select, insert, update on reports_figures to {roles.ENGINE}",
        ),
    ]
