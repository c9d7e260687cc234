"""Staff make a company on a page: its row, and its code. Until now the platform file alone did."""

from django.db import migrations

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [("tenants", "0015_brand")]

    operations = [run(f"grant insert on tenants_tenant, tenants_tenantcode to {roles.STAFF}")]
