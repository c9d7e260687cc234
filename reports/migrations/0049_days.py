"""What charts of a tenant's days draw, counted beside its usage, and an index for counting runs by their end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0048_undo"),
        ("tenants", "0014_digest"),
    ]

    operations = [
        migrations.AddField(
            model_name="dailyusage",
            name="figures_at",
            field=models.DateTimeField(help_text="When that was counted. NULL: not yet.", null=True),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="made_cancelled",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="made_completed",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="made_failed",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="runs_failed",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="runs_late",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="runs_missed",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="runs_on_time",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="runs_partly",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="runs_skipped",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="single_delivered",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="single_failed",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="took",
            field=models.JSONField(
                db_default={}, default=dict, help_text="How many took how long to be delivered: by the step of reports/day_figures.py."
            ),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="week_openers",
            field=models.PositiveIntegerField(db_default=0, default=0, help_text="Those of them that downloaded something."),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="week_recipients",
            field=models.PositiveIntegerField(db_default=0, default=0, help_text="Addresses that were sent a link."),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(
                condition=models.Q(("ended_at", None), _negated=True), fields=["tenant", "ended_at"], name="occurrence_by_end"
            ),
        ),
    ]
