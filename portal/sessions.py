"""Sessions in the database. They end twelve hours after they were last used and seven days after they began, whichever comes first."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone

KEY = re.compile(r"[a-z0-9]{32}")
UNUSED, LONGEST = timedelta(hours=12), timedelta(days=7)
BEGAN = "began"


class SessionStore(DatabaseStore):
    # Of the row as it was read. None: not read.
    ends_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[AbstractBaseSession]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """What Django counts from each save would never end while somebody has a page open."""
        data.setdefault(BEGAN, time.time())
        row = super().create_model_instance(data)
        row.expire_date = end_of(data, timezone.now())
        return row

    def cycle_key(self) -> None:
        """Signing in, and a new password: a new session, which begins now."""
        super().cycle_key()
        self[BEGAN] = time.time()

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        row: AbstractBaseSession | None = super()._get_session_from_db()  # type: ignore[misc]
        self.ends_at = row.expire_date if row else None
        return row

    def _validate_session_key(self, key: str) -> bool:
        """A cookie may hold any text, and a quoted one even NUL, which PostgreSQL refuses with an error. A key that is none of ours is no
        session, before the database is asked about it."""
        return bool(KEY.fullmatch(key or ""))


def end_of(data: dict[str, Any], now: datetime) -> datetime:
    return min(now + UNUSED, datetime.fromtimestamp(data[BEGAN], UTC) + LONGEST)
