"""The operator's own addresses, PORTAL_ALERT_WEBHOOK and PORTAL_HEARTBEAT_URL. They are secrets: in no row, no log and no error.

Not by reports/outbound: no company chose it, and a receiver in the operator's own network is as good as any.
"""

from __future__ import annotations

from typing import Any

import urllib3

# Chat services answer within one; whoever takes longer is asked again.
TIMEOUT = urllib3.Timeout(connect=5, read=10)
_pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False, headers={"User-Agent": "Fanfold"})


class NotTold(Exception):
    """Its text is for people, and holds no part of the URL."""


def post(url: str, body: dict[str, Any]) -> None:
    """One POST of `body` as JSON, in no transaction. No redirect is followed, no proxy used. Raises NotTold unless it answers 2xx."""
    _ask("POST", url, json=body)


def get(url: str) -> None:
    """One GET, as `post` does it."""
    _ask("GET", url)


def _ask(method: str, url: str, **content: Any) -> None:
    try:
        answer = _pool.request(method, url, redirect=False, preload_content=False, **content)
    except urllib3.exceptions.HTTPError as error:
        # Its own text has the URL.
        raise NotTold(type(error).__name__) from None
    answer.close()
    if not 200 <= answer.status < 300:
        raise NotTold(f"HTTP {answer.status}")
