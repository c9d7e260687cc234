"""What is counted in the cache: sign-ins, wake-ups, presses of links' buttons. What a test counts there, no later one finds."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache, caches
from django.db import connection

from tests.redis_server import needs_redis, redis_server

__all__ = ["redis_server"]
pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE, EACH = 8, 25


@pytest.fixture(params=["table", pytest.param("redis", marks=needs_redis)])
def shared(request, settings):
    """Each of the two kinds of cache in turn."""
    if request.param == "redis":
        server = request.getfixturevalue("redis_server")
        settings.CACHES = {"default": {"BACKEND": "portal.cache.CountingRedis", "LOCATION": server.environment["CACHE_URL"]}}
    return caches["default"]


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


@pytest.mark.parametrize("value", [0, 7, True, None, "words", "42", ["a", {"b": [1.5]}]])
def test_what_is_kept_comes_back_as_it_was(shared, value):
    shared.set("key", value, timeout=60)

    found = shared.get("key", "nothing")

    assert (found, type(found)) == (value, type(value))


def test_of_those_who_add_the_same_key_at_once_one_does(shared):
    def add(number):
        try:
            return shared.add("key", number, timeout=60)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        added = list(crowd.map(add, range(AT_ONCE)))

    assert sorted(added) == [False] * (AT_ONCE - 1) + [True]


def test_each_of_those_who_count_at_once_is_told_another_number(shared):
    def count(_):
        try:
            return [shared.count("tries", 60) for _ in range(EACH)]
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        told = [number for numbers in crowd.map(count, range(AT_ONCE)) for number in numbers]

    assert sorted(told) == list(range(1, AT_ONCE * EACH + 1))


def test_a_count_that_is_over_begins_again_and_one_that_lasts_keeps_its_end(shared):
    shared.count("tries", 60)
    shared.set("over", 30, timeout=0)

    assert shared.count("tries", 1) == 2
    assert shared.count("over", 60) == 1


def test_what_has_expired_is_gone_and_can_be_added_again(shared):
    shared.set("key", 1, timeout=0)

    assert shared.get("key") is None
    assert "key" not in shared
    assert shared.touch("key", 60) is False
    assert shared.add("key", 2, timeout=60) is True
    assert shared.incr("key") == 3
    with pytest.raises(ValueError, match="not found"):
        shared.incr("another")


def test_a_key_lasts_as_long_as_it_was_last_touched_for_and_can_last_for_ever(shared):
    shared.set("key", 1, timeout=60)
    shared.set("ever", 2, timeout=None)

    touched = shared.touch("key", None), shared.touch("ever", 0)

    assert touched == (True, True)
    assert shared.get_many(["key", "ever"]) == {"key": 1}
    assert shared.delete("key") is True
    assert shared.delete("key") is False


class RunsCode:
    def __reduce__(self):
        return print, ("this ran",)


def test_what_somebody_wrote_into_the_table_runs_no_code(capsys):
    cache.set("key", 1)
    with connection.cursor() as cursor:
        cursor.execute("update portal_cache set value = %s", [pickle.dumps(RunsCode()).hex()])

    with pytest.raises(ValueError, match=r"Extra data|Expecting value"):
        cache.get("key")

    assert capsys.readouterr().out == ""


def test_a_bucket_gives_what_it_holds_and_then_one_for_each_step(shared):
    taken = [shared.take("bucket", step=60, room=180) for _ in range(4)]

    assert [through for through, _ in taken] == [True, True, True, False]
    assert [round(full_in, -1) for _, full_in in taken] == [60, 120, 180, 180]


def test_a_bucket_fills_with_time(shared):
    assert shared.take("bucket", step=0.05, room=0.05)[0]
    assert not shared.take("bucket", step=60, room=60)[0]
    time.sleep(0.06)

    assert shared.take("bucket", step=0.05, room=0.05)[0]


def test_of_those_who_take_at_once_none_gets_what_another_got(shared):
    def take(number):
        try:
            return [shared.take("bucket", step=60, room=60 * 100)[0] for _ in range(EACH)]
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        through = [answer for answers in pool.map(take, range(AT_ONCE)) for answer in answers]

    assert (len(through), sum(through)) == (AT_ONCE * EACH, 100)
