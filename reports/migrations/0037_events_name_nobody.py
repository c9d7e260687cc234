"""What an erasure takes out of events, which are else only written once: an address in a caller's own reference."""

from django.db import migrations

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [("reports", "0036_jobs_by_trigger")]

    operations = [run(f"grant update (body) on reports_event to {roles.APP}")]
