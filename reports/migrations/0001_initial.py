import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import reports.models.delivery
import tenants.models.tenant


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True)),
                ("aws_account_id", models.CharField(max_length=12)),
                ("region", models.CharField(max_length=32)),
                ("slots", models.PositiveSmallIntegerField(default=5)),
                ("requests_per_second", models.FloatField(default=10)),
                ("role_arn", models.CharField(blank=True, max_length=2048)),
                ("external_id", models.CharField(blank=True, max_length=1224)),
                (
                    "unanswered_since",
                    models.DateTimeField(help_text="NULL: QuickSight answers. Set: no verdict since then, no new starts.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("session_tags", models.JSONField()),
                ("parameters", models.JSONField()),
                ("bucket", models.CharField(max_length=63)),
                ("prefix", models.CharField(max_length=200)),
                ("service_status", models.CharField(blank=True, help_text="QuickSight's own word; empty: never told.", max_length=12)),
                ("created_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(help_text="NULL: not known to be accepted.", null=True)),
                ("service_created_at", models.DateTimeField(help_text="NULL: QuickSight has not told it.", null=True)),
                ("service_updated_at", models.DateTimeField(help_text="NULL: QuickSight has not told it.", null=True)),
                ("ended_at", models.DateTimeField(help_text="NULL: no verdict yet.", null=True)),
                ("failure_code", models.CharField(blank=True, max_length=24)),
                ("error_type", models.CharField(blank=True, max_length=128)),
                ("error_message", models.TextField(blank=True)),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="Audience",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("session_tags", models.JSONField(blank=True, default=dict, help_text="Narrowing only: never a key of the tenant.")),
            ],
        ),
        migrations.CreateModel(
            name="AudienceRecipient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="Download",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("actor", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
                ("ip", models.GenericIPAddressField(help_text="NULL: unknown.", null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("parameters", models.JSONField(blank=True, default=dict, help_text="Pinned.")),
                ("withdrawn_at", models.DateTimeField(help_text="NULL: in force.", null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("cluster", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("beat_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="JobEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("type", models.CharField(max_length=24)),
                ("data", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ("at", "id"),
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(default=reports.models.delivery.new_reference, max_length=16)),
                ("token_sha256", models.BinaryField(max_length=32)),
                ("expires_at", models.DateTimeField()),
                ("max_uses", models.PositiveIntegerField()),
                ("uses", models.PositiveIntegerField(default=0)),
                ("revoked_at", models.DateTimeField(help_text="NULL: not revoked.", null=True)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True)),
                ("dashboard_id", models.CharField(max_length=512)),
                ("sheet_id", models.CharField(max_length=512)),
                (
                    "visual_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=512), blank=True, default=list, size=None
                    ),
                ),
                (
                    "formats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(choices=[("PDF", "PDF"), ("CSV", "CSV"), ("EXCEL", "Excel")], max_length=5), size=None
                    ),
                ),
                (
                    "required_tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                ("same_for_everyone", models.BooleanField(default=False)),
                (
                    "preflight",
                    models.CharField(
                        choices=[("not_checked", "Not Checked"), ("passed", "Passed"), ("refused", "Refused")],
                        default="not_checked",
                        max_length=12,
                    ),
                ),
                ("preflight_detail", models.TextField(blank=True)),
                ("preflight_at", models.DateTimeField(help_text="NULL: never checked.", null=True)),
                ("row_rules", models.JSONField(blank=True, default=list)),
                ("retired_at", models.DateTimeField(help_text="NULL: in the catalogue.", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ReportParameter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=512)),
                (
                    "type",
                    models.CharField(
                        choices=[("string", "String"), ("integer", "Integer"), ("decimal", "Decimal"), ("datetime", "Datetime")],
                        max_length=8,
                    ),
                ),
                ("multiple", models.BooleanField(default=False)),
                ("choices", models.JSONField(help_text="NULL: any value.", null=True)),
                ("default", models.JSONField(help_text="NULL: none, a value has to be given.", null=True)),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=80)),
                (
                    "formats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(choices=[("PDF", "PDF"), ("CSV", "CSV"), ("EXCEL", "Excel")], max_length=5), size=None
                    ),
                ),
                ("cron", models.CharField(max_length=120)),
                ("timezone", models.CharField(max_length=64, validators=[tenants.models.tenant.check_timezone])),
                ("parameters", models.JSONField(blank=True, default=dict)),
                (
                    "missed",
                    models.CharField(choices=[("skip", "Skip"), ("latest", "Latest"), ("all", "All")], default="latest", max_length=6),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("message", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Slot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("enabled", models.BooleanField(default=True, help_text="Off: the account's limit was lowered below this number.")),
            ],
        ),
        migrations.CreateModel(
            name="SnapshotFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("format", models.CharField(choices=[("PDF", "PDF"), ("CSV", "CSV"), ("EXCEL", "Excel")], max_length=5)),
                ("visual_id", models.CharField(blank=True, help_text="CSV only: the visual it shows.", max_length=512)),
                ("name", models.CharField(max_length=200)),
                ("bucket", models.CharField(max_length=63)),
                ("region", models.CharField(max_length=32)),
                ("key", models.CharField(max_length=1024)),
                ("size_bytes", models.BigIntegerField()),
                ("sha256", models.BinaryField(max_length=32)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("format", "visual_id"),
            },
        ),
        migrations.CreateModel(
            name="SnapshotJob",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("starting", "Submitted"),
                            ("running", "Rendering"),
                            ("collecting", "Saving"),
                            ("completed", "Delivered"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("lane", models.PositiveSmallIntegerField(choices=[(0, "Now"), (1, "Scheduled")], default=1)),
                (
                    "trigger",
                    models.CharField(
                        choices=[("page", "Run by hand"), ("api", "API"), ("compat", "API"), ("retry", "Run again")], max_length=8
                    ),
                ),
                (
                    "formats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(choices=[("PDF", "PDF"), ("CSV", "CSV"), ("EXCEL", "Excel")], max_length=5), size=None
                    ),
                ),
                (
                    "visual_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=512), default=list, size=None),
                ),
                ("parameters", models.JSONField(default=dict)),
                ("actor", models.CharField(max_length=254)),
                ("form_key", models.UUIDField(help_text="NULL: not from a form.", null=True)),
                ("requested_prefix", models.CharField(blank=True, max_length=1024)),
                ("created_at", models.DateTimeField()),
                ("deadline_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(help_text="NULL: QuickSight has not accepted an attempt yet.", null=True)),
                ("finished_at", models.DateTimeField(help_text="NULL: still moving.", null=True)),
                ("hidden_at", models.DateTimeField(help_text="NULL: listed. Set by the older API's delete; the record stays.", null=True)),
                ("failure_code", models.CharField(blank=True, max_length=24)),
                ("failure_message", models.TextField(blank=True)),
                ("not_before", models.DateTimeField(help_text="NULL: may start at once.", null=True)),
                ("next_look_at", models.DateTimeField(help_text="NULL: not in the engine's hands.", null=True)),
                ("lease_until", models.DateTimeField(help_text="NULL: nobody works on it just now.", null=True)),
                ("attempt_count", models.PositiveSmallIntegerField(default=0)),
                ("no_verdicts", models.PositiveSmallIntegerField(default=0, help_text="Calls in a row that QuickSight did not answer.")),
                ("crashes", models.PositiveSmallIntegerField(default=0, help_text="Times our own code failed on this job.")),
                (
                    "waiting",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("no_answer", "QuickSight is not answering"),
                            ("throttled", "QuickSight is limiting requests"),
                            ("slots_taken", "All of the account's slots are taken by other work"),
                            ("retry", "Waiting before the next attempt"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Pump",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pump",
                        serialize=False,
                        to="reports.account",
                    ),
                ),
                ("beat_at", models.DateTimeField(help_text="NULL: nobody pumps.", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RequestBudget",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="budget",
                        serialize=False,
                        to="reports.account",
                    ),
                ),
                ("next_request_at", models.DateTimeField()),
            ],
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("aws_account_id", "region"), name="one_account_row_per_id_and_region"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(condition=models.Q(("requests_per_second__gt", 0)), name="account_rate_is_positive"),
        ),
        migrations.AddField(
            model_name="attempt",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="audience",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="audiences", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="audiencerecipient",
            name="audience",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="members", to="reports.audience"),
        ),
        migrations.AddField(
            model_name="audiencerecipient",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="download",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="download",
            name="user",
            field=models.ForeignKey(
                help_text="NULL: not by a member.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="grants", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="jobevent",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="link",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="links", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="download",
            name="link",
            field=models.ForeignKey(
                help_text="NULL: not by a link.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="downloads",
                to="reports.link",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="recipients", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="audiencerecipient",
            name="recipient",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="reports.recipient"),
        ),
        migrations.AddField(
            model_name="audience",
            name="recipients",
            field=models.ManyToManyField(related_name="audiences", through="reports.AudienceRecipient", to="reports.recipient"),
        ),
        migrations.AddField(
            model_name="report",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="reports.account"),
        ),
        migrations.AddField(
            model_name="grant",
            name="report",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="reports.report"),
        ),
        migrations.AddField(
            model_name="reportparameter",
            name="report",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="parameters", to="reports.report"),
        ),
        migrations.AddField(
            model_name="schedule",
            name="report",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="schedules", to="reports.report"),
        ),
        migrations.AddField(
            model_name="schedule",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="schedules", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="audience",
            name="schedule",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="audiences", to="reports.schedule"),
        ),
        migrations.AddField(
            model_name="slot",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="slot_rows", to="reports.account"),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="attempt",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="files", to="reports.attempt"),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="download",
            name="file",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="downloads", to="reports.snapshotfile"),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="reports.account"),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="api_key",
            field=models.ForeignKey(
                help_text="NULL: not an API call.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tenants.apikey",
            ),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="report",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to="reports.report"),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="requested_by",
            field=models.ForeignKey(
                help_text="NULL: not a member.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="retry_of",
            field=models.ForeignKey(
                help_text="NULL: a first run.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="retries",
                to="reports.snapshotjob",
            ),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="jobs", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="job",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="files", to="reports.snapshotjob"),
        ),
        migrations.AddField(
            model_name="slot",
            name="job",
            field=models.OneToOneField(
                help_text="NULL: free.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="slot",
                to="reports.snapshotjob",
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="job",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="links", to="reports.snapshotjob"),
        ),
        migrations.AddField(
            model_name="jobevent",
            name="job",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="events", to="reports.snapshotjob"),
        ),
        migrations.AddField(
            model_name="attempt",
            name="job",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="attempts", to="reports.snapshotjob"),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.UniqueConstraint(fields=("tenant", "email"), name="one_recipient_per_address"),
        ),
        migrations.AddConstraint(
            model_name="audiencerecipient",
            constraint=models.UniqueConstraint(fields=("audience", "recipient"), name="once_in_an_audience"),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(fields=("tenant", "report"), name="one_grant_per_tenant_and_report"),
        ),
        migrations.AddConstraint(
            model_name="reportparameter",
            constraint=models.UniqueConstraint(fields=("report", "name"), name="one_parameter_per_name"),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(fields=("tenant", "slug"), name="one_schedule_per_slug"),
        ),
        migrations.AddConstraint(
            model_name="audience",
            constraint=models.UniqueConstraint(fields=("schedule", "name"), name="one_audience_per_name"),
        ),
        migrations.AddIndex(
            model_name="download",
            index=models.Index(fields=["tenant", "file", "-at"], name="download_by_file"),
        ),
        migrations.AddIndex(
            model_name="download",
            index=models.Index(fields=["tenant", "link", "-at"], name="download_by_link"),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(fields=["tenant", "-created_at", "-id"], name="job_list"),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(fields=["tenant", "report", "-created_at", "-id"], name="job_list_by_report"),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(fields=["tenant", "status", "-created_at", "-id"], name="job_list_by_status"),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(
                condition=models.Q(("finished_at", None), _negated=True), fields=["tenant", "-finished_at", "-id"], name="job_list_by_end"
            ),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(condition=models.Q(("status", "queued")), fields=["account", "deadline_at"], name="job_overdue"),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(condition=models.Q(("status", "queued")), fields=["account", "lane", "created_at", "id"], name="job_queue"),
        ),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(
                condition=models.Q(("status__in", ("starting", "running", "collecting"))),
                fields=["account", "next_look_at"],
                name="job_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotjob",
            constraint=models.UniqueConstraint(
                condition=models.Q(("form_key", None), _negated=True), fields=("tenant", "form_key"), name="one_job_per_form"
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("status__in", ("completed", "failed", "cancelled"))),
                    models.Q(("finished_at__isnull", True), ("status__in", ("queued", "starting", "running", "collecting"))),
                    _connector="OR",
                ),
                name="an_ended_job_has_an_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotfile",
            constraint=models.UniqueConstraint(fields=("job", "format", "visual_id"), name="one_file_per_format_and_visual"),
        ),
        migrations.AddConstraint(
            model_name="snapshotfile",
            constraint=models.CheckConstraint(condition=models.Q(("size_bytes__gt", 0)), name="a_file_is_not_empty"),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(fields=("account", "number"), name="one_slot_per_number"),
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(fields=["tenant", "-created_at", "-id"], name="link_list"),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(fields=("tenant", "token_sha256"), name="one_link_per_token"),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(fields=("tenant", "reference"), name="one_link_per_reference"),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(condition=models.Q(("uses__lte", models.F("max_uses"))), name="link_uses_within_limit"),
        ),
        migrations.AddIndex(
            model_name="jobevent",
            index=models.Index(fields=["tenant", "job", "at", "id"], name="timeline"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("job", "number"), name="one_attempt_per_number"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(condition=models.Q(("ended_at", None)), fields=("job",), name="one_open_attempt_per_job"),
        ),
    ]
