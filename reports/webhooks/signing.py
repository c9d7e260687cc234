"""The headers of a message, as Standard Webhooks has them. The signature is over the very bytes that are sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer


def headers(event_id: uuid.UUID, body: str, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """`at` is of this try; with two secrets, while one is replaced, there are two signatures."""
    at = at.astimezone(UTC)
    signatures = [Signer(secret).sign(str(event_id), at, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
