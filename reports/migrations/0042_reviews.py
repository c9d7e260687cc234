"""Reviews: what the gate of a schedule found in a job's files, and who let them go out."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import everything, same_tenant, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0041_reminders"),
        ("tenants", "0013_platform_ends_sessions"),
    ]

    operations = [
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
        migrations.AddField(
            model_name="snapshotfile",
            name="held",
            field=models.BooleanField(
                db_default=False, default=False, help_text="A gate did not let it go: for the eyes of who decides alone."
            ),
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("checking", "Being checked"),
                            ("held", "Held for review"),
                            ("released", "Released"),
                            ("rejected", "Not sent"),
                        ],
                        default="checking",
                        max_length=8,
                    ),
                ),
                ("findings", models.JSONField(default=list)),
                ("figures", models.JSONField(default=dict)),
                (
                    "next_try_at",
                    models.DateTimeField(help_text="Checking: when to check it. Held: its end. NULL: it is decided.", null=True),
                ),
                ("lease_until", models.DateTimeField(help_text="NULL: nobody has it in hand.", null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("held_at", models.DateTimeField(help_text="NULL: it is not held, and never was.", null=True)),
                (
                    "held_until",
                    models.DateTimeField(help_text="Undecided then, it is not sent. NULL: it is not held, and never was.", null=True),
                ),
                ("decided_at", models.DateTimeField(help_text="NULL: nobody and nothing decided yet.", null=True)),
                (
                    "decided_by",
                    models.CharField(blank=True, help_text="Empty: nobody; the checks, or the end of its time.", max_length=254),
                ),
                ("note", models.CharField(blank=True, help_text="For the audit log; recipients never see it.", max_length=300)),
                ("job", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="review", to="reports.snapshotjob")),
                (
                    "tenant",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("next_try_at__isnull", False)), fields=["tenant", "next_try_at"], name="review_due"),
                    models.Index(condition=models.Q(("status", "held")), fields=["tenant", "held_at"], name="review_held"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("next_try_at__isnull", False), ("status__in", ("checking", "held"))),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("lease_until__isnull", True),
                                ("next_try_at__isnull", True),
                                ("status__in", ("released", "rejected")),
                            ),
                            _connector="OR",
                        ),
                        name="a_decided_review_has_an_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("held_at__isnull", True), ("held_until__isnull", True)),
                            models.Q(("held_at__isnull", False), ("held_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_held_review_ends_by_itself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("status", "held"), _negated=True), ("held_at__isnull", False), _connector="OR"),
                        name="a_held_review_has_a_beginning",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("status", "checking"), _negated=True), ("held_at__isnull", True), _connector="OR"),
                        name="what_is_checked_is_not_held",
                    ),
                ],
            },
        ),
        same_tenant("reports_review", "job_id", "reports_snapshotjob"),
        *tenant_table("reports_review"),
        # What the reviewer needs to find what is due; it looks into findings inside the tenant alone.
        *everything(
            "reports_review",
            roles.ENGINE,
            "select (id, tenant_id, status, tries, next_try_at, lease_until), update (tries, next_try_at, lease_until)",
        ),
    ]
