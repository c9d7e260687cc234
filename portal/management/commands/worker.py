from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from portal.schema import refuse_older_schema
from portal.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run this host's whole background side: the engine and the work queue. SIGTERM stops it in order."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_older_schema()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        Supervisor().run()
