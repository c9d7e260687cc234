"""What came of the calls of QuickSight, counted by account."""

from __future__ import annotations

from collections.abc import Callable

from reports import measures, tallies
from reports.aws.errors import AccessDenied, AccountRefused, AlreadyExists, AwsError, LimitReached, NotFound, NotYet, Throttled, Unanswered

OK, REJECTED = "ok", "rejected"
# A word for each kind; whatever else AWS refuses is `rejected`.
OUTCOMES: dict[type[AwsError], str] = {
    Throttled: "throttled",
    LimitReached: "limit_reached",
    NotYet: "not_yet",
    Unanswered: "no_answer",
    AccountRefused: "account_refused",
    AccessDenied: "access_denied",
    NotFound: "not_found",
    AlreadyExists: "already_exists",
}


def counting(account_id: int) -> Callable[[str, AwsError | None], None]:
    """For `QuickSight.heard`."""
    return lambda operation, refusal: tallies.count(measures.CALLS, account=account_id, operation=operation, outcome=outcome(refusal))


def outcome(refusal: AwsError | None) -> str:
    if refusal is None:
        return OK
    return next((word for kind, word in OUTCOMES.items() if isinstance(refusal, kind)), REJECTED)
