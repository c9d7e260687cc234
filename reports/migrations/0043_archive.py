"""Visits of end customers to what was sent to their address, behind row-level security."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import run, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0042_reviews"),
        ("tenants", "0013_platform_ends_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name="ArchiveVisit",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                ("language", models.CharField(max_length=5)),
                ("token_sha256", models.BinaryField(max_length=32)),
                ("expires_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(help_text="NULL: nobody used the mailed address yet.", null=True)),
                (
                    "session_sha256",
                    models.BinaryField(help_text="Of what its browser was given. NULL: not opened yet.", max_length=32, null=True),
                ),
                ("session_ends_at", models.DateTimeField(help_text="NULL: not opened yet.", null=True)),
                ("ended_at", models.DateTimeField(help_text="NULL: nobody closed it.", null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "tenant",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["tenant", "created_at"], name="archive_visit_old"),
                    models.Index(fields=["tenant", "email"], name="archive_visit_by_address"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "token_sha256"), name="one_archive_visit_per_token"),
                    models.UniqueConstraint(fields=("tenant", "session_sha256"), name="one_archive_visit_per_session"),
                    models.CheckConstraint(condition=models.Q(("email", ""), _negated=True), name="an_archive_is_somebodys"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("opened_at", None), ("session_ends_at", None), ("session_sha256", None)),
                            models.Q(("opened_at__isnull", False), ("session_ends_at__isnull", False), ("session_sha256__isnull", False)),
                            _connector="OR",
                        ),
                        name="an_open_archive_has_a_session",
                    ),
                ],
            },
        ),
        run("alter table reports_archivevisit add unique (tenant_id, id)"),
        *tenant_table("reports_archivevisit"),
    ]
