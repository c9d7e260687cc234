"""Where every delivery of a run stands, counted: "37 of 40 delivered, 2 retrying, 1 failed"."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.models import Delivery, Link, Occurrence
from tenants.models import Tenant

Status = Delivery.Status


@dataclass(frozen=True)
class Ledger:
    """`wanted` are those that are to be delivered; who stopped the mails, and whom nothing may be sent to, is not among them."""

    sent: int = 0
    waiting: int = 0
    retrying: int = 0
    failed: int = 0
    not_sent: int = 0
    downloaded: int = 0

    @property
    def wanted(self) -> int:
        return self.sent + self.waiting + self.retrying + self.failed

    @property
    def sentence(self) -> str:
        """Empty where nobody was to get anything."""
        if not self.wanted:
            return (
                ngettext("%(n)d person was left out", "%(n)d people were left out", self.not_sent) % {"n": self.not_sent}
                if self.not_sent
                else ""
            )
        parts = [_("%(sent)d of %(wanted)d delivered") % {"sent": self.sent, "wanted": self.wanted}]
        if self.waiting:
            parts.append(_("%(n)d waiting") % {"n": self.waiting})
        if self.retrying:
            parts.append(_("%(n)d retrying") % {"n": self.retrying})
        if self.failed:
            parts.append(_("%(n)d failed") % {"n": self.failed})
        return ", ".join(parts)

    @property
    def bar(self) -> list[tuple[str, float, float]]:
        """Pieces of a bar of 100: class of the colour, where it begins, how wide it is."""
        pieces, begin = [], 0.0
        for tone, number in (("ok", self.sent), ("warn", self.retrying), ("bad", self.failed)):
            width = round(100 * number / self.wanted, 2) if self.wanted else 0
            if width:
                pieces.append((tone, round(begin, 2), width))
            begin += width
        return pieces


def ledgers(tenant: Tenant, runs: Iterable[Occurrence]) -> dict[uuid.UUID, Ledger]:
    """By run, in one question. In the tenant's scope; without a run that has no deliveries."""
    deliveries = Delivery.objects.for_tenant(tenant).filter(occurrence__in=[run.pk for run in runs])
    used = Exists(Link.objects.filter(tenant=OuterRef("tenant"), delivery=OuterRef("pk"), uses__gt=0))
    open_, tried = Q(status__in=Delivery.OPEN), Q(tries__gt=0)
    counts = {
        "sent": Q(status=Status.SENT),
        "waiting": open_ & ~tried,
        "retrying": open_ & tried,
        "failed": Q(status__in=(Status.FAILED, Status.BOUNCED)),
        "not_sent": Q(status=Status.SUPPRESSED),
        "downloaded": Q(used=True),
    }
    counted = deliveries.annotate(used=used).values("occurrence")
    rows = counted.annotate(**{f"n_{name}": Count("pk", filter=which) for name, which in counts.items()})
    return {run: Ledger(*numbers) for run, *numbers in rows.values_list("occurrence", *(f"n_{name}" for name in counts))}
