"""What a preflight found: its code, what to do, and the dashboard's version it saw. The engine writes them with the rest of its answer."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_row_security")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="preflight_code",
            field=models.CharField(blank=True, default="", help_text="Of reports/failures.py; empty unless refused.", max_length=24),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="report",
            name="preflight_remedy",
            field=models.TextField(blank=True, default="", help_text="What to do about it, for the platform's people."),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="report",
            name="preflight_detail",
            field=models.TextField(blank=True, help_text="What is wrong, for everybody who may run it; empty unless refused."),
        ),
        migrations.AlterField(
            model_name="report",
            name="preflight_at",
            field=models.DateTimeField(help_text="When the check began, by the database's clock. NULL: never checked.", null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="dashboard_version",
            field=models.PositiveIntegerField(help_text="Published when it was checked. NULL: none was seen.", null=True),
        ),
        run(f"grant update (preflight_code, preflight_remedy, dashboard_version) on reports_report to {roles.ENGINE}"),
    ]
