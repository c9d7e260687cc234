"""Which session tags have a value, for staff; the values stay inside their company."""

from django.db import migrations, models

from tenants import roles
from tenants.rls import everything


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_key_use")]

    operations = [
        migrations.AddField(
            model_name="sessiontag",
            name="is_filled",
            field=models.GeneratedField(db_persist=True, expression=models.Q(("value__regex", "\\S")), output_field=models.BooleanField()),
        ),
        *everything("tenants_sessiontag", roles.STAFF, "select (tenant_id, key, is_filled)"),
    ]
