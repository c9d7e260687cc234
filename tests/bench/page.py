"""docs/benchmarks.md: its text is written by hand, the part between two marks by `make bench`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from itertools import groupby

from tests.bench import charts
from tests.bench.figures import CHARTS, ROOT, Figure

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- From here to the next mark `make bench` writes. -->\n", "<!-- Written until here. -->\n"
MAKESPAN = "makespan / list schedule"


def write(figures: Sequence[Figure]) -> None:
    draw_makespans(figures)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + measured(figures) + END + after, encoding="utf-8")


def measured(figures: Iterable[Figure]) -> str:
    """A table for each file that measures and each machine that it ran on."""
    parts = []
    for (file, machine), group in groupby(figures, key=lambda figure: (figure.test.partition("::")[0], figure.machine)):
        title = (ast.get_docstring(ast.parse((ROOT / file).read_text())) or file).partition("\n")[0]
        head = ["| figure | min | median | max | target | | runs | on |", "|---|---:|---:|---:|---:|---|---:|---|"]
        parts.append("\n".join([f"### `{file}`", f"{title} {machine}.", "", *head, *map(_row, group), ""]))
    return "\n" + "\n".join(parts) + "\n"


def draw_makespans(figures: Iterable[Figure]) -> None:
    bars = [_bar(figure) for figure in figures if figure.name.endswith(MAKESPAN)]
    if bars:
        drawing = charts.draw("How long all jobs took together: times the list schedule, which loses no moment", bars, line=1.0)
        (CHARTS / "makespan.svg").write_text(drawing, encoding="utf-8")


def _bar(figure: Figure) -> charts.Bar:
    name = figure.name.removesuffix(MAKESPAN).rstrip(" :")
    return charts.Bar(name, figure.middle, figure.least, figure.most, is_thought="computed" in name)


def _row(figure: Figure) -> str:
    *columns, verdict = figure.columns
    return "| " + " | ".join([*columns, f"**{verdict}**" if figure.is_missed else verdict, str(figure.runs), figure.day]) + " |"
