"""An account that refuses the portal is paused like a silent one, and a pump says whose process it runs in."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import run

LOGINS = f"{roles.WEB}, {roles.WORKER}"
WAITING = [
    ("", ""),
    ("no_answer", "QuickSight is not answering"),
    ("no_access", "QuickSight refuses the portal access at the moment"),
    ("throttled", "QuickSight is limiting requests"),
    ("slots_taken", "All of the account's slots are taken by other work"),
    ("retry", "Waiting before the next attempt"),
]


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_forecast")]

    operations = [
        migrations.AddField(
            "account",
            "refused_since",
            models.DateTimeField(null=True, help_text="NULL: QuickSight lets us in. Set: it refuses us altogether."),
        ),
        migrations.AddField(
            "account",
            "refused_code",
            models.CharField(max_length=64, blank=True, default="", help_text="AWS's own word for it; empty: not refused."),
            preserve_default=False,
        ),
        migrations.AddField(
            "account",
            "probe_at",
            models.DateTimeField(null=True, help_text="NULL: not paused. Set: when a call may find out whether that is over."),
        ),
        migrations.AddField(
            "pump",
            "process",
            models.CharField(max_length=120, blank=True, default="", help_text="Whose task pumps, or was the last to; empty: none yet."),
            preserve_default=False,
        ),
        migrations.AlterField("snapshotjob", "waiting", models.CharField(max_length=12, choices=WAITING, blank=True, default="")),
        migrations.AlterField(
            "snapshotjob",
            "crashes",
            models.PositiveSmallIntegerField(default=0, help_text="Steps in a row that failed in our code, hung or died."),
        ),
        run(
            f"grant select (refused_since) on reports_account to {roles.APP}, {LOGINS}",
            f"grant update (refused_since, refused_code, probe_at) on reports_account to {roles.ENGINE}",
        ),
    ]
