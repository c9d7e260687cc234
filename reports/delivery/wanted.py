"""Who is still to get what was planned for them: they leave audiences and groups while their mails wait, and after these were sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from reports.models import AudienceGroup, AudienceRecipient, Delivery

# Recipient, audience, its schedule and its session tags.
Place = tuple[Any, Any, Any, dict[str, str]]


def still_wanted(deliveries: Sequence[Delivery]) -> set[uuid.UUID]:
    """Those of `deliveries`, of one tenant and none of them a copy, whose recipient would get them today. In the tenant's scope.

    In the audience it was made for, or in another one of the schedule that gets the same rows; directly or by a group. Of a single job it
    was asked for by name: as long as they are in the address book. At most two statements, however many.
    """
    kept = {delivery.pk for delivery in deliveries if delivery.recipient_id and delivery.occurrence is None}
    planned = [delivery for delivery in deliveries if delivery.recipient_id and delivery.occurrence]
    for find in (_by_name, _by_group):
        left = [delivery for delivery in planned if delivery.pk not in kept]
        places = find(left) if left else []
        kept |= {delivery.pk for delivery in left if any(_fits(delivery, place) for place in places)}
    return kept


def _fits(delivery: Delivery, place: Place) -> bool:
    recipient, audience, schedule, tags = place
    if delivery.occurrence is None or (recipient, schedule) != (delivery.recipient_id, delivery.occurrence.schedule_id):
        return False
    return audience == delivery.audience_id or tags == delivery.job.narrowing_tags


# Asked from the person's side: from the audience's one, everybody of it would be read.
def _by_name(deliveries: Sequence[Delivery]) -> list[Place]:
    who = {delivery.recipient_id for delivery in deliveries}
    found = AudienceRecipient.objects.filter(tenant=deliveries[0].tenant_id, recipient__in=who)
    return list(found.values_list("recipient", "audience", "audience__schedule", "audience__session_tags"))


def _by_group(deliveries: Sequence[Delivery]) -> list[Place]:
    who = {delivery.recipient_id for delivery in deliveries}
    found = AudienceGroup.objects.filter(tenant=deliveries[0].tenant_id, group__members__recipient__in=who)
    return list(found.values_list("group__members__recipient", "audience", "audience__schedule", "audience__session_tags"))
