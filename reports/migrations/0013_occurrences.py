"""What running schedules needs: the order of the expander's work, warnings before a promise is broken, and the load to come."""

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [("reports", "0012_links_in_full")]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="job_count",
            field=models.PositiveSmallIntegerField(default=1, help_text="Jobs of its last run, by which the load to come is reckoned."),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="warned_at",
            field=models.DateTimeField(help_text="When it looked as if the promise would be broken. NULL: it never did.", null=True),
        ),
        migrations.RemoveIndex(model_name="occurrence", name="occurrence_to_expand"),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(fields=["tenant", "planned_at"], condition=models.Q(status="planned"), name="occurrence_to_expand"),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(
                fields=["ready_by_at"],
                condition=models.Q(status__in=("planned", "running"), warned_at=None) & ~models.Q(ready_by_at=None),
                name="occurrence_promised",
            ),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(condition=~models.Q(occurrence=None), fields=["occurrence"], name="job_of_occurrence"),
        ),
        migrations.CreateModel(
            name="PlannedLoad",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField(help_text="Its beginning, in UTC.")),
                ("jobs", models.PositiveIntegerField()),
                (
                    "seconds",
                    models.FloatField(
                        help_text="From the hour's beginning until all of them are done, with what hours before have left over."
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.account"),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("account", "hour"), name="one_load_per_hour")]},
        ),
        run(
            f"grant select (job_count) on reports_schedule to {roles.ENGINE}",
            f"grant select (warned_at), update (warned_at) on reports_occurrence to {roles.ENGINE}",
            f"grant select (occurrence_id) on reports_snapshotjob to {roles.ENGINE}",
            f"grant select, insert, update, delete on reports_plannedload to {roles.ENGINE}",
            f"grant select on reports_plannedload to {roles.APP}",
        ),
    ]
