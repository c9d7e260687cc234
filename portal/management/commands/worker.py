from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run this host's whole background side: the engine and the work queue. SIGTERM stops it in order."

    def handle(self, *args: Any, **options: Any) -> None:
        Supervisor().run()
