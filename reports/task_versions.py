"""Tasks of two releases on one queue, while one release follows the other: which of them this one knows.

What a task does is in its name, and what its arguments mean in a version beside it. Absent is 1, which every release before versions sent.
Whoever changes what arguments mean takes the next number, sends it as `version=`, and takes both until no release sends the older one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")
# What a task returns that it cannot read: `reports.tasks` puts it back, for a worker of the release that sent it.
NOT_KNOWN = "not known to this release"


def takes(*versions: int) -> Callable[[Callable[P, object]], Callable[P, object]]:
    """Of a task that carries data: which versions of its arguments it reads."""

    def decorate(task: Callable[P, object]) -> Callable[P, object]:
        @wraps(task)
        def run(*args: P.args, **kwargs: P.kwargs) -> object:
            version = kwargs.pop("version", 1)
            return task(*args, **kwargs) if version in versions else NOT_KNOWN

        return run

    return decorate
