"""What tells a database that was restored from a backup, and who was served before it was."""

import uuid

from django.db import migrations, models

from tenants import roles
from tenants.rls import run

# What pages tell people about it. Only the worker looks at the rest.
TOLD = "number, restored_at, because, backup_at"


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0017_alarms"),
    ]

    operations = [
        migrations.AddField(
            model_name="occurrence",
            name="already_sent",
            field=models.JSONField(help_text="Who was served before the database was put back. NULL: nobody.", null=True),
        ),
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("number", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                (
                    "key",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, help_text="Names its mark, so that two installations may share a bucket."
                    ),
                ),
                ("generation", models.BigIntegerField(default=0, help_text="Counts marks. Only ever grows.")),
                ("marked_at", models.DateTimeField(help_text="When the mark was last written. NULL: never.", null=True)),
                (
                    "server",
                    models.CharField(blank=True, help_text="The server and database of that moment. Empty: not told.", max_length=80),
                ),
                (
                    "unlogged_since",
                    models.DateTimeField(help_text="Mail leaves and the send log cannot be written. NULL: it can.", null=True),
                ),
                (
                    "restored_at",
                    models.DateTimeField(help_text="Since when nothing runs, because this is a backup. NULL: it is not.", null=True),
                ),
                (
                    "because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("behind", "The mark in S3 is ahead of the database"),
                            ("mails", "Mails have left that the database knows nothing of"),
                            ("declared", "Somebody said so"),
                        ],
                        help_text="Empty: it was not restored.",
                        max_length=8,
                    ),
                ),
                (
                    "backup_at",
                    models.DateTimeField(help_text="What came after it this database does not know. NULL: it was not restored.", null=True),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("number", 1)), name="one_installation"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("backup_at", None), ("restored_at", None)),
                            models.Q(("backup_at__isnull", False), ("restored_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_restored_one_knows_its_backup",
                    ),
                ],
            },
        ),
        run(
            f"grant select on reports_installation to {roles.WORKER}",
            f"grant select, insert, update on reports_installation to {roles.ENGINE}",
            f"grant select ({TOLD}) on reports_installation to {roles.WEB}, {roles.APP}, {roles.STAFF}, {roles.PLATFORM}",
        ),
    ]
