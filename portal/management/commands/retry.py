"""`manage.py retry --since 2026-11-25T06:00`: runs again, over all tenants, what failed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.pause_subjects import ACTOR, subject_of
from reports import retrying
from reports.models import Pause
from reports.refused import Refused
from reports.retrying import DELIVERY, JOB, Failed, Wish


class Command(BaseCommand):
    help = "Runs failed jobs again and sends failed deliveries again, each once; prints first what there is. Times without a zone are UTC."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", required=True, metavar="TIME", help="such as 2026-11-25T06:00: what failed from then on")
        parser.add_argument("--until", metavar="TIME", help="and before then; default: now")
        parser.add_argument("--cause", default="", metavar="CODE", help="only this cause, such as service_unavailable")
        parser.add_argument("--tenant", default="", metavar="SLUG")
        parser.add_argument("--report", default="", metavar="SLUG")
        parser.add_argument("--dry-run", action="store_true", help="print what there is, change nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        failed = list(retrying.find(_wish(now, **options)))
        self._print_table(failed)
        if dry_run or not failed:
            self.stdout.write("Dry run: nothing was changed." if failed else "Nothing of that failed.")
            return
        again, refused = 0, Counter[str]()
        for single in failed:
            try:
                again += retrying.run_again(single, ACTOR, timezone.now())
            except Refused as error:
                refused[f"{single.tenant.slug}: {error.detail}"] += 1
        for sentence, number in refused.items():
            self.stdout.write(f"Not run again ({number}), {sentence}")
        self.stdout.write(f"Run again: {again} of {len(failed)}.")

    def _print_table(self, failed: list[Failed]) -> None:
        counted = Counter((single.tenant.slug, single.cause, single.kind) for single in failed)
        rows = sorted({(slug, cause) for slug, cause, _kind in counted})
        wide = max([6, *(len(slug) for slug, _ in rows)]), max([5, *(len(cause) for _, cause in rows)])
        if rows:
            self.stdout.write(f"{'tenant':<{wide[0]}}  {'cause':<{wide[1]}}  {'jobs':>6}  {'deliveries':>10}")
        for slug, cause in rows:
            jobs, deliveries = counted[slug, cause, JOB], counted[slug, cause, DELIVERY]
            self.stdout.write(f"{slug:<{wide[0]}}  {cause:<{wide[1]}}  {jobs:>6}  {deliveries:>10}")


def _wish(now: datetime, *, since: str, until: str | None, cause: str, tenant: str, report: str, **options: Any) -> Wish:
    """Raises CommandError."""
    if cause and not retrying.is_cause(cause):
        raise CommandError(f"“{cause}” is no cause of a failure. The codes stand in reports/failures.py and reports/delivery/failures.py.")
    if tenant:
        subject_of(Pause.Kind.TENANT, tenant)
    if report:
        subject_of(Pause.Kind.REPORT, report)
    wish = Wish(_time("--since", since), _time("--until", until) if until else now, cause, tenant, report)
    if wish.since >= wish.until:
        raise CommandError("Nothing lies between --since and --until: the first has to be the earlier one, and not in the future.")
    return wish


def _time(option: str, text: str) -> datetime:
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise CommandError(f"{option} “{text}” is no time. Write it as 2026-11-25T06:00, or with its zone: 2026-11-25T06:00+01:00.")
    return at if timezone.is_aware(at) else timezone.make_aware(at)
