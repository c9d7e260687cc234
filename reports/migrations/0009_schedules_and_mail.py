"""What schedules need to run: occurrences, deliveries and notices, recipients and their groups, and links that are sent to somebody."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0008_discard_drafts"),
        ("tenants", "0004_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AudienceGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("address", models.EmailField(max_length=254)),
                ("language", models.CharField(default="en", max_length=5)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Sending"),
                            ("sent", "Delivered"),
                            ("bounced", "Bounced"),
                            ("failed", "Failed"),
                            ("suppressed", "Not sent"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                (
                    "next_try_at",
                    models.DateTimeField(help_text="NULL: nothing to try now; a delivery waits for its job's files.", null=True),
                ),
                ("lease_until", models.DateTimeField(help_text="NULL: no courier has it.", null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("failure_code", models.CharField(blank=True, help_text="reports/delivery/failures.py has the words.", max_length=24)),
                ("answer", models.CharField(blank=True, help_text="What the other side said last.", max_length=500)),
                ("sent_at", models.DateTimeField(help_text="NULL: not accepted by the other side.", null=True)),
                ("ended_at", models.DateTimeField(help_text="NULL: still open.", null=True)),
                ("created_at", models.DateTimeField()),
                ("audience_name", models.CharField(blank=True, max_length=120)),
                ("channel", models.CharField(choices=[("email", "Email")], default="email", max_length=8)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("is_copy", models.BooleanField(default=False, help_text="Of the schedule's CC line.")),
            ],
        ),
        migrations.CreateModel(
            name="GroupMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="MailBudget",
            fields=[
                ("sender", models.CharField(max_length=254, primary_key=True, serialize=False)),
                ("next_send_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("address", models.EmailField(max_length=254)),
                ("language", models.CharField(default="en", max_length=5)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Sending"),
                            ("sent", "Delivered"),
                            ("bounced", "Bounced"),
                            ("failed", "Failed"),
                            ("suppressed", "Not sent"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                (
                    "next_try_at",
                    models.DateTimeField(help_text="NULL: nothing to try now; a delivery waits for its job's files.", null=True),
                ),
                ("lease_until", models.DateTimeField(help_text="NULL: no courier has it.", null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("failure_code", models.CharField(blank=True, help_text="reports/delivery/failures.py has the words.", max_length=24)),
                ("answer", models.CharField(blank=True, help_text="What the other side said last.", max_length=500)),
                ("sent_at", models.DateTimeField(help_text="NULL: not accepted by the other side.", null=True)),
                ("ended_at", models.DateTimeField(help_text="NULL: still open.", null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("run_failed", "Run Failed"),
                            ("run_late", "Run Late"),
                            ("new_link", "New Link"),
                            ("code", "Code"),
                            ("ready_again", "Ready Again"),
                            ("test", "Test"),
                            ("invitation", "Invitation"),
                        ],
                        max_length=12,
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("data", models.JSONField(default=dict, help_text="What else the text needs. No secret.")),
            ],
        ),
        migrations.CreateModel(
            name="Occurrence",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("planned_at", models.DateTimeField()),
                ("kind", models.CharField(choices=[("plan", "By the schedule"), ("hand", "Run by hand")], default="plan", max_length=4)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("running", "Running"),
                            ("delivered", "Delivered"),
                            ("partly_delivered", "Partly delivered"),
                            ("held", "Held for review"),
                            ("failed", "Failed"),
                            ("skipped", "Skipped"),
                            ("missed", "Missed"),
                        ],
                        default="planned",
                        max_length=16,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        help_text="Why it did not run or not end well; reports/occurrences/reasons.py has the words.",
                        max_length=24,
                    ),
                ),
                ("detail", models.JSONField(default=dict, help_text="What the reason's words are filled with.")),
                ("actor", models.CharField(blank=True, help_text="Who pressed Run now; empty: the schedule.", max_length=254)),
                ("ready_by_at", models.DateTimeField(help_text="What was promised. NULL: nothing.", null=True)),
                ("lease_until", models.DateTimeField(help_text="NULL: nobody makes its jobs just now.", null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0, help_text="Times that making its jobs was begun.")),
                ("expanded_at", models.DateTimeField(help_text="NULL: its jobs are not made.", null=True)),
                ("ended_at", models.DateTimeField(help_text="NULL: still open.", null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="RecipientGroup",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                (
                    "reason",
                    models.CharField(
                        choices=[("unsubscribed", "Stopped emails"), ("bounced", "Bounced"), ("complained", "Marked as spam")],
                        max_length=12,
                    ),
                ),
                ("detail", models.CharField(blank=True, help_text="What the other mail server said.", max_length=500)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="link",
            name="code_expires_at",
            field=models.DateTimeField(help_text="NULL: no code was mailed.", null=True),
        ),
        migrations.AddField(
            model_name="link",
            name="code_sha256",
            field=models.BinaryField(help_text="Of the mailed code; NULL: none is valid.", max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="link",
            name="email",
            field=models.EmailField(blank=True, help_text="Empty: made by hand, for whoever gets its address.", max_length=254),
        ),
        migrations.AddField(
            model_name="link",
            name="language",
            field=models.CharField(blank=True, help_text="Empty: what the visitor's browser asks for.", max_length=5),
        ),
        migrations.AddField(
            model_name="link",
            name="passcode",
            field=models.CharField(blank=True, help_text="Hashed. Empty unless a passcode protects it.", max_length=128),
        ),
        migrations.AddField(
            model_name="link",
            name="protection",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Nothing"),
                    ("passcode", "A passcode that you give out yourself"),
                    ("mailed", "A 6-digit code, sent to the same address"),
                ],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="recipient",
            field=models.ForeignKey(
                help_text="NULL: not of the address book.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="links",
                to="reports.recipient",
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="superseded_by",
            field=models.ForeignKey(
                help_text="The corrected version; NULL: none is ready.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="reports.snapshotjob",
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="wrong_codes",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="recipient",
            name="language",
            field=models.CharField(
                blank=True, choices=[("en", "English"), ("de", "Deutsch")], help_text="Empty: the tenant's.", max_length=5
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="attach",
            field=models.BooleanField(default=False, help_text="Small files also as attachments, where the tenant allows it."),
        ),
        migrations.AddField(
            model_name="schedule",
            name="cc",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.EmailField(max_length=254), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="ends_on",
            field=models.DateField(blank=True, help_text="The last day, in the schedule's zone. NULL: never.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="fault",
            field=models.TextField(blank=True, help_text="Why the portal itself paused it, as a sentence. Empty: it did not."),
        ),
        migrations.AddField(
            model_name="schedule",
            name="link_days",
            field=models.PositiveSmallIntegerField(blank=True, help_text="NULL: the tenant's.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="link_max_uses",
            field=models.PositiveIntegerField(blank=True, help_text="NULL: the tenant's.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="link_passcode",
            field=models.CharField(blank=True, help_text="Hashed.", max_length=128),
        ),
        migrations.AddField(
            model_name="schedule",
            name="link_protection",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Nothing"),
                    ("passcode", "A passcode that you give out yourself"),
                    ("mailed", "A 6-digit code, sent to the same address"),
                ],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="name",
            field=models.CharField(blank=True, help_text="Empty: the report's name.", max_length=120),
        ),
        migrations.AddField(
            model_name="schedule",
            name="next_run_at",
            field=models.DateTimeField(help_text="NULL: never again.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="owner",
            field=models.ForeignKey(
                help_text="NULL: the tenant's owners.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="paused_at",
            field=models.DateTimeField(help_text="NULL: not paused.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="paused_by",
            field=models.CharField(blank=True, max_length=254),
        ),
        migrations.AddField(
            model_name="schedule",
            name="ready_by",
            field=models.TimeField(
                blank=True, help_text="Promised local time, the first after the planned one. NULL: no promise.", null=True
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="retired_at",
            field=models.DateTimeField(help_text="NULL: in use. A retired one runs no more; its history stays.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="skip_if_empty",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="schedule",
            name="starts_on",
            field=models.DateField(blank=True, help_text="In the schedule's zone. NULL: at once.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="tell_owner",
            field=models.BooleanField(default=True, help_text="The owner gets a mail when a run fails for good."),
        ),
        migrations.AddField(
            model_name="schedule",
            name="visual_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=512), blank=True, default=list, help_text="Empty: all of the report's.", size=None
            ),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="data_rows",
            field=models.PositiveIntegerField(help_text="Lines of data in a CSV. NULL: not counted.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="fingerprint",
            field=models.CharField(
                blank=True, help_text="Of tags, parameters, visuals and formats. Empty: not of a schedule.", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="narrowing_tags",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="replaces",
            field=models.ForeignKey(
                help_text="NULL: replaces none.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replacements",
                to="reports.snapshotjob",
            ),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="replaces_because",
            field=models.CharField(blank=True, help_text="What end customers read.", max_length=300),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="round",
            field=models.PositiveSmallIntegerField(
                default=1, help_text="Counts runs of the same occurrence and fingerprint: 2 is its first retry."
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="tenant",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="recipients", to="tenants.tenant"
            ),
        ),
        migrations.AlterField(
            model_name="schedule",
            name="missed",
            field=models.CharField(
                choices=[("skip", "Skip them"), ("latest", "Run the latest one"), ("all", "Run them all")], default="latest", max_length=6
            ),
        ),
        migrations.AlterField(
            model_name="schedule",
            name="tenant",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="schedules", to="tenants.tenant"
            ),
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
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(condition=models.Q(("retired_at", None)), fields=["next_run_at"], name="schedule_due"),
        ),
        migrations.AddField(
            model_name="audiencegroup",
            name="audience",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="audience_groups", to="reports.audience"),
        ),
        migrations.AddField(
            model_name="audiencegroup",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="audience",
            field=models.ForeignKey(
                help_text="NULL: not by an audience, or it is gone.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="reports.audience",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="job",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="reports.snapshotjob"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="recipient",
            field=models.ForeignKey(
                help_text="NULL: not in the address book.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="deliveries",
                to="reports.recipient",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="tenant",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="link",
            name="delivery",
            field=models.ForeignKey(
                help_text="NULL: not by a delivery.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="links",
                to="reports.delivery",
            ),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="recipient",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.recipient"),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="notice",
            name="job",
            field=models.ForeignKey(
                help_text="NULL: not about one.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="reports.snapshotjob",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="link",
            field=models.ForeignKey(
                help_text="NULL: not about one.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="reports.link",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="schedule",
            field=models.ForeignKey(
                help_text="NULL: not about one.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="reports.schedule",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="tenant",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="schedule",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="occurrences", to="reports.schedule"
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="tenant",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="notice",
            name="occurrence",
            field=models.ForeignKey(
                help_text="NULL: not about one.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="reports.occurrence",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="occurrence",
            field=models.ForeignKey(
                db_index=False,
                help_text="NULL: of a single job.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="reports.occurrence",
            ),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="occurrence",
            field=models.ForeignKey(
                db_index=False,
                help_text="NULL: not of a schedule.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="jobs",
                to="reports.occurrence",
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotjob",
            constraint=models.UniqueConstraint(
                condition=models.Q(("fingerprint", ""), _negated=True),
                fields=("occurrence", "fingerprint", "round"),
                name="one_job_per_rows_of_an_occurrence",
            ),
        ),
        migrations.AddField(
            model_name="recipientgroup",
            name="recipients",
            field=models.ManyToManyField(related_name="groups", through="reports.GroupMember", to="reports.recipient"),
        ),
        migrations.AddField(
            model_name="recipientgroup",
            name="tenant",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="groups", to="tenants.tenant"
            ),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="group",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="members", to="reports.recipientgroup"),
        ),
        migrations.AddField(
            model_name="audiencegroup",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="audience_groups", to="reports.recipientgroup"
            ),
        ),
        migrations.AddField(
            model_name="audience",
            name="groups",
            field=models.ManyToManyField(related_name="audiences", through="reports.AudienceGroup", to="reports.recipientgroup"),
        ),
        migrations.AddField(
            model_name="suppression",
            name="tenant",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(fields=["tenant", "schedule", "-planned_at", "-id"], name="occurrence_list"),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(condition=models.Q(("status", "planned")), fields=["planned_at"], name="occurrence_to_expand"),
        ),
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.UniqueConstraint(fields=("schedule", "planned_at"), name="one_occurrence_per_instant"),
        ),
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("status__in", ("planned", "running", "held"))),
                    models.Q(("ended_at__isnull", False), ("status__in", ("delivered", "partly_delivered", "failed", "skipped", "missed"))),
                    _connector="OR",
                ),
                name="an_ended_occurrence_has_an_end",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(condition=models.Q(("status__in", ("pending", "sending"))), fields=["next_try_at"], name="notice_due"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("tenant", "key"), name="one_notice_per_key"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["tenant", "occurrence", "status"], name="delivery_ledger"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["tenant", "address", "-created_at"], name="delivery_by_address"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("status__in", ("pending", "sending"))), fields=["next_try_at"], name="delivery_due"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("tenant", "job", "channel", "address"), name="one_delivery_per_job_and_address"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("status__in", ("pending", "sending"))),
                    models.Q(("ended_at__isnull", False), ("status__in", ("sent", "bounced", "failed", "suppressed"))),
                    _connector="OR",
                ),
                name="an_ended_delivery_has_an_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipientgroup",
            constraint=models.UniqueConstraint(fields=("tenant", "name"), name="one_group_per_name"),
        ),
        migrations.AddConstraint(
            model_name="groupmember",
            constraint=models.UniqueConstraint(fields=("group", "recipient"), name="once_in_a_group"),
        ),
        migrations.AddConstraint(
            model_name="audiencegroup",
            constraint=models.UniqueConstraint(fields=("audience", "group"), name="a_group_once_in_an_audience"),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(fields=("tenant", "email"), name="one_suppression_per_address"),
        ),
    ]
