"""Mails about webhooks; and the engine, which finds that planned runs were missed, may tell of it across companies."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import everything, policy, run


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0028_api_v1_security"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("run_failed", "Run Failed"),
                    ("run_late", "Run Late"),
                    ("new_link", "New Link"),
                    ("code", "Code"),
                    ("ready_again", "Ready Again"),
                    ("test", "Test"),
                    ("invitation", "Invitation"),
                    ("quota", "Quota"),
                    ("webhook", "Webhook"),
                ],
                max_length=12,
            ),
        ),
        policy("reports_event", "told_by_engine", roles.ENGINE, "true", command="insert"),
        # Who asked to be told of what: no address, no secret.
        *everything("reports_webhook", roles.ENGINE, "select (id, tenant_id, status, events)"),
        run(
            f"grant insert on reports_event, reports_webhookdelivery to {roles.ENGINE}",
            f"grant select (slug) on reports_schedule to {roles.ENGINE}",
        ),
    ]
