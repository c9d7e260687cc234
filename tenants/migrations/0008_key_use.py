"""Where a key was used last; and who leaves a company leaves no key behind, whichever way the membership ends."""

from django.db import migrations, models

from tenants.rls import run

KEYS_END = (
    """create function end_keys_of_member() returns trigger language plpgsql as $$
       begin
         update tenants_apikey set revoked_at = statement_timestamp()
         where tenant_id = old.tenant_id and created_by_id = old.user_id and revoked_at is null;
         return null;
       end $$""",
    """create trigger keys_end_with_membership after delete on tenants_membership
       for each row execute function end_keys_of_member()""",
)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_sessions_end")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="last_used_from",
            field=models.GenericIPAddressField(help_text="NULL: never used, or the address is not known.", null=True),
        ),
        run(*KEYS_END),
    ]
