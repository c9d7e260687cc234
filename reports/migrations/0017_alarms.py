"""Alarms, and the circuit breaker's count of failures of a report."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import policy, run

LOGINS = f"{roles.WEB}, {roles.WORKER}"
BREAKER = "failures_in_row, failing_code"


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0016_object_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="failing_code",
            field=models.CharField(blank=True, db_default="", default="", help_text="That cause; empty: none.", max_length=24),
        ),
        migrations.AddField(
            model_name="report",
            name="failures_in_row",
            field=models.PositiveIntegerField(db_default=0, default=0, help_text="Attempts of any tenant that failed for one cause."),
        ),
        migrations.AlterField(
            model_name="snapshotjob",
            name="waiting",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("no_answer", "QuickSight is not answering"),
                    ("no_access", "QuickSight refuses the portal access at the moment"),
                    ("throttled", "QuickSight is limiting requests"),
                    ("slots_taken", "All of the account's slots are taken by other work"),
                    ("retry", "Waiting before the next attempt"),
                    ("probe", "Finds out whether its report works again"),
                ],
                default="",
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(help_text="Stable, for rules that route alarms; docs/operations.md has the list.", max_length=40),
                ),
                (
                    "subject",
                    models.CharField(
                        blank=True, help_text="Name of the account, report, tenant or cluster; empty: the platform.", max_length=120
                    ),
                ),
                ("sentence", models.TextField(help_text="What happened, where, and what to do.")),
                ("raised_at", models.DateTimeField()),
                ("last_at", models.DateTimeField(help_text="When it was raised the last time.")),
                ("count", models.PositiveIntegerField(default=1, help_text="How often it was raised while it lasted.")),
                (
                    "forget_at",
                    models.DateTimeField(help_text="NULL: until it is settled. Set: of an event, over then without a word.", null=True),
                ),
                ("ended_at", models.DateTimeField(help_text="NULL: it lasts.", null=True)),
                (
                    "handed",
                    models.CharField(blank=True, choices=[("", ""), ("raised", "Raised"), ("ended", "Ended")], default="", max_length=6),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-raised_at"], name="alarm_list"),
                    models.Index(condition=models.Q(("handed", "ended"), _negated=True), fields=["id"], name="alarm_to_tell"),
                ],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("ended_at", None)), fields=("code", "subject"), name="one_open_alarm")
                ],
            },
        ),
        migrations.CreateModel(
            name="AlarmMessage",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("way", models.CharField(choices=[("webhook", "Webhook"), ("mail", "Mail")], max_length=7)),
                (
                    "address",
                    models.EmailField(blank=True, help_text="Empty: the webhook, whose URL is a secret and in no table.", max_length=254),
                ),
                (
                    "told",
                    models.CharField(blank=True, choices=[("", ""), ("raised", "Raised"), ("ended", "Ended")], default="", max_length=6),
                ),
                (
                    "next_try_at",
                    models.DateTimeField(help_text="NULL: nothing to tell. While somebody tells it: when that is given up.", null=True),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0, help_text="Of what is told next.")),
                ("answer", models.CharField(blank=True, help_text="Why the last try failed; empty: it did not.", max_length=200)),
                ("alarm", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="reports.alarm")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_try_at__isnull", False)), fields=["way", "next_try_at"], name="alarm_message_due"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("alarm", "way", "address"), name="one_message_per_receiver")],
            },
        ),
        # Outside any scope: an alarm is raised from anywhere, and kept whatever becomes of the transaction that it was raised in.
        run(
            f"grant select, insert, update on reports_alarm to {LOGINS}",
            f"grant select, update on reports_alarm to {roles.ENGINE}",
            f"grant select, insert, update on reports_alarmmessage to {roles.ENGINE}",
            f"grant select on reports_alarm, reports_alarmmessage to {roles.STAFF}, {roles.PLATFORM}",
            f"grant update ({BREAKER}) on reports_report to {roles.ENGINE}",
        ),
        # Staff's pages pause in staff's scope, `manage.py pause` in the engine's; both put it on record.
        policy("tenants_auditevent", "no_tenant_by_staff", roles.STAFF, "tenant_id is null", command="insert"),
        policy("tenants_auditevent", "no_tenant_by_engine", roles.ENGINE, "tenant_id is null", command="insert"),
        run(f"grant insert on tenants_auditevent to {roles.STAFF}, {roles.ENGINE}"),
    ]
