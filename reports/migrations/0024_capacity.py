"""Accounts minute by minute, and what AWS throttled, for the chart of capacity."""

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0023_usage"),
    ]

    operations = [
        migrations.CreateModel(
            name="CapacitySample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(help_text="A whole minute.")),
                ("slots", models.PositiveSmallIntegerField(help_text="The account's limit.")),
                ("in_use", models.PositiveSmallIntegerField()),
                ("waiting", models.PositiveIntegerField()),
                ("oldest_seconds", models.PositiveIntegerField(help_text="How long the job waits that waits longest; 0: none waits.")),
                (
                    "throttled",
                    models.PositiveBigIntegerField(
                        help_text="The budget's counter: the difference of two samples is what was throttled between."
                    ),
                ),
                ("delivered", models.PositiveIntegerField(help_text="Since the sample before.")),
                ("failed", models.PositiveIntegerField(help_text="Since the sample before.")),
            ],
        ),
        migrations.AddField(
            model_name="requestbudget",
            name="throttled",
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text="Requests that AWS throttled, ever."),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(condition=models.Q(("status", "failed")), fields=["account", "-finished_at"], name="job_failed_lately"),
        ),
        migrations.AddField(
            model_name="capacitysample",
            name="account",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="samples", to="reports.account"
            ),
        ),
        migrations.AddIndex(
            model_name="capacitysample",
            index=models.Index(fields=["at"], name="capacity_age"),
        ),
        migrations.AddConstraint(
            model_name="capacitysample",
            constraint=models.UniqueConstraint(fields=("account", "at"), name="one_capacity_sample_per_minute"),
        ),
        run(
            f"grant select, insert, update, delete on reports_capacitysample to {roles.ENGINE}",
            f"grant select on reports_capacitysample to {roles.STAFF}",
        ),
    ]
