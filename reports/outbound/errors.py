"""How a call can end without an answer. `code` is stable, the text is for people and holds no part of the URL but its host."""

from __future__ import annotations

from typing import ClassVar


class NotCalled(Exception):
    code: ClassVar[str]


class AddressRefused(NotCalled):
    """Nobody was called: the rules forbid it. Trying again helps only where the name leads elsewhere by then."""

    code = "address_refused"


class CannotResolve(NotCalled):
    code = "no_such_host"


class CannotConnect(NotCalled):
    code = "unreachable"


class NotEncrypted(NotCalled):
    """No TLS, or a certificate that is not valid for the name."""

    code = "bad_certificate"


class TimedOut(NotCalled):
    """What was sent may have been read."""

    code = "no_answer"


class Dropped(NotCalled):
    """The connection broke, or what came back is no HTTP. What was sent may have been read."""

    code = "dropped"
