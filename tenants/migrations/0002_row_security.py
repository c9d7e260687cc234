"""Who may read what, outside any tenant and inside one. docs/architecture.md, "Tenancy", has the table of roles."""

from django.db import migrations

from tenants import roles
from tenants.rls import CURRENT_TENANT, CURRENT_USER, everything, force, policy, run, same_tenant, tenant_table

LOGINS = f"{roles.WEB}, {roles.WORKER}"
ALL = "select, insert, update, delete"

# Tables without tenant content, which the logins need before a tenant is known.
LOGIN_TABLES = [
    ("django_migrations", "select", LOGINS),
    ("django_content_type, auth_permission, auth_group, auth_group_permissions", "select", LOGINS),
    ("tenants_user_groups, tenants_user_user_permissions", "select", LOGINS),
    ("django_session, account_emailaddress, account_emailconfirmation, portal_cache", ALL, LOGINS),
    ("django_q_ormq", "select, insert", roles.WEB),
    ("django_q_ormq, django_q_task, django_q_schedule", ALL, roles.WORKER),
    ("tenants_tenantcode", "select", LOGINS),
]
CACHE_TABLE = (
    "create table portal_cache (cache_key varchar(255) primary key, value text not null, expires timestamptz not null)",
    "create index portal_cache_expires on portal_cache (expires)",
)
APPEND_ONLY = (
    """create function refuse_change() returns trigger language plpgsql as $$
       begin raise exception '% is append-only', tg_table_name; end $$""",
    """create trigger audit_rows_stay before update or delete on tenants_auditevent
       for each row execute function refuse_change()""",
    """create trigger audit_table_stays before truncate on tenants_auditevent
       for each statement execute function refuse_change()""",
)
MEMBERS_OF_CURRENT_TENANT = f"id in (select user_id from tenants_membership where tenant_id = {CURRENT_TENANT}) or id = {CURRENT_USER}"  # nosec B608 # texts of ours
TENANTS_OF_CURRENT_USER = f"id in (select tenant_id from tenants_membership where user_id = {CURRENT_USER})"  # nosec B608 # texts of ours


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        run(*CACHE_TABLE),
        *(run(f"grant {privileges} on {tables} to {to}") for tables, privileges, to in LOGIN_TABLES),
        # Children name their parent together with the tenant, which needs a key on the pair.
        *(run(f"alter table {table} add unique (tenant_id, id)") for table in ("tenants_apikey",)),
        same_tenant("tenants_apikeyindex", "key_id", "tenants_apikey"),
        # The tenant itself: its own row inside it, all of a person's before one is chosen.
        force("tenants_tenant"),
        policy("tenants_tenant", "own_row", roles.APP, f"id = {CURRENT_TENANT}"),
        policy("tenants_tenant", "rows_of_a_member", roles.APP, TENANTS_OF_CURRENT_USER, command="select"),
        run(f"grant select on tenants_tenant to {roles.APP}"),
        *everything("tenants_tenant", roles.PLATFORM, "select, insert, update"),
        *everything("tenants_tenant", roles.ENGINE, "select (id, slug, weight)"),
        *everything("tenants_tenant", roles.STAFF, "select"),
        run(f"grant select, insert on tenants_tenantcode to {roles.PLATFORM}"),
        *tenant_table("tenants_sessiontag"),
        *tenant_table("tenants_invitation"),
        *tenant_table("tenants_apikey"),
        *tenant_table("tenants_membership"),
        policy("tenants_membership", "own_memberships", roles.APP, f"user_id = {CURRENT_USER}", command="select"),
        # A key's hash leads to its tenant before the tenant is known; only the tenant itself may add or remove one.
        *tenant_table("tenants_apikeyindex", "select, insert, delete"),
        *everything("tenants_apikeyindex", roles.WEB, "select"),
        *everything("tenants_apikeyindex", roles.WORKER, "select"),
        # People: sign-in sees all, a tenant sees its members and never a password hash.
        force("tenants_user"),
        policy("tenants_user", "all_rows_portal_web", roles.WEB, "true", command="select"),
        policy("tenants_user", "own_words", roles.WEB, "true", command="update"),
        policy("tenants_user", "no_staff_from_the_web", roles.WEB, "not is_staff and not is_superuser", command="insert"),
        run(f"grant select, insert, update (password, last_login, name) on tenants_user to {roles.WEB}"),
        *everything("tenants_user", roles.WORKER, "select, insert, update"),
        *everything("tenants_user", roles.PLATFORM, "select, insert, update"),
        policy("tenants_user", "members", roles.APP, MEMBERS_OF_CURRENT_TENANT, command="select"),
        run(f"grant select (id, email, name, is_active) on tenants_user to {roles.APP}"),
        # Audit rows about no tenant: written from outside any tenant, read by staff.
        *tenant_table("tenants_auditevent", "select, insert"),
        policy("tenants_auditevent", "no_tenant_by_login", LOGINS, "tenant_id is null", command="insert"),
        policy("tenants_auditevent", "no_tenant_by_platform", roles.PLATFORM, "tenant_id is null", command="insert"),
        policy("tenants_auditevent", "no_tenant_for_staff", roles.STAFF, "tenant_id is null", command="select"),
        run(f"grant insert on tenants_auditevent to {LOGINS}, {roles.PLATFORM}", f"grant select on tenants_auditevent to {roles.STAFF}"),
        run(*APPEND_ONLY),
    ]
