"""What is counted in the cache: sign-ins, wake-ups, presses of links' buttons. What a test counts there, no later one finds."""

from __future__ import annotations

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_transactional_test_begins_with_an_empty_cache(time):
    left_behind = cache.get("kept")

    cache.set("kept", time)

    assert left_behind is None


def test_hundreds_of_strangers_make_nobodys_count_forgotten():
    cache.set("first", 30)

    for number in range(400):
        cache.set(f"stranger-{number}", 1)

    assert cache.get("first") == 30
