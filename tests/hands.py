"""Waiting for threads of the stands, which outlive a turn."""

from __future__ import annotations

import time
from typing import Any

from reports.hands import Hands


def wait_until_free(hands: Hands[Any], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while hands.carried():
        assert time.monotonic() < end, f"{hands.name}: still busy after {seconds} s"
        time.sleep(0.02)
