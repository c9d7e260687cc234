"""Mails to a company's owners about a destination that takes nothing, or may not be who it was."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from reports.delivery.failures import cause_of
from reports.mails.content import Address, Content
from reports.mails.envelope import portal_name
from reports.models import Destination, Notice


def needs_people(notice: Notice, now: datetime) -> Content | None:
    """None once it works again, or is gone."""
    destination = Destination.objects.for_tenant(notice.tenant).filter(pk=notice.data["destination"]).first()
    if destination is None or destination.status not in (Destination.Status.FAILING, Destination.Status.STOPPED):
        return None
    is_stopped = notice.data["what"] == "stopped"
    values = {"company": notice.tenant.name, "name": destination.name}
    title = _("Nothing is sent to %(name)s any more") if is_stopped else _("Files did not reach %(name)s")
    cause = cause_of(destination.failure_code)
    if is_stopped:
        do = _("Put it right, then press Test: what waits is sent at once. What waited for three days is given up.")
    else:
        do = _("They were tried for three days and given up. Put it right, press Test, then send them again from their run.")
    return Content(
        subject=title % values,
        owner=portal_name(),
        title=title % values,
        glance=str(cause.message),
        paragraphs=(_("%(name)s is a destination of %(company)s.") % values + f" {cause.message} {cause.advice}".rstrip(), do),
        button=Address(_("See destinations"), f"{settings.PORTAL_BASE_URL}/t/{notice.tenant.slug}/settings/destinations/{destination.pk}/"),
        foot=portal_name(),
    )
