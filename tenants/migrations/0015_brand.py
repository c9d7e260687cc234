"""A company's name and logo as its customers see them, which its owners and admins set themselves."""

import django.db.models.deletion
from django.db import migrations, models

from tenants import roles
from tenants.rls import run, tenant_table


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0014_digest"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="brand_name",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Its name to its customers. Empty: its name.", max_length=120
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="logo_hash",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, help_text="Empty: it has no logo.", max_length=12
            ),
        ),
        migrations.CreateModel(
            name="TenantLogo",
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
                ("png", models.BinaryField()),
            ],
        ),
        *tenant_table("tenants_tenantlogo"),
        run(
            # 256 by 256 pixels of noise take less.
            "alter table tenants_tenantlogo add constraint a_logo_is_small check (octet_length(png) between 1 and 300000)",
            f"grant update (brand_name, brand_color, reply_to, logo_hash) on tenants_tenant to {roles.APP}",
        ),
    ]
