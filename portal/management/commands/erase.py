"""`manage.py erase`: erases an end customer of one tenant, rows and objects."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reports.erasing import asking, objects
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope


class Command(BaseCommand):
    help = "Erases all that is stored of an end customer's address in one tenant. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--tenant", metavar="SLUG", required=True)
        parser.add_argument("--because", metavar="TEXT", required=True, help="the reason, without the address; it stays on record")

    def handle(self, *args: Any, address: str, because: str, **options: Any) -> None:
        with platform_scope():
            tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant “{options['tenant']}”.")
        try:
            with tenant_scope(tenant):
                erased = asking.erase(tenant, Actor("erase"), address, because, now=timezone.now())
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        objects.remove(tenant.pk, timezone.now(), lambda: True)
        with tenant_scope(tenant):
            erased.refresh_from_db()
        rows = ", ".join(f"{name} {number}" for name, number in erased.removed["rows"].items()) or "none"
        self.stdout.write(f"Record {erased.pk}. Rows: {rows}. Files: {erased.removed['files']}.")
        if erased.ended_at is None:
            raise CommandError("The rows are gone. Its files could not be removed yet; the worker goes on with them. See the log.")
