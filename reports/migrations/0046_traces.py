"""Where jobs and events were asked for, so that what is done about them later stands in the same trace. And runs that are open, by time."""

from __future__ import annotations

from django.db import migrations, models

import tenants.tracing
from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [("reports", "0045_tallies")]

    operations = [
        migrations.AddField(
            model_name="snapshotjob",
            name="traceparent",
            field=models.CharField(
                blank=True,
                db_default="",
                default=tenants.tracing.traceparent,
                help_text="W3C Trace Context. Empty: nobody traces it.",
                max_length=55,
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="traceparent",
            field=models.CharField(
                blank=True, db_default="", help_text="Of what made it a fact. Empty: nobody traces that.", max_length=55
            ),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(condition=models.Q(("status__in", ("planned", "running"))), fields=["planned_at"], name="occurrence_open"),
        ),
        run(
            f"grant select (traceparent) on reports_snapshotjob to {roles.ENGINE}",
            f"grant select (created_at, expanded_at) on reports_occurrence to {roles.ENGINE}",
        ),
    ]
