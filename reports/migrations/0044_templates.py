"""Templates of schedules over tenants: staff write them, the worker brings them about; of their runs staff see what became of them."""

from __future__ import annotations

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants import roles
from tenants.rls import everything, force, policy, run, tenant_table

TEMPLATE, USE = "reports_scheduletemplate", "reports_templateuse"
# Of a template's schedules and their runs: not to whom they go, and nothing of schedules that are a tenant's own.
SCHEDULE_SEEN = "id, tenant_id, template_id, timezone, enabled, retired_at, next_run_at"
OCCURRENCE_SEEN = "id, tenant_id, schedule_id, planned_at, kind, status, reason, ready_by_at, ended_at"
OF_A_TEMPLATE = "exists (select from reports_schedule s where s.id = schedule_id and s.template_id is not null)"
# Never which report it is of, and never who made it when.
TEMPLATE_WRITE = (
    "name, formats, visual_ids, parameters, cron, missed, ready_by, subject, message, attach, skip_if_empty, release, usual_percent, "
    "must_contain, hold_hours, version, retired_at"
)


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0043_archive"),
        ("tenants", "0014_digest"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TemplateUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("wanted", models.BooleanField(default=True, help_text="False: its schedule is retired, or about to be.")),
                (
                    "applied_version",
                    models.PositiveIntegerField(help_text="Of the template. NULL: the tenant has no schedule of it.", null=True),
                ),
                ("failure_code", models.CharField(blank=True, max_length=40)),
                (
                    "failure",
                    models.TextField(blank=True, help_text="Why the newest version is not in force there. Empty: no reason is known."),
                ),
                ("next_try_at", models.DateTimeField(help_text="When the worker looks at it. NULL: all is as it is wanted.", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ScheduleTemplate",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("slug", models.SlugField(help_text="Also of its schedules, where the tenant has it free.", max_length=60, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "formats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(choices=[("PDF", "PDF"), ("CSV", "CSV"), ("EXCEL", "Excel")], max_length=5), size=None
                    ),
                ),
                (
                    "visual_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=512),
                        blank=True,
                        default=list,
                        help_text="Empty: all of the report's.",
                        size=None,
                    ),
                ),
                ("parameters", models.JSONField(blank=True, default=dict)),
                ("cron", models.CharField(help_text="On the wall clock of each tenant.", max_length=120)),
                (
                    "missed",
                    models.CharField(
                        choices=[("skip", "Skip them"), ("latest", "Run the latest one"), ("all", "Run them all")],
                        default="latest",
                        max_length=6,
                    ),
                ),
                ("ready_by", models.TimeField(blank=True, help_text="NULL: no promise.", null=True)),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("message", models.TextField(blank=True)),
                ("attach", models.BooleanField(default=False, help_text="Where the tenant allows it.")),
                ("skip_if_empty", models.BooleanField(default=False)),
                (
                    "release",
                    models.CharField(
                        choices=[
                            ("at_once", "Send them at once"),
                            ("if_usual", "Hold files that look unusual"),
                            ("by_hand", "Hold them for somebody to look"),
                        ],
                        default="at_once",
                        max_length=8,
                    ),
                ),
                ("usual_percent", models.PositiveSmallIntegerField(default=50)),
                (
                    "must_contain",
                    models.CharField(blank=True, help_text="{tenant} becomes each tenant's name. Empty: no text.", max_length=120),
                ),
                ("hold_hours", models.PositiveSmallIntegerField(default=24)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "retired_at",
                    models.DateTimeField(help_text="NULL: in use. Schedules of a retired one are retired; their history stays.", null=True),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                ("report", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="reports.report")),
            ],
        ),
        migrations.AddField(
            model_name="schedule",
            name="template",
            field=models.ForeignKey(
                help_text="The platform's, which sets most of it. NULL: the tenant's own.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="schedules",
                to="reports.scheduletemplate",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None), ("template__isnull", False)),
                fields=("template", "tenant"),
                name="one_live_schedule_per_template",
            ),
        ),
        migrations.AddField(
            model_name="templateuse",
            name="template",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="uses", to="reports.scheduletemplate"
            ),
        ),
        migrations.AddField(
            model_name="templateuse",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddIndex(
            model_name="templateuse",
            index=models.Index(condition=models.Q(("next_try_at__isnull", False)), fields=["next_try_at", "id"], name="template_use_due"),
        ),
        migrations.AddConstraint(
            model_name="templateuse",
            constraint=models.UniqueConstraint(fields=("template", "tenant"), name="one_use_per_template_and_tenant"),
        ),
        migrations.AlterField(
            model_name="schedule",
            name="must_contain",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="A text that every file has to show, such as the company's name. Empty: none.",
                max_length=120,
            ),
        ),
        force(TEMPLATE),
        *everything(TEMPLATE, roles.STAFF, f"select, insert, update ({TEMPLATE_WRITE})"),
        *everything(TEMPLATE, roles.ENGINE, "select"),
        # A tenant's own rows, as all tables with a tenant have them; nothing reads them there.
        *tenant_table(USE, "select"),
        *everything(
            USE,
            roles.STAFF,
            "select, insert (template_id, tenant_id, wanted, applied_version, failure_code, failure, next_try_at), "
            "update (wanted, failure_code, failure, next_try_at)",
        ),
        *everything(USE, roles.ENGINE, "select, update (applied_version, failure_code, failure, next_try_at)"),
        policy("reports_schedule", "staff_see_those_of_templates", roles.STAFF, "template_id is not null", command="select"),
        policy("reports_occurrence", "staff_see_those_of_templates", roles.STAFF, OF_A_TEMPLATE, command="select"),
        run(
            f"grant select ({SCHEDULE_SEEN}) on reports_schedule to {roles.STAFF}",
            f"grant select ({OCCURRENCE_SEEN}) on reports_occurrence to {roles.STAFF}",
        ),
        *everything("reports_reportparameter", roles.STAFF, "select"),
    ]
