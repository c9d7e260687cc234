from __future__ import annotations

from django.apps import AppConfig

MANY = 1_000_000


class FuzzConfig(AppConfig):
    name = "tests.fuzz"

    def ready(self) -> None:
        """Rates that a fuzzer does not reach: what they do has tests of its own."""
        from reports.api import rates

        for rate in (rates.KEY, rates.TENANT, rates.WRITES):
            object.__setattr__(rate, "a_minute", MANY)
            object.__setattr__(rate, "burst", MANY)
