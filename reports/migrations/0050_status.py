"""How the service is and was, for everybody to see."""

import django.db.models.functions.datetime
from django.db import migrations, models

from tenants import roles
from tenants.rls import run

LOGINS = f"{roles.WEB}, {roles.WORKER}"
TABLES = "reports_servicepart, reports_serviceday, reports_servicespell, reports_servicenote"
ANSWERED = "answered, answered_cause, answered_at, asked_at"


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0049_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="ServicePart",
            fields=[
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("site", "Signing in and this site"),
                            ("making", "Making reports"),
                            ("mail", "Emails and links"),
                            ("elsewhere", "SFTP, webhooks and S3"),
                            ("api", "API"),
                        ],
                        max_length=9,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        blank=True,
                        choices=[("works", "Works"), ("slow", "Slower than usual"), ("down", "Does not work")],
                        db_default="",
                        default="",
                        help_text="Empty: not known.",
                        max_length=5,
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="Of reports/uptime/words.py. Empty: none.", max_length=20
                    ),
                ),
                ("looked_at", models.DateTimeField(help_text="The minute in which it was judged last. NULL: never.", null=True)),
                (
                    "answered",
                    models.CharField(
                        blank=True,
                        choices=[("works", "Works"), ("slow", "Slower than usual"), ("down", "Does not work")],
                        db_default="",
                        default="",
                        max_length=5,
                    ),
                ),
                ("answered_cause", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("answered_at", models.DateTimeField(help_text="NULL: no web process has looked yet.", null=True)),
                (
                    "asked_at",
                    models.DateTimeField(help_text="When a web process last took it upon itself to look. NULL: none has.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ServiceDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("site", "Signing in and this site"),
                            ("making", "Making reports"),
                            ("mail", "Emails and links"),
                            ("elsewhere", "SFTP, webhooks and S3"),
                            ("api", "API"),
                        ],
                        max_length=9,
                    ),
                ),
                ("day", models.DateField()),
                ("looked", models.PositiveSmallIntegerField(default=0)),
                ("good", models.PositiveSmallIntegerField(default=0)),
                ("down", models.PositiveSmallIntegerField(default=0, help_text="The rest was slow.")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("part", "day"), name="one_row_per_part_and_day")],
            },
        ),
        migrations.CreateModel(
            name="ServiceNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("trouble", "Something is wrong"), ("work", "Planned work")], max_length=7)),
                ("title", models.CharField(max_length=80)),
                ("text", models.CharField(blank=True, max_length=400)),
                ("begins_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(help_text="NULL: not known yet.", null=True)),
                ("by", models.CharField(help_text="Who wrote it; not shown.", max_length=254)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                "indexes": [models.Index(fields=["-begins_at"], name="service_note_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at", None), ("ends_at__gte", models.F("begins_at")), _connector="OR"),
                        name="a_note_ends_after_it_begins",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceSpell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("site", "Signing in and this site"),
                            ("making", "Making reports"),
                            ("mail", "Emails and links"),
                            ("elsewhere", "SFTP, webhooks and S3"),
                            ("api", "API"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "state",
                    models.CharField(choices=[("works", "Works"), ("slow", "Slower than usual"), ("down", "Does not work")], max_length=5),
                ),
                ("cause", models.CharField(max_length=20)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(help_text="NULL: it lasts.", null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["-began_at"], name="service_spell_list")],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("ended_at", None)), fields=("part",), name="one_open_spell_per_part")
                ],
            },
        ),
        # Outside any scope: the page is for people who are not signed in. Of itself a web process tells how it answers, and nothing else.
        run(
            f"grant select on {TABLES} to {LOGINS}, {roles.STAFF}",
            f"grant insert (part, {ANSWERED}), update ({ANSWERED}) on reports_servicepart to {LOGINS}",
            f"grant select, insert, update, delete on reports_servicepart, reports_serviceday, reports_servicespell to {roles.ENGINE}",
            f"grant insert, update, delete on reports_servicenote to {roles.STAFF}",
        ),
    ]
