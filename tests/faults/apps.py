from __future__ import annotations

import os

from django.apps import AppConfig


class Faults(AppConfig):
    name = "tests.faults"

    def ready(self) -> None:
        from tests.faults import killing, poison

        killing.install()
        if os.environ.get(poison.STARTS):
            poison.install()
