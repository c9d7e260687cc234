from __future__ import annotations

from tests.bench import older_design


def test_a_place_that_is_free_is_filled_at_the_next_minute():
    # Two at once: 10 and 70 begin; the third begins at 60, the fourth, for which the second made room, at 120.
    assert older_design.makespan([10, 70, 5, 5], at_once=1) == 240 + 5
    assert older_design.makespan([10, 70, 70, 5], at_once=2) == 130


def test_jobs_that_all_fit_take_as_long_as_the_longest():
    assert older_design.makespan([3, 50, 20]) == 50
