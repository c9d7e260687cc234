"""`manage.py resume account|tenant|report|delivery NAME`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from portal.pause_subjects import ACTOR, PauseCommand, subject_of
from reports import pausing
from reports.refused import Refused
from tenants.scope import engine_scope


class Command(PauseCommand):
    help = "Ends a pause; what waits goes on within seconds. A report that the portal paused by itself may be resumed too."

    def handle(self, *args: Any, kind: str, name: str, **options: Any) -> None:
        subject = subject_of(kind, name)
        try:
            with engine_scope():
                resumed = pausing.resume(kind, subject, ACTOR, timezone.now())
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        self.stdout.write(f"Resumed: {kind} {name}".rstrip() + "." if resumed else "It was not paused; nothing changed.")
