"""What the people who run the platform have to know at once. Today that is a line of the log, at a level that log services watch."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


def alert(code: str, sentence: str) -> None:
    """`code` is stable, for rules that route alerts; `sentence` says what happened, where, and what to do."""
    logger.error("%s: %s", code, sentence)
