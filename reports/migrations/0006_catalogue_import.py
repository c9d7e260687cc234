"""Drafts of catalogue entries: staff write what they want, the worker what it found. docs/decisions/0013-staff-write-drafts.md."""

from __future__ import annotations

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants import roles
from tenants.rls import everything, force, policy, run

TABLE = "reports_catalogueimport"
# Not what the list of dashboards says, and not that something was published.
STAFF_WRITE = (
    "work, asked_by_id, turn, tries, fault, touched_at, dashboard_id, wanted, open_data_sets, open_reason, said_by_id, agreed_by_id, "
    "found, verdict, checked_at"
)
A_DRAFT = "published_at is null"


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0005_pauses_and_deaths"),
        ("tenants", "0003_staff_names"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="open_data_sets",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=512), blank=True, default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="CatalogueImport",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("touched_at", models.DateTimeField(help_text="When staff last asked for something, or the worker began it.")),
                (
                    "work",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Nothing"),
                            ("list", "Reading the dashboards"),
                            ("check", "Checking the report"),
                            ("publish", "Publishing the report"),
                        ],
                        default="list",
                        max_length=8,
                    ),
                ),
                ("turn", models.PositiveIntegerField(default=1)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("fault", models.TextField(blank=True, help_text="Why the last work came to nothing. Empty: it did not.")),
                ("dashboards", models.JSONField(blank=True, default=list)),
                ("listed_at", models.DateTimeField(help_text="NULL: not read yet.", null=True)),
                ("found", models.JSONField(blank=True, default=dict)),
                ("verdict", models.JSONField(blank=True, default=dict)),
                ("checked_at", models.DateTimeField(help_text="NULL: not checked yet.", null=True)),
                ("dashboard_id", models.CharField(blank=True, help_text="Empty: none chosen yet.", max_length=512)),
                ("wanted", models.JSONField(blank=True, default=dict)),
                (
                    "open_data_sets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=512), blank=True, default=list, size=None
                    ),
                ),
                ("open_reason", models.CharField(blank=True, max_length=500)),
                ("published_at", models.DateTimeField(help_text="NULL: a draft.", null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="reports.account")),
                (
                    "agreed_by",
                    models.ForeignKey(
                        help_text="NULL: nobody.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("asked_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "report",
                    models.ForeignKey(
                        help_text="NULL: not published.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reports.report",
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        help_text="NULL: nobody.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("agreed_by", None),
                            models.Q(("said_by__isnull", False), models.Q(("agreed_by", models.F("said_by")), _negated=True)),
                            _connector="OR",
                        ),
                        name="two_people_agree_on_open_rows",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("published_at", None), ("open_data_sets", []), ("agreed_by__isnull", False), _connector="OR"),
                        name="open_rows_were_agreed_on",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("published_at", None), ("report", None)),
                            models.Q(("published_at__isnull", False), ("report__isnull", False)),
                            _connector="OR",
                        ),
                        name="published_as_a_report",
                    ),
                ],
            },
        ),
        force(TABLE),
        *everything(TABLE, roles.PLATFORM, "select, insert, update, delete"),
        policy(TABLE, "staff_see_all", roles.STAFF, "true", command="select"),
        policy(TABLE, "staff_begin_drafts", roles.STAFF, A_DRAFT, command="insert"),
        policy(TABLE, "staff_change_drafts", roles.STAFF, A_DRAFT, command="update"),
        run(f"grant select, insert, update ({STAFF_WRITE}) on {TABLE} to {roles.STAFF}"),
        # Which tenant is offered what, and not what is pinned for it.
        *everything("reports_grant", roles.STAFF, "select (id, tenant_id, report_id, withdrawn_at)"),
    ]
