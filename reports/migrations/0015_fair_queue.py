"""The fair queue at work: clocks of the accounts there are, shares read from the tenant's own row, and who may say that less waits."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import CURRENT_TENANT, policy, run


class Migration(migrations.Migration):
    dependencies = [("reports", "0014_engine")]

    operations = [
        migrations.RemoveField(model_name="tenantqueue", name="max_running"),
        migrations.RemoveField(model_name="tenantqueue", name="weight"),
        # Jobs that are kept out must not hide others, so passes begin anywhere in it: reports/engine/admit.py.
        migrations.RemoveIndex(model_name="snapshotjob", name="job_inbox"),
        migrations.AddIndex(
            model_name="snapshotjob",
            index=models.Index(condition=models.Q(("admitted", False), ("status", "queued")), fields=["account", "id"], name="job_inbox"),
        ),
        run(
            f"grant select, insert on reports_laneclock to {roles.PLATFORM}",
            "insert into reports_laneclock (account_id, lane, virtual_time) "
            "select account.id, lane, 0 from reports_account account, (values (0), (1)) as lanes (lane) on conflict do nothing",
        ),
        # A job that is cancelled inside its tenant waits no longer.
        policy("reports_tenantqueue", "own_queue_shrinks", roles.APP, f"tenant_id = {CURRENT_TENANT}", command="update"),
        run(f"grant update (queued) on reports_tenantqueue to {roles.APP}"),
    ]
