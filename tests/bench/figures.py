"""Figures beside their targets: the least, the middle and the most of a few runs. What is shown is told at once, again in one table at the
end, and kept in docs/benchmarks/figures.json for the page."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

from portal.local.postgres_files import installed

ROOT = Path(__file__).resolve().parents[2]
CHARTS = ROOT / "docs" / "benchmarks"
KEPT = CHARTS / "figures.json"
RUNS = 3
# `make bench FULL=1`: also what takes half an hour.
FULL = bool(os.environ.get("FULL"))
FORMS: dict[str, Callable[[float], str]] = {
    "s": "{:.3f} s".format,
    "ms": "{:.1f} ms".format,
    "%": lambda share: f"{100 * share:.1f} %",
    "": lambda value: f"{value:,}" if isinstance(value, int) else f"{value:.3f}",
}


@dataclass(frozen=True)
class Figure:
    """`test` is pytest's name of what measured it, `full` whether by `FULL=1`. Without a target it is only told."""

    test: str
    name: str
    least: float
    middle: float
    most: float
    runs: int
    target: float | None
    unit: str
    day: str
    machine: str
    full: bool = False

    @property
    def is_missed(self) -> bool:
        """Where nothing at all is allowed, once is too often; else the middle counts."""
        return self.target is not None and (self.most if self.target == 0 else self.middle) > self.target

    @property
    def verdict(self) -> str:
        return "" if self.target is None else "MISSED" if self.is_missed else "met"

    @property
    def columns(self) -> list[str]:
        form = FORMS[self.unit]
        target = "" if self.target is None else f"≤ {form(self.target)}" if self.target else "0"
        return [self.name, form(self.least), form(self.middle), form(self.most), target, self.verdict]


# Of this process, in the order they were shown.
shown: list[Figure] = []


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def show(name: str, values: Sequence[float], target: float | None = None, *, unit: str = "s") -> None:
    """`unit`: s, ms, % (values are shares of 1) or nothing, for ratios and counts. The target is the most that is good."""
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]
    numbers = (min(values), median(values), max(values), len(values))
    figure = Figure(test, name, *numbers, target, unit, f"{datetime.now(UTC):%Y-%m-%d}", machine(), FULL)
    shown.append(figure)
    print("  ".join(figure.columns), flush=True)


def machine() -> str:
    version = subprocess.run([installed() / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    memory = round(psutil.virtual_memory().total / 2**30)
    return (
        f"{os.cpu_count()} cores, {memory} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, PostgreSQL {version.split()[-1]}"
    )


def keep(new: Sequence[Figure]) -> list[Figure]:
    """Into the file, each test's figures in place of those it showed before; all that are kept now."""
    kept = merged([Figure(**row) for row in json.loads(KEPT.read_text())] if KEPT.exists() else [], new)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps([asdict(figure) for figure in kept], indent=1) + "\n")
    return kept


def merged(old: Iterable[Figure], new: Iterable[Figure]) -> list[Figure]:
    """By test: what it showed before is dropped, except that a short run leaves what only a full one shows, and the other way round. What
    tests showed that are there no more is dropped."""
    new = list(new)
    measured = {(figure.test, figure.full) for figure in new} | {(figure.test, figure.name) for figure in new}
    left = [figure for figure in old if not {(figure.test, figure.full), (figure.test, figure.name)} & measured and _is_there(figure.test)]
    return sorted(left + new, key=lambda figure: figure.test)


def _is_there(test: str) -> bool:
    file, _, function = test.partition("::")
    return (ROOT / file).exists() and f"def {function.partition('[')[0]}(" in (ROOT / file).read_text()


def table(figures: Iterable[Figure]) -> list[str]:
    """Lines of equal columns, for a terminal."""
    rows = [["figure", "min", "median", "max", "target", ""], *(figure.columns for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    first, *others = widths
    return ["  ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]).rstrip() for row in rows]
