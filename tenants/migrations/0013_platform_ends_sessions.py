"""Who switches an account off as the platform ends its sessions with it: the trigger works with the rights of whoever does the update."""

from django.db import migrations

from tenants import roles
from tenants.rls import run


class Migration(migrations.Migration):
    dependencies = [("tenants", "0012_audit_by_impersonator")]

    operations = [
        run(
            f"grant select (session_key), delete on django_session to {roles.PLATFORM}",
            f"grant select (session_key, user_id), delete on usersessions_usersession to {roles.PLATFORM}",
        ),
    ]
