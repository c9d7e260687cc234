"""`manage.py pause account|tenant|report|delivery NAME --because TEXT`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.pause_subjects import ACTOR, PauseCommand, subject_of
from reports import pausing
from reports.refused import Refused
from tenants.scope import engine_scope


class Command(PauseCommand):
    help = "Nothing new of it starts, or leaves, until manage.py resume. What runs goes on, what waits is kept until its deadline."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--because", required=True, metavar="TEXT", help="why; those whose reports wait read it")

    def handle(self, *args: Any, kind: str, name: str, because: str, **options: Any) -> None:
        subject = subject_of(kind, name)
        try:
            with engine_scope():
                paused = pausing.pause(kind, subject, ACTOR, because, timezone.now())
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        self.stdout.write(f"Paused: {kind} {name}".rstrip() + "." if paused else "It was paused before; nothing changed.")
