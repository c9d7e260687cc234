"""The fair queue, learned durations, pauses, and what the engine asks about an attempt without a look into its tenant."""

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import CURRENT_TENANT, everything, force, policy, run

QUEUE = "admitted, snapshot_id, snapshot_dashboard_id, rendering_since, render_until"


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0013_occurrences"),
        ("tenants", "0005_shares"),
    ]

    operations = [
        migrations.CreateModel(
            name="LaneClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lane", models.PositiveSmallIntegerField()),
                ("virtual_time", models.FloatField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Pace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("formats", models.CharField(help_text="Such as PDF+CSV, in our order.", max_length=20)),
                ("jobs", models.PositiveSmallIntegerField(default=0)),
                ("log_mean", models.FloatField(default=0)),
                ("log_variance", models.FloatField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("account", "Account"), ("tenant", "Company"), ("report", "Report"), ("delivery", "Delivery")],
                        max_length=8,
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "by",
                    models.CharField(blank=True, help_text="Who paused it. Empty: the portal itself, which also ends it.", max_length=254),
                ),
                ("because", models.CharField(blank=True, help_text="In the words of who paused it; tenants read it.", max_length=300)),
                ("code", models.CharField(blank=True, help_text="Of reports/failures.py: why the portal paused it.", max_length=24)),
                (
                    "probe_at",
                    models.DateTimeField(help_text="When one job may find out whether it is over. NULL: people end it.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TenantQueue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lane", models.PositiveSmallIntegerField()),
                ("virtual_time", models.FloatField(help_text="Grows by 1/weight with each job that gets a slot.")),
                ("weight", models.FloatField(default=1.0)),
                (
                    "max_running",
                    models.PositiveSmallIntegerField(help_text="Of both lanes together. NULL: as many as there are slots.", null=True),
                ),
                ("queued", models.PositiveIntegerField(default=0, help_text="Admitted jobs that wait; counted again each night.")),
                ("running", models.PositiveIntegerField(default=0, help_text="Jobs that hold a slot.")),
            ],
        ),
        migrations.RemoveIndex(
            model_name="snapshotjob",
            name="job_queue",
        ),
        migrations.AddField(
            model_name="account",
            name="look",
            field=models.CharField(
                choices=[("result", "Result"), ("describe", "Describe")], db_default="result", default="result", max_length=8
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="probes",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Offer one job more than fits, to learn at once when a slot is free.",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="render_minutes",
            field=models.PositiveSmallIntegerField(db_default=15, default=15, help_text="An attempt that renders longer is given up."),
        ),
        migrations.AddField(
            model_name="requestbudget",
            name="slowed_to",
            field=models.FloatField(db_default=1.0, default=1.0, help_text="Share of the rate until then."),
        ),
        migrations.AddField(
            model_name="requestbudget",
            name="slowed_until",
            field=models.DateTimeField(help_text="NULL: the whole rate. Set: until then less, because QuickSight throttled.", null=True),
        ),
        migrations.AddField(
            model_name="slot",
            name="spare",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Above the limit: for a job that is offered all the same."
            ),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="admitted",
            field=models.BooleanField(db_default=False, default=False, help_text="Counted in its tenant's queue: it may get a slot."),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="render_until",
            field=models.DateTimeField(help_text="When that attempt is given up. NULL: it does not render.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="rendering_since",
            field=models.DateTimeField(help_text="When QuickSight accepted that attempt. NULL: not yet.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="snapshot_dashboard_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=512),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="snapshot_id",
            field=models.UUIDField(help_text="NULL: there was no attempt yet.", null=True),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(
                condition=models.Q(("admitted", True), ("status", "queued")),
                fields=["account", "lane", "tenant", "created_at", "id"],
                name="job_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(
                condition=models.Q(("admitted", False), ("status", "queued")), fields=["account", "not_before", "id"], name="job_inbox"
            ),
        ),
        migrations.AddField(
            model_name="laneclock",
            name="account",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.account"),
        ),
        migrations.AddField(
            model_name="pace",
            name="account",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.account"),
        ),
        migrations.AddField(
            model_name="pace",
            name="report",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.report"),
        ),
        migrations.AddField(
            model_name="pause",
            name="account",
            field=models.ForeignKey(
                help_text="NULL: not of an account.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pauses",
                to="reports.account",
            ),
        ),
        migrations.AddField(
            model_name="pause",
            name="report",
            field=models.ForeignKey(
                help_text="NULL: not of a report.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pauses",
                to="reports.report",
            ),
        ),
        migrations.AddField(
            model_name="pause",
            name="tenant",
            field=models.ForeignKey(
                help_text="NULL: not of one tenant.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pauses",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="tenantqueue",
            name="account",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.account"),
        ),
        migrations.AddField(
            model_name="tenantqueue",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddConstraint(
            model_name="laneclock",
            constraint=models.UniqueConstraint(fields=("account", "lane"), name="one_clock_per_lane"),
        ),
        migrations.AddConstraint(
            model_name="pace",
            constraint=models.UniqueConstraint(fields=("account", "report", "formats"), name="one_pace_per_report_and_formats"),
        ),
        migrations.AddConstraint(
            model_name="pause",
            constraint=models.UniqueConstraint(
                fields=("kind", "account", "report", "tenant"), name="one_pause_per_subject", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="pause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("account__isnull", False), ("kind", "account"), ("report", None), ("tenant", None)),
                    models.Q(("account", None), ("kind", "tenant"), ("report", None), ("tenant__isnull", False)),
                    models.Q(("account", None), ("kind", "report"), ("report__isnull", False), ("tenant", None)),
                    models.Q(("account", None), ("kind", "delivery"), ("report", None)),
                    _connector="OR",
                ),
                name="a_pause_names_its_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="tenantqueue",
            index=models.Index(
                condition=models.Q(("queued__gt", 0)), fields=["account", "lane", "virtual_time", "tenant"], name="queue_next"
            ),
        ),
        migrations.AddConstraint(
            model_name="tenantqueue",
            constraint=models.UniqueConstraint(fields=("account", "lane", "tenant"), name="one_queue_per_lane_and_tenant"),
        ),
        # Jobs under way; the owner is held to the policies otherwise, and would see none.
        run(
            "alter table reports_attempt no force row level security",
            "alter table reports_snapshotjob no force row level security",
            "update reports_snapshotjob job set snapshot_id = attempt.id, snapshot_dashboard_id = attempt.dashboard_id, "
            "rendering_since = attempt.accepted_at, render_until = attempt.accepted_at + interval '15 minutes' "
            "from reports_attempt attempt where attempt.job_id = job.id and attempt.ended_at is null",
            "alter table reports_attempt force row level security",
            "alter table reports_snapshotjob force row level security",
        ),
        run(
            f"grant select (formats, {QUEUE}), update ({QUEUE}) on reports_snapshotjob to {roles.ENGINE}",
            f"grant select, insert, update, delete on reports_laneclock, reports_pace to {roles.ENGINE}",
            f"grant select on reports_laneclock, reports_pace to {roles.STAFF}",
        ),
        force("reports_tenantqueue"),
        policy("reports_tenantqueue", "own_queues", roles.APP, f"tenant_id = {CURRENT_TENANT}", command="select"),
        run(f"grant select on reports_tenantqueue to {roles.APP}"),
        *everything("reports_tenantqueue", roles.ENGINE, "select, insert, update, delete"),
        *everything("reports_tenantqueue", roles.STAFF, "select"),
        # A tenant is told of the pauses that hold its own work up, and of no other tenant's.
        force("reports_pause"),
        policy("reports_pause", "own_and_common", roles.APP, f"tenant_id is null or tenant_id = {CURRENT_TENANT}", command="select"),
        run(f"grant select on reports_pause to {roles.APP}"),
        *everything("reports_pause", roles.ENGINE, "select, insert, update, delete"),
        *everything("reports_pause", roles.STAFF, "select, insert, delete"),
    ]
