"""A row for each process of a worker."""

import django.db.models.functions.datetime
from django.db import migrations, models

from tenants import roles
from tenants.rls import run

LOGINS = f"{roles.WEB}, {roles.WORKER}"


class Migration(migrations.Migration):
    dependencies = [("reports", "0018_installation")]

    operations = [
        migrations.CreateModel(
            name="Process",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "worker",
                    models.CharField(blank=True, help_text="One start of `manage.py worker`. Empty: a task outside of any.", max_length=32),
                ),
                ("pid", models.PositiveIntegerField()),
                ("host", models.CharField(max_length=64)),
                ("cluster", models.CharField(blank=True, help_text="The queue it serves. Empty: a supervisor.", max_length=20)),
                (
                    "role",
                    models.CharField(
                        choices=[("supervisor", "Supervisor"), ("cluster", "Cluster"), ("member", "Member")],
                        default="member",
                        max_length=10,
                    ),
                ),
                ("release", models.CharField(blank=True, help_text="Of PORTAL_RELEASE. Empty: not told.", max_length=40)),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text="When it was first seen."),
                ),
                (
                    "seen_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), help_text="When its supervisor last saw it alive."
                    ),
                ),
                ("doing", models.CharField(blank=True, help_text="The task in hand. Empty: none.", max_length=60)),
                ("worked_at", models.DateTimeField(help_text="When it last took a task or made a turn. NULL: never.", null=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("worker", "pid"), name="one_row_per_process")],
            },
        ),
        run(
            f"grant select, insert, update, delete on reports_process to {roles.ENGINE}",
            # What stands by is looked for outside any scope.
            f"grant select on reports_process to {LOGINS}, {roles.STAFF}",
        ),
    ]
