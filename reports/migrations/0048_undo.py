"""What a person did a moment ago and can take back, behind row-level security."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.rls import run, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0046_traces"),
        ("tenants", "0014_digest"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Undo",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("schedules.paused", "Schedules Paused"),
                            ("schedules.resumed", "Schedules Resumed"),
                            ("schedules.removed", "Schedules Removed"),
                            ("recipients.removed", "Recipients Removed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("rows", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(help_text="NULL: not taken back.", null=True)),
                (
                    "tenant",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["tenant", "created_at"], name="undo_old")]},
        ),
        run("alter table reports_undo add unique (tenant_id, id)"),
        *tenant_table("reports_undo"),
    ]
