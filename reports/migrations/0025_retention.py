"""Files that a hold has moved, what failed attempts left behind, and what stays of people who were erased."""

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import run, same_tenant, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0024_capacity"),
        ("tenants", "0009_tags_filled"),
    ]

    operations = [
        migrations.CreateModel(
            name="AddressKey",
            fields=[
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="tenants.tenant",
                    ),
                ),
                ("sealed", models.TextField(help_text="tenants/encryption.py reads it.")),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="suppression",
            name="one_suppression_per_address",
        ),
        migrations.AddField(
            model_name="attempt",
            name="purged_at",
            field=models.DateTimeField(help_text="What a failed one left in S3 is gone. NULL: nobody looked yet.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="erasure",
            field=models.ForeignKey(
                db_index=False,
                help_text="NULL: of nobody who was erased.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="files",
                to="reports.erasure",
            ),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="moved_at",
            field=models.DateTimeField(help_text="NULL: it lies where it was collected.", null=True),
        ),
        migrations.AddField(
            model_name="snapshotfile",
            name="moved_from",
            field=models.CharField(
                blank=True, db_default="", help_text="The key of the old object; empty: it is gone, or was never moved.", max_length=1024
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="address_hmac",
            field=models.BinaryField(help_text="NULL: the address itself is there.", max_length=32, null=True),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="email",
            field=models.EmailField(blank=True, help_text="Empty: of somebody who was erased.", max_length=254),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("purged_at", None), models.Q(("failure_code", ""), _negated=True)),
                fields=["tenant", "ended_at", "id"],
                name="attempt_left_over",
            ),
        ),
        migrations.AddIndex(
            model_name="snapshotfile",
            index=models.Index(
                condition=models.Q(("purged_at", None), models.Q(("erasure", None), _negated=True)),
                fields=["tenant", "erasure"],
                name="file_to_erase",
            ),
        ),
        migrations.AddIndex(
            model_name="snapshotfile",
            index=models.Index(condition=models.Q(("moved_from", ""), _negated=True), fields=["tenant", "moved_at"], name="file_moved"),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(
                condition=models.Q(("email", ""), _negated=True), fields=("tenant", "email"), name="one_suppression_per_address"
            ),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(fields=("tenant", "address_hmac"), name="one_suppression_per_hash"),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("address_hmac__isnull", False), ("email", "")),
                    models.Q(models.Q(("email", ""), _negated=True), ("address_hmac", None)),
                    _connector="OR",
                ),
                name="a_suppression_has_an_address_or_a_hash",
            ),
        ),
        run("alter table reports_erasure add unique (tenant_id, id)"),
        same_tenant("reports_snapshotfile", "erasure_id", "reports_erasure"),
        *tenant_table("reports_addresskey", "select, insert, update"),
        # What an erasure takes out of rows that are else only written once.
        run(
            f"grant update (data) on reports_jobevent to {roles.APP}",
            f"grant update (ip, user_agent) on reports_download to {roles.APP}",
            f"grant delete on reports_notice to {roles.APP}",
        ),
    ]
