"""Dry runs and drafts of tags, what proves a file's rows, files that are gone, erasures, usage."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import everything, run, same_tenant, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0021_waiting_by_report"),
        ("tenants", "0006_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(help_text="In the tenant's time zone.")),
                ("jobs", models.PositiveIntegerField(db_default=0, default=0)),
                ("completed", models.PositiveIntegerField(db_default=0, default=0)),
                ("failed", models.PositiveIntegerField(db_default=0, default=0)),
                ("report_units", models.PositiveIntegerField(db_default=0, default=0)),
                ("files", models.PositiveIntegerField(db_default=0, default=0)),
                ("files_bytes", models.PositiveBigIntegerField(db_default=0, default=0)),
                ("downloads", models.PositiveIntegerField(db_default=0, default=0)),
                ("deliveries", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "stored_bytes",
                    models.PositiveBigIntegerField(db_default=0, default=0, help_text="Of all its files, when last counted on that day."),
                ),
                ("recounted_at", models.DateTimeField(help_text="NULL: only its jobs were counted so far.", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("address_hmac", models.BinaryField(max_length=32)),
                ("by", models.CharField(max_length=254)),
                ("reason", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(help_text="NULL: its objects are still being removed.", null=True)),
                ("removed", models.JSONField(default=dict, help_text="Rows by table, and objects.")),
            ],
        ),
        migrations.CreateModel(
            name="TagDraft",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tags", models.JSONField()),
                ("instead_of", models.JSONField()),
                ("by", models.CharField(max_length=254)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(help_text="In force, or discarded. NULL: neither yet.", null=True)),
            ],
        ),
        migrations.AddField(
            model_name="attempt",
            name="dashboard_version",
            field=models.PositiveIntegerField(help_text="NULL: not known.", null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="row_rules",
            field=models.JSONField(help_text="NULL: not known.", null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="rules_read_at",
            field=models.DateTimeField(help_text="NULL: not known.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="pages",
            field=models.PositiveIntegerField(help_text="Of a PDF. NULL: not counted.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="purged_at",
            field=models.DateTimeField(help_text="The object is gone, by its days or by an erasure. NULL: it is there.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="version_id",
            field=models.CharField(blank=True, help_text="S3's, of a bucket with versions; empty: it has none.", max_length=1024),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="dry_run_tags",
            field=models.JSONField(help_text="NULL: no dry run; the tenant's own tags count.", null=True),
        ),
        migrations.AlterField(
            model_name="snapshotjob",
            name="trigger",
            field=models.CharField(
                choices=[
                    ("page", "Run by hand"),
                    ("api", "API"),
                    ("compat", "API"),
                    ("retry", "Run again"),
                    ("schedule", "By its schedule"),
                    ("remake", "Prepared again"),
                    ("dry_run", "Dry run by platform staff"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="snapshotfile",
            index=models.Index(condition=models.Q(("purged_at", None)), fields=["tenant", "created_at", "id"], name="file_kept"),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="tenant",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="usage", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="erasure",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="tagdraft",
            name="dry_run",
            field=models.ForeignKey(
                help_text="NULL: not tried.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="reports.snapshotjob",
            ),
        ),
        migrations.AddField(
            model_name="tagdraft",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddConstraint(
            model_name="dailyusage",
            constraint=models.UniqueConstraint(fields=("tenant", "day"), name="one_row_of_usage_per_day"),
        ),
        migrations.AddIndex(
            model_name="erasure",
            index=models.Index(fields=["tenant", "-at"], name="erasure_list"),
        ),
        migrations.AddConstraint(
            model_name="tagdraft",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("tenant",), name="one_open_tag_draft_per_tenant"
            ),
        ),
        *tenant_table("reports_dailyusage"),
        *everything("reports_dailyusage", roles.STAFF, "select"),
        *tenant_table("reports_tagdraft"),
        same_tenant("reports_tagdraft", "dry_run_id", "reports_snapshotjob"),
        *tenant_table("reports_erasure", "select, insert, update"),
        run(f"grant select (trigger) on reports_snapshotjob to {roles.ENGINE}"),
    ]
