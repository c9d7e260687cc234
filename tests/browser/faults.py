"""What a page needs to go wrong around it, done for real to the stack's own database and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.cache import cache

from portal import limits, sign_in_limits
from portal.local.visitor import opener
from tests.browser.stack import Stack
from tests.reports.engine.worker import wait_for


@contextmanager
def a_table_is_gone(stack: Stack) -> Iterator[None]:
    """As after a release whose migrations were forgotten: a surprise."""
    stack.owner.execute("alter table tenants_membership rename to elsewhere")
    try:
        yield
    finally:
        stack.owner.execute("alter table elsewhere rename to tenants_membership")


@contextmanager
def the_database_does_not_answer(stack: Stack) -> Iterator[None]:
    """The sessions are locked away: whoever asks for theirs waits until the database says no."""
    with stack.owner.transaction():
        stack.owner.execute("lock table django_session in access exclusive mode")
        yield


@contextmanager
def all_of_the_service_is_known(stack: Stack) -> Iterator[None]:
    """Web and worker have each looked, and what a process kept from before is read anew: within two minutes of their start."""
    wait_for(lambda: "Not known" not in _text(f"{stack.address}/status/"), 150, "every part of the service was looked at")
    yield


def _text(url: str) -> str:
    with opener().open(url, timeout=30) as answer:
        return str(answer.read().decode())


@contextmanager
def everybody_signs_in_at_once(stack: Stack) -> Iterator[None]:
    """From the visitor's address, as often as is allowed within five minutes."""
    stack.rows(_use_up_sign_ins)
    yield
    stack.rows(cache.clear)


def _use_up_sign_ins() -> None:
    with suppress(limits.TooMany):
        while True:
            limits.use(sign_in_limits.ADDRESS, "127.0.0.1")
