"""Destinations and deliveries to them, the gate of schedules, and reports that are withdrawn."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0037_events_name_nobody"),
        ("tenants", "0013_platform_ends_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name="AudienceDestination",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="Destination",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sftp", "SFTP server"),
                            ("s3", "Amazon S3 bucket"),
                            ("slack", "Slack channel"),
                            ("teams", "Microsoft Teams channel"),
                        ],
                        max_length=5,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("config", models.JSONField(default=dict)),
                ("sealed_secret", models.TextField(blank=True, help_text="tenants/encryption.py reads it. Empty: none is needed.")),
                ("secret_set_at", models.DateTimeField(help_text="NULL: none is needed.", null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("untested", "Not tested"), ("ok", "Works"), ("failing", "Failing"), ("stopped", "Stopped")],
                        default="untested",
                        max_length=8,
                    ),
                ),
                (
                    "failure_code",
                    models.CharField(
                        blank=True,
                        help_text="Of the last failure, as in reports/delivery/failures.py. Empty: it works, or was never tried.",
                        max_length=24,
                    ),
                ),
                ("failing_since", models.DateTimeField(help_text="NULL: it works, or was never tried.", null=True)),
                ("last_test", models.JSONField(help_text="NULL: never tested.", null=True)),
                ("last_sent_at", models.DateTimeField(help_text="NULL: nothing arrived there yet.", null=True)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("version", models.PositiveIntegerField(db_default=1, editable=False)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="one_delivery_per_job_and_address",
        ),
        migrations.RemoveIndex(
            model_name="delivery",
            name="delivery_due",
        ),
        migrations.AddField(
            model_name="delivery",
            name="placed",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()), default=dict, help_text="By a file's id, the name it has there."
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="placing",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="By a file's id, the name it was about to get there.",
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="hold_hours",
            field=models.PositiveSmallIntegerField(db_default=24, default=24, help_text="Held files that nobody decides on are not sent."),
        ),
        migrations.AddField(
            model_name="schedule",
            name="must_contain",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="A text that every file has to show, such as the company's name. Empty: none.",
                max_length=120,
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="receipts",
            field=models.BooleanField(db_default=False, default=False, help_text="The owner gets a mail about downloads."),
        ),
        migrations.AddField(
            model_name="schedule",
            name="release",
            field=models.CharField(
                choices=[
                    ("at_once", "Send them at once"),
                    ("if_usual", "Hold files that look unusual"),
                    ("by_hand", "Hold them for somebody to look"),
                ],
                db_default="at_once",
                default="at_once",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="remind_after_days",
            field=models.PositiveSmallIntegerField(blank=True, help_text="To who downloaded nothing. NULL: nobody is reminded.", null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="usual_percent",
            field=models.PositiveSmallIntegerField(
                db_default=50, default=50, help_text="So far from the median of the last runs, in size, pages or rows, is usual."
            ),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="recalled_at",
            field=models.DateTimeField(help_text="NULL: it was not withdrawn.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="recalled_at",
            field=models.DateTimeField(help_text="NULL: it stands.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="recalled_because",
            field=models.CharField(blank=True, db_default="", help_text="What end customers read.", max_length=300),
        ),
        migrations.AddField(
            model_name="snapshotjob",
            name="recalled_by",
            field=models.CharField(blank=True, db_default="", max_length=254),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "Email"),
                    ("sftp", "SFTP server"),
                    ("s3", "Amazon S3 bucket"),
                    ("slack", "Slack channel"),
                    ("teams", "Microsoft Teams channel"),
                ],
                default="email",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="type",
            field=models.CharField(
                choices=[
                    ("job.completed", "A report is ready"),
                    ("job.failed", "A report failed"),
                    ("job.cancelled", "A report was cancelled"),
                    ("job.held", "A report waits for somebody to release it"),
                    ("job.rejected", "A report that was held is not sent"),
                    ("job.recalled", "A report was withdrawn"),
                    ("delivery.sent", "A mail was delivered"),
                    ("delivery.failed", "A mail could not be delivered"),
                    ("link.downloaded", "A file was downloaded by its link"),
                    ("schedule.missed", "A planned run did not take place"),
                    ("schedule.paused", "A schedule was paused by the portal"),
                    ("batch.finished", "A batch has ended"),
                    ("webhook.ping", "A test"),
                ],
                max_length=24,
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("run_failed", "Run Failed"),
                    ("run_late", "Run Late"),
                    ("new_link", "New Link"),
                    ("code", "Code"),
                    ("ready_again", "Ready Again"),
                    ("test", "Test"),
                    ("invitation", "Invitation"),
                    ("quota", "Quota"),
                    ("webhook", "Webhook"),
                    ("destination", "Destination"),
                    ("held", "Held"),
                    ("archive", "Archive"),
                    ("corrected", "Corrected"),
                    ("recalled", "Recalled"),
                    ("reminder", "Reminder"),
                    ("receipt", "Receipt"),
                    ("digest", "Digest"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="audiencedestination",
            name="audience",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="audience_destinations", to="reports.audience"
            ),
        ),
        migrations.AddField(
            model_name="audiencedestination",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="destination",
            name="tenant",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="audiencedestination",
            name="destination",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="audience_destinations", to="reports.destination"
            ),
        ),
        migrations.AddField(
            model_name="audience",
            name="destinations",
            field=models.ManyToManyField(related_name="audiences", through="reports.AudienceDestination", to="reports.destination"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="destination",
            field=models.ForeignKey(
                db_index=False,
                help_text="NULL: to an address, or the destination was deleted.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="deliveries",
                to="reports.destination",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False), ("status__in", ("pending", "sending")), ("channel", "email")),
                fields=["tenant", "next_try_at"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("next_try_at__isnull", False), ("status__in", ("pending", "sending")), models.Q(("channel", "email"), _negated=True)
                ),
                fields=["tenant", "next_try_at"],
                name="delivery_due_elsewhere",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("destination", None), _negated=True),
                fields=["tenant", "destination", "-created_at", "-id"],
                name="delivery_by_destination",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("channel", "email")),
                fields=("tenant", "job", "channel", "address"),
                name="one_delivery_per_job_and_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("destination", None), _negated=True),
                fields=("tenant", "job", "destination"),
                name="one_delivery_per_job_and_destination",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel", "email"), ("address", ""), _connector="OR"), name="only_mail_has_an_address"
            ),
        ),
        migrations.AddIndex(
            model_name="destination",
            index=models.Index(fields=["tenant", "-created_at", "-id"], name="destination_list"),
        ),
        migrations.AddConstraint(
            model_name="destination",
            constraint=models.UniqueConstraint(fields=("tenant", "name"), name="one_destination_per_name"),
        ),
        migrations.AddConstraint(
            model_name="destination",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sealed_secret", ""), ("secret_set_at", None)),
                    models.Q(models.Q(("sealed_secret", ""), _negated=True), ("secret_set_at__isnull", False)),
                    _connector="OR",
                ),
                name="a_secret_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="audiencedestination",
            constraint=models.UniqueConstraint(fields=("audience", "destination"), name="a_destination_once_in_an_audience"),
        ),
    ]
