from __future__ import annotations

import os

from django.apps import AppConfig


class Faults(AppConfig):
    name = "tests.faults"

    def ready(self) -> None:
        from tests.faults import killing

        if step := os.environ.get(killing.STEP):
            killing.STEPS[step]()
