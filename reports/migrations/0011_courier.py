"""What the courier needs: an index by tenant, and a place for what is not known, or refused us."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0010_schedule_security"),
        ("tenants", "0004_mail"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="delivery",
            name="delivery_due",
        ),
        migrations.RemoveIndex(
            model_name="notice",
            name="notice_due",
        ),
        migrations.AddField(
            model_name="delivery",
            name="maybe_twice",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="mailbudget",
            name="refused_answer",
            field=models.CharField(blank=True, help_text="What our mail server said.", max_length=500),
        ),
        migrations.AddField(
            model_name="mailbudget",
            name="refused_code",
            field=models.CharField(blank=True, help_text="reports/delivery/failures.py has the words.", max_length=24),
        ),
        migrations.AddField(
            model_name="mailbudget",
            name="refused_since",
            field=models.DateTimeField(
                help_text="Our own login or sender is refused, and one mail at a time probes. NULL: it is not.", null=True
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="maybe_twice",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False), ("status__in", ("pending", "sending"))),
                fields=["tenant", "next_try_at"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False), ("status__in", ("pending", "sending"))),
                fields=["tenant", "next_try_at"],
                name="notice_due",
            ),
        ),
    ]
