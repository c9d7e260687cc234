"""A table of figures beside their targets: three runs of each, the least, the middle and the most."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

RUNS = 3


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def show(name: str, took: list[float], target: float) -> None:
    verdict = "" if median(took) <= target else "   MISSED"
    print(f"{name:<62} min {min(took):8.3f}  median {median(took):8.3f}  max {max(took):8.3f}  target {target:6.2f} s{verdict}")
