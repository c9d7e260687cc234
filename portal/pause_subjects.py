"""What somebody names at the command line, found. A name that nobody has gets a sentence with those that there are."""

from __future__ import annotations

from typing import TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.models import Account, Pause, Report
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope

Kind = Pause.Kind
MOST_NAMED = 10
Named = TypeVar("Named", Account, Tenant, Report)
ACTOR = Actor("manage.py")


class PauseCommand(BaseCommand):
    """For `pause` and `resume`: the same subjects, named in the same way."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=Kind.values)
        parser.add_argument("name", nargs="?", default="", help="of the account, tenant or report; without one, with delivery: all mail")


def subject_of(kind: str, name: str) -> Account | Tenant | Report | None:
    """None: all mail. Raises CommandError."""
    if not name:
        if kind == Kind.DELIVERY:
            return None
        raise CommandError(f"Name the {kind}: manage.py pause {kind} NAME")
    with platform_scope():
        if kind == Kind.ACCOUNT:
            return _the_one(kind, name, {account.name: account for account in Account.objects.order_by("name")})
        if kind == Kind.REPORT:
            return _the_one(kind, name, {report.slug: report for report in Report.objects.in_catalogue().order_by("slug")})
    return tenant_named(name)


def tenant_named(slug: str) -> Tenant:
    """Raises CommandError."""
    with platform_scope():
        return _the_one("tenant", slug, {tenant.slug: tenant for tenant in Tenant.objects.order_by("slug")})


def _the_one(kind: str, name: str, known: dict[str, Named]) -> Named:
    if name not in known:
        some = ", ".join(list(known)[:MOST_NAMED]) or "none"
        more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
        raise CommandError(f"There is no {kind} “{name}”. There are: {some}{more}.")
    return known[name]
