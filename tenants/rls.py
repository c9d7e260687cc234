"""What a migration says to put a table behind row-level security. See docs/architecture.md, "Tenancy"."""

from __future__ import annotations

from django.db.migrations import RunSQL

from tenants import roles

CURRENT_TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"
CURRENT_USER = "nullif(current_setting('app.user_id', true), '')::bigint"


def run(*statements: str) -> RunSQL:
    return RunSQL(list(statements), reverse_sql=RunSQL.noop)


def force(table: str) -> RunSQL:
    """FORCE holds the table's owner to the policies too; without it a migration or a stray owner login would see every tenant."""
    return run(f"alter table {table} enable row level security", f"alter table {table} force row level security")


def policy(table: str, name: str, to: str, using: str, *, command: str = "all", check: str = "") -> RunSQL:
    conditions = f"with check ({using})" if command == "insert" else f"using ({using})"
    if check:
        conditions += f" with check ({check})"
    return run(f"create policy {name} on {table} for {command} to {to} {conditions}")


def tenant_table(table: str, privileges: str = "select, insert, update, delete") -> list[RunSQL]:
    """The usual case: rows of the current tenant, for the role that works inside one tenant.

    An unset variable reads as '' after the first transaction, and ''::uuid raises; nullif makes it match nothing.
    """
    return [
        force(table),
        policy(table, "tenant_rows", roles.APP, f"tenant_id = {CURRENT_TENANT}"),
        run(f"grant {privileges} on {table} to {roles.APP}"),
    ]


def everything(table: str, role: str, privileges: str) -> list[RunSQL]:
    """A role that works across tenants sees every row, but only the columns it was granted."""
    return [policy(table, f"all_rows_{role}", role, "true"), run(f"grant {privileges} on {table} to {role}")]


def same_tenant(table: str, column: str, parent: str) -> RunSQL:
    """A foreign key that carries the tenant: a plain one accepts another tenant's row, because key checks ignore policies."""
    return run(
        f"alter table {table} add constraint {table}_{column}_same_tenant foreign key (tenant_id, {column}) "
        f"references {parent} (tenant_id, id) deferrable initially deferred"
    )
