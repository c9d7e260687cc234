"""The only way in to tenant rows: a PostgreSQL role and variables, local to one transaction.

Each scope opens its own transaction and says in one statement as whom it works; the setting dies with the transaction, so a pooled
connection cannot carry it to the next user. Without a scope the login has no grant on a tenant table: a loud error, never rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Func, TextField, Value
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Cast

from tenants import roles
from tenants.models import Membership, Tenant, User


class ScopeConflict(RuntimeError):
    """A scope was opened inside a different one, which would mix two tenants in one piece of work."""


@dataclass(frozen=True)
class Scope:
    role: str
    tenant_id: str = ""
    user_id: str = ""


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)
OUTSIDE = Scope("none")
# Columns of the row that proves a membership; to read it is to set its tenant, and to be no longer the person alone.
ENTERING = {
    "entered": Func(Value("app.tenant_id"), Cast("tenant_id", TextField()), Value(True), function="set_config", output_field=TextField()),
    "left": Func(Value("app.user_id"), Value(""), Value(True), function="set_config", output_field=TextField()),
}


@contextmanager
def tenant_scope(tenant: Tenant | uuid.UUID | str) -> Iterator[None]:
    """Work inside one tenant: its rows and no others."""
    tenant_id = getattr(tenant, "pk", tenant)
    with _scope(Scope(roles.APP, tenant_id=str(uuid.UUID(str(tenant_id))))):
        yield


@contextmanager
def user_scope(user: User) -> Iterator[None]:
    """Before a tenant is chosen: the memberships of one person and the names of those tenants."""
    with _scope(Scope(roles.APP, user_id=str(user.pk))):
        yield


@contextmanager
def member_scope(user: User, slug: str, **also: BaseExpression) -> Iterator[Membership | None]:
    """Inside the tenant with this slug, as one of its members, in one transaction. Opened outside any scope.

    `also`: what else that one statement is to tell; it stands on the membership.

    None, and no tenant's rows, for a tenant that is not there and for one that the person does not belong to.
    """
    person = Scope(roles.APP, user_id=str(user.pk))
    _refuse_inside(person)
    with _scope(person):
        found = Membership.objects.select_related("tenant").filter(user=user, tenant__slug=slug)
        membership = found.annotate(**ENTERING, **also).first()
        token = _current.set(Scope(roles.APP, tenant_id=str(membership.tenant_id)) if membership else person)
        try:
            yield membership
        finally:
            _current.reset(token)


@contextmanager
def engine_scope() -> Iterator[None]:
    """The queue across all tenants: status, leases, slots, due columns; no content. The worker login only."""
    with _scope(Scope(roles.ENGINE)):
        yield


@contextmanager
def as_engine() -> Iterator[None]:
    """The engine's scope for a few statements inside a tenant's, in its transaction, without a savepoint: what has to happen with the
    tenant's change or not at all. What it reads of other tenants is the queue's alone, as ever."""
    with _out_of_tenant(lambda tenant: Scope(roles.ENGINE)):
        yield


@contextmanager
def as_tag_writer() -> Iterator[None]:
    """As staff in this one tenant, for a few statements inside its scope: inside a tenant session tags are read only.

    For tenants/session_tags.py and the platform file alone.
    """
    with _out_of_tenant(lambda tenant: Scope(roles.STAFF, tenant_id=tenant.tenant_id)):
        yield


@contextmanager
def _out_of_tenant(become: Callable[[Scope], Scope]) -> Iterator[None]:
    tenant = _current.get()
    if tenant is None or tenant.role != roles.APP or not tenant.tenant_id:
        raise ScopeConflict("Only out of a tenant's scope.")
    other = become(tenant)
    _apply(other)
    token = _current.set(other)
    try:
        yield
    except BaseException:
        # The transaction is the other role's still: whoever catches this inside the tenant's scope may ask it nothing more.
        transaction.set_rollback(True)
        raise
    finally:
        _current.reset(token)
    _apply(tenant)


@contextmanager
def as_login() -> Iterator[None]:
    """The login's own rights for a few statements inside a scope, in its transaction: for people's sessions, which belong to no tenant and
    which no scope's role may read. Outside any scope it changes nothing."""
    inside = _current.get()
    if inside is None:
        yield
        return
    _apply(OUTSIDE)
    token = _current.set(None)
    try:
        yield
    except BaseException:
        # The transaction is nobody's: whoever catches this inside the scope may ask it nothing more.
        transaction.set_rollback(True)
        raise
    finally:
        _current.reset(token)
    _apply(inside)


@contextmanager
def platform_scope() -> Iterator[None]:
    """The platform's own rows: accounts, reports, the register of tenants, staff. The worker login only."""
    with _scope(Scope(roles.PLATFORM)):
        yield


@contextmanager
def staff_scope(user: User) -> Iterator[None]:
    """Read across tenants what staff pages show: names, slots, queue. Raises PermissionDenied for anyone else."""
    if not (user.is_active and user.is_staff):
        raise PermissionDenied("Only platform staff may look across tenants.")
    with _scope(Scope(roles.STAFF, user_id=str(user.pk))):
        yield


@contextmanager
def _scope(scope: Scope) -> Iterator[None]:
    outer = _current.get()
    if outer == scope:
        yield
        return
    _refuse_inside(scope)
    nested = connection.in_atomic_block
    with transaction.atomic():
        _apply(scope)
        token = _current.set(scope)
        try:
            yield
        finally:
            # Before the commit: on_commit callbacks belong to no tenant.
            _current.reset(token)
        if nested and not connection.needs_rollback:
            _apply(OUTSIDE)


def _refuse_inside(scope: Scope) -> None:
    if (outer := _current.get()) is not None:
        raise ScopeConflict(f"{scope.role} {scope.tenant_id} inside {outer.role} {outer.tenant_id}: leave the first scope before.")


def _apply(scope: Scope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('role', %s, true), set_config('app.tenant_id', %s, true), set_config('app.user_id', %s, true)",
            [scope.role, scope.tenant_id, scope.user_id],
        )
