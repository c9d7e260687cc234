"""What a test counts in the cache, no later one finds: sign-ins, wake-ups."""

from __future__ import annotations

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_transactional_test_begins_with_an_empty_cache(time):
    left_behind = cache.get("kept")

    cache.set("kept", time)

    assert left_behind is None
