"""Second steps, rotating keys, visits of staff, quotas, retention, suspension."""

import uuid

import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants import roles
from tenants.rls import everything, run, same_tenant, tenant_table

LOGINS = f"{roles.WEB}, {roles.WORKER}"
OF_STAFF = "suspended_at, suspended_because, retention_days, held_since, held_because, jobs_per_day, max_recipients, max_storage_bytes"


class Migration(migrations.Migration):
    dependencies = [
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
        ("tenants", "0005_shares"),
    ]

    operations = [
        migrations.CreateModel(
            name="SupportVisit",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("role", models.CharField(choices=[("owner", "Owner"), ("admin", "Admin"), ("viewer", "Viewer")], max_length=8)),
                ("ticket", models.CharField(max_length=40)),
                ("reason", models.CharField(max_length=300)),
                ("may_act", models.BooleanField(default=False, help_text="Raised by a further reason; else it only looks.")),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("ended_at", models.DateTimeField(help_text="NULL: ends by itself at `until`.", null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="apikey",
            name="one_live_key_per_name",
        ),
        migrations.RemoveIndex(
            model_name="auditevent",
            name="audit_by_tenant_and_time",
        ),
        migrations.AddField(
            model_name="apikey",
            name="created_by",
            field=models.ForeignKey(
                help_text="NULL: made by the platform, not by a member.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="family",
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name="apikey",
            name="replaced_by",
            field=models.ForeignKey(
                help_text="NULL: the newest of its family.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tenants.apikey",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="invited_by",
            field=models.CharField(blank=True, help_text="E-mail; empty: the platform.", max_length=254),
        ),
        migrations.AddField(
            model_name="tenant",
            name="allows_support",
            field=models.BooleanField(default=True, help_text="Platform staff may look at it as one of its people, for a reason."),
        ),
        migrations.AddField(
            model_name="tenant",
            name="held_because",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="tenant",
            name="held_since",
            field=models.DateTimeField(blank=True, help_text="Legal hold: nothing of it is removed. NULL: none.", null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="jobs_per_day",
            field=models.PositiveIntegerField(blank=True, help_text="In its own days. NULL: any number.", null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="max_recipients",
            field=models.PositiveIntegerField(blank=True, help_text="People of its address book. NULL: any number.", null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="max_storage_bytes",
            field=models.PositiveBigIntegerField(blank=True, help_text="Of its files. NULL: any size.", null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="retention_days",
            field=models.PositiveSmallIntegerField(default=90, help_text="1 to 400: files are handed out and kept so long."),
        ),
        migrations.AddField(
            model_name="tenant",
            name="suspended_at",
            field=models.DateTimeField(blank=True, help_text="Nobody of it comes in and nothing of it runs. NULL: it works.", null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="suspended_because",
            field=models.CharField(blank=True, help_text="Its people read it.", max_length=300),
        ),
        migrations.AddField(
            model_name="user",
            name="second_step_by",
            field=models.DateTimeField(help_text="From then on not without a second step. NULL: not counted yet.", null=True),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["tenant", "-at", "-id"], name="audit_by_tenant_and_time"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["tenant", "action", "-at", "-id"], name="audit_by_action"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["tenant", "actor", "-at", "-id"], name="audit_by_actor"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("object_id", ""), _negated=True), fields=["tenant", "object_id", "-at", "-id"], name="audit_by_object"
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_by", None), ("revoked_at", None)), fields=("tenant", "name"), name="one_live_key_per_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_by", None), ("revoked_at", None)),
                fields=("tenant", "family"),
                name="one_newest_key_per_family",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None), models.Q(("replaced_by", None), _negated=True)),
                fields=("tenant", "family"),
                name="one_older_key_per_family",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(("retention_days__range", (1, 400))), name="tenant_keeps_files_1_to_400_days"
            ),
        ),
        migrations.AddField(
            model_name="supportvisit",
            name="staff",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="supportvisit",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="support_visits", to="tenants.tenant"),
        ),
        migrations.AddIndex(
            model_name="supportvisit",
            index=models.Index(fields=["tenant", "-since"], name="visit_list"),
        ),
        migrations.AddConstraint(
            model_name="supportvisit",
            constraint=models.UniqueConstraint(condition=models.Q(("ended_at", None)), fields=("staff",), name="one_open_visit_per_person"),
        ),
        migrations.AddConstraint(
            model_name="supportvisit",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("reason", ""), _negated=True), models.Q(("ticket", ""), _negated=True)),
                name="a_visit_has_a_reason",
            ),
        ),
        same_tenant("tenants_apikey", "replaced_by_id", "tenants_apikey"),
        # A company sees who visited it and may end a visit; only staff begin one.
        *tenant_table("tenants_supportvisit", "select, update (ended_at)"),
        *everything("tenants_supportvisit", roles.STAFF, "select, insert, update"),
        # Of people, before a tenant is known; the secrets in them are encrypted.
        run(f"grant select, insert, update, delete on mfa_authenticator, usersessions_usersession to {LOGINS}"),
        run(
            f"grant update (second_step_by) on tenants_user to {roles.WEB}",
            f"grant update ({OF_STAFF}) on tenants_tenant to {roles.STAFF}",
            f"grant update (mfa, allows_support) on tenants_tenant to {roles.APP}",
            f"grant select (suspended_at, retention_days, held_since, timezone) on tenants_tenant to {roles.ENGINE}",
        ),
    ]
