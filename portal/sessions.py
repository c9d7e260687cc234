"""Sessions in the database. A key that is none of ours is no session, before the database is asked about it."""

from __future__ import annotations

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session

KEY = re.compile(r"[a-z0-9]{32}")


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[AbstractBaseSession]:
        return Session

    def _validate_session_key(self, key: str) -> bool:
        """A cookie may hold any text, and a quoted one even NUL, which PostgreSQL refuses with an error."""
        return bool(KEY.fullmatch(key or ""))
