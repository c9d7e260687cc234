"""`manage.py import_serverless EXPORT … --tenant SLUG`: the jobs of the serverless solution as history of a tenant."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from portal.pause_subjects import tenant_named
from reports.models import Grant
from reports.refused import Refused
from reports.serverless import export, history
from reports.serverless.history import Outcome
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import tenant_scope

ACTOR = Actor("import_serverless")


class Command(BaseCommand):
    help = "Brings jobs over from the serverless solution's DynamoDB table. Twice it adds nothing. docs/moving-over.md"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="EXPORT", help="of `aws dynamodb scan`, or of an export to S3")
        parser.add_argument("--tenant", metavar="SLUG", required=True)
        parser.add_argument(
            "--map", metavar="DASHBOARD[/SHEET]=REPORT", action="append", default=[], help="of the table, and the report that shows it here"
        )
        parser.add_argument("--dry-run", action="store_true", help="tell what would be done, change nothing")

    def handle(self, *args: Any, files: list[Path], dry_run: bool, **options: Any) -> None:
        tenant = tenant_named(options["tenant"])
        total = Outcome()
        with tenant_scope(tenant):
            places = _places(tenant, options["map"])
            # All files or none.
            for file in files:
                self._bring_over(tenant, file, places, total)
            transaction.set_rollback(dry_run)
        for (dashboard, sheet), jobs in total.unknown.most_common():
            self.stdout.write(f"Skipped, {jobs} job(s): no report of {tenant.slug} shows dashboard {dashboard}, sheet {sheet}.")
        told = f"Imported: {total.imported}. There already: {total.known}. Skipped: {len(total.skipped) + total.unknown.total()}."
        self.stdout.write(told + (" Dry run: nothing was changed." if dry_run else ""))

    def _bring_over(self, tenant: Tenant, file: Path, places: dict[str, str], total: Outcome) -> None:
        try:
            found = history.bring_over(tenant, ACTOR, _records(file), places, timezone.now())
        except Refused as refused:
            raise CommandError(f"{file}: {refused.detail} Nothing was imported.") from refused
        for number, why in found.skipped:
            self.stdout.write(f"{file.name}, {number}: {why}")
        total.imported += found.imported
        total.known += found.known
        total.skipped += found.skipped
        total.unknown += found.unknown


def _records(file: Path) -> Iterator[export.Record]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}. Nothing was imported.") from error
    return export.read(data)


def _places(tenant: Tenant, given: list[str]) -> dict[str, str]:
    """Raises CommandError for a report that the tenant does not have."""
    slugs = set(Grant.objects.for_tenant(tenant).active().values_list("report__slug", flat=True))
    places = {}
    for text in given:
        place, _, slug = text.rpartition("=")
        if not place or slug not in slugs:
            known = ", ".join(sorted(slugs)) or "none"
            raise CommandError(f"--map {text}: write DASHBOARD=REPORT or DASHBOARD/SHEET=REPORT, with a report of {tenant.slug}: {known}.")
        places[place] = slug
    return places
