"""The shared cache, as JSON: who can write into it must not run code in the portal, which reading pickles would let them.

`count` and `take` are what Django's caches lack: they count and tell the count in one step, so that of a hundred at once each is told
another number.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from django.db import OperationalError, connection

# A bucket is one moment: when it will be full again if nobody takes from it. Each take moves that by one step; one that would move it
# further ahead than the bucket has room for is refused and moves nothing (GCRA). Redis runs a script alone, by its own clock.
BUCKET = """
local time = redis.call('TIME')
local now, step, room = time[1] + time[2] / 1000000, tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
if full + step - now > room then return {0, string.format('%.6f', full - now)} end
redis.call('SET', KEYS[1], string.format('%.6f', full + step), 'PX', math.ceil((full + step - now) * 1000))
return {1, string.format('%.6f', full + step - now)}
"""
# Of so many writes one also removes what has expired. What has not is never removed: a stranger who makes many keys must not have counts
# forgotten before their time.
SWEEP_ONE_OF = 100

# Seconds that are NULL are for ever. The last value of PUT: whether it is put over what is there.
TOUCH = (
    "update portal_cache set expires = coalesce(clock_timestamp() + make_interval(secs => %s::double precision), 'infinity') "
    "where cache_key = %s and expires > clock_timestamp() returning 1"
)
PUT = (
    "insert into portal_cache as kept (cache_key, value, expires) "
    "values (%s, %s, coalesce(clock_timestamp() + make_interval(secs => %s::double precision), 'infinity')) "
    "on conflict (cache_key) do update set value = excluded.value, expires = excluded.expires "
    "where %s or kept.expires <= clock_timestamp() returning 1"
)


class CacheAway(OperationalError):
    """The cache does not answer: pages that need it say 503, as without a database."""


class TableCache(DatabaseCache):
    """The table `portal_cache`. Each operation is one statement, by the database's clock, so that nobody comes in between."""

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {self.make_and_validate_key(key, version=version): key for key in keys}
        rows = self._run(
            "select cache_key, value from portal_cache where cache_key = any(%s) and expires > clock_timestamp()", [list(names)]
        )
        return {names[name]: json.loads(value) for name, value in rows}

    def has_key(self, key: str, version: int | None = None) -> bool:
        return key in self.get_many([key], version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError for a key that is not there."""
        rows = self._run(
            "update portal_cache set value = (value::bigint + %s)::text "
            "where cache_key = %s and expires > clock_timestamp() returning value",
            [delta, self.make_and_validate_key(key, version=version)],
        )
        if not rows:
            raise ValueError(f"Key {key!r} not found")
        return int(rows[0][0])

    def count(self, key: str, seconds: int) -> int:
        """How often it was counted in the last so many seconds since the first time, this one included."""
        rows = self._run(
            "insert into portal_cache as kept (cache_key, value, expires) values (%s, '1', clock_timestamp() + make_interval(secs => %s)) "
            "on conflict (cache_key) do update set "
            "value = case when kept.expires > clock_timestamp() then (kept.value::bigint + 1)::text else '1' end, "
            "expires = case when kept.expires > clock_timestamp() then kept.expires else excluded.expires end returning value",
            [self.make_and_validate_key(key), seconds],
        )
        self._sweep()
        return int(rows[0][0])

    def take(self, key: str, step: float, room: float) -> tuple[bool, float]:
        """One out of a bucket that gets one back each `step` seconds and is filled by `room` seconds of them.

        Whether there was one, and in how many seconds the bucket is full.
        """
        rows = self._run(
            "insert into portal_cache as kept (cache_key, value, expires) values (%s, '1', clock_timestamp() + make_interval(secs => %s)) "
            "on conflict (cache_key) do update set (value, expires) = ("
            " select case when fits then '1' else '0' end, case when fits then later else kept.expires end from ("
            "  select later, later <= excluded.expires + make_interval(secs => %s) as fits from ("
            "   select greatest(kept.expires + make_interval(secs => %s), excluded.expires) as later) moved) judged"
            ") returning value, extract(epoch from expires - clock_timestamp())",
            [self.make_and_validate_key(key), step, room - step, step],
        )
        self._sweep()
        return rows[0][0] == "1", max(float(rows[0][1]), 0)

    def _base_set(self, mode: str, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT) -> bool:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        if mode == "touch":
            return bool(self._run(TOUCH, [seconds, key]))
        done = bool(self._run(PUT, [key, json.dumps(value), seconds, mode == "set"]))
        self._sweep()
        return done

    def _sweep(self) -> None:
        if secrets.randbelow(SWEEP_ONE_OF) == 0:
            # Whoever holds one of them at this moment is about to renew it.
            self._run(
                "delete from portal_cache where cache_key in "
                "(select cache_key from portal_cache where expires <= clock_timestamp() limit 10000 for update skip locked) returning 1",
                [],
            )

    def _run(self, statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()


class JsonSerializer:
    """For Redis. A number is stored as its digits, which Redis can count on."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class CountingRedis(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"serializer": JsonSerializer, "socket_timeout": 5, "socket_connect_timeout": 2}
        super().__init__(server, params | {"OPTIONS": options | params.get("OPTIONS", {})})

    def count(self, key: str, seconds: int) -> int:
        """As TableCache.count. Raises CacheAway."""
        name = self.make_and_validate_key(key)
        with _away_as_503(), self._cache.get_client(name, write=True).pipeline(transaction=True) as steps:
            # Set only where it is not: what is counted later has the end of the first.
            steps.set(name, 0, ex=seconds, nx=True)
            steps.incr(name)
            return int(steps.execute()[-1])

    def take(self, key: str, step: float, room: float) -> tuple[bool, float]:
        """As TableCache.take. Raises CacheAway."""
        name = self.make_and_validate_key(key)
        with _away_as_503():
            answer: Any = self._cache.get_client(name, write=True).eval(BUCKET, 1, name, step, room)
        return bool(answer[0]), float(answer[1])

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        with _away_as_503():
            return int(super().incr(key, delta, version))


@contextmanager
def _away_as_503() -> Iterator[None]:
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise CacheAway(f"The cache does not answer: {type(error).__name__}.") from error
