"""`manage.py clear_queue`: cancels what waits of a tenant, a report or a schedule."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reports import clearing
from reports.models import Report, Schedule
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope


class Command(BaseCommand):
    help = "Cancels jobs that wait. What runs already goes on. People read the reason on the page of their job."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="of this company")
        parser.add_argument("--report", metavar="SLUG", help="of this report")
        parser.add_argument("--schedule", metavar="SLUG", help="of this schedule; needs --tenant")
        parser.add_argument("--all", action="store_true", help="of everybody, where nothing of these is given")
        parser.add_argument("--because", metavar="TEXT", default="", help="the reason, for those whose jobs these are")
        parser.add_argument("--dry-run", action="store_true", help="count them, change nothing")

    def handle(self, *args: Any, because: str, dry_run: bool, **options: Any) -> None:
        which = _which(options)
        if dry_run:
            self.stdout.write(f"Jobs that wait: {clearing.count(**which)}. Dry run: none was cancelled.")
            return
        try:
            cleared = clearing.clear(**which, actor=Actor("clear_queue"), because=because, now=timezone.now())
        except Refused as refused:
            raise CommandError(f"--because: {refused.detail}") from refused
        self.stdout.write(f"Cancelled: {cleared} job(s).")


def _which(options: dict[str, Any]) -> dict[str, Any]:
    """What `clearing` takes. Raises CommandError."""
    given = [name for name in ("tenant", "report", "schedule") if options[name]]
    if bool(given) == options["all"]:
        raise CommandError("Name a --tenant, a --report or a --schedule, or say --all; not both.")
    if options["schedule"] and not options["tenant"]:
        raise CommandError("--schedule needs --tenant: two companies may have schedules of the same name.")
    with platform_scope():
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        report = Report.objects.filter(slug=options["report"]).first()
    schedule = None
    if tenant and options["schedule"]:
        with tenant_scope(tenant):
            schedule = Schedule.objects.for_tenant(tenant).filter(slug=options["schedule"]).first()
    which = {"tenant": tenant, "report": report, "schedule": schedule}
    for name in given:
        if which[name] is None:
            raise CommandError(f"There is no {name} “{options[name]}”.")
    return which
