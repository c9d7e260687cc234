from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.bench import charts, page
from tests.bench.figures import Figure, merged, table

LINKS = "tests/bench/links.py::test_a_click"
MANY = "tests/bench/schedules.py::test_looking_for_work_among_a_million"
A_CLICK = Figure(LINKS, "a click", 0.01, 0.02, 0.04, 3, 0.03, "s", "2026-03-02", "2 cores")


def test_the_middle_of_the_runs_decides_except_where_nothing_at_all_is_allowed():
    assert not A_CLICK.is_missed
    assert replace(A_CLICK, middle=0.035).is_missed
    assert replace(A_CLICK, middle=0, most=1, target=0).is_missed
    assert not replace(A_CLICK, target=None).is_missed


def test_a_part_of_the_benchmark_replaces_its_own_figures_only():
    soon = replace(A_CLICK, test=MANY, name="due soon")
    slower = replace(A_CLICK, middle=0.03, day="2026-03-09")

    assert merged([A_CLICK, replace(A_CLICK, name="a visit"), soon], [slower]) == [slower, soon]


def test_a_short_run_leaves_what_only_a_full_one_shows():
    many, few = replace(A_CLICK, name="90 kills", full=True), replace(A_CLICK, name="15 kills")

    assert merged([A_CLICK, many], [few]) == [many, few]
    assert merged([A_CLICK], [replace(A_CLICK, full=True)]) == [replace(A_CLICK, full=True)]


def test_figures_of_tests_that_are_gone_are_dropped():
    assert merged([replace(A_CLICK, test="tests/bench/links.py::test_that_was_removed")], []) == []


def test_the_table_shows_what_was_missed():
    _, met, missed = table([A_CLICK, replace(A_CLICK, name="a visit", middle=0.04)])

    assert met.split() == ["a", "click", "0.010", "s", "0.020", "s", "0.040", "s", "≤", "0.030", "s", "met"]
    assert missed.endswith("MISSED")


def test_the_page_has_a_table_for_each_file_and_says_when_and_where_each_was_measured():
    written = page.measured([A_CLICK, replace(A_CLICK, test=MANY, middle=0.04)])

    assert "### `tests/bench/links.py`" in written
    assert "| a click | 0.010 s | 0.020 s | 0.040 s | ≤ 0.030 s | met | 3 | 2026-03-02 |" in written
    assert "**MISSED**" in written
    assert written.count("2 cores.") == 2


def test_a_bar_is_as_long_as_its_value():
    drawing = charts.draw("Waits", [charts.Bar("a < b", 2, 1, 3), charts.Bar("thought", 4, 4, 4, is_thought=True)], line=1)

    widths = [float(found) for found in re.findall(r'<rect x="[^"]+" y="[^"]+" width="([\d.]+)"', drawing)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)
    assert "a &lt; b" in drawing
