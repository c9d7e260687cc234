"""Mails to a company's owners about a webhook that took nothing, or was switched off."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from reports.mails.content import Address, Content
from reports.mails.envelope import portal_name
from reports.models import Notice, Webhook
from reports.webhooks.reasons import why_disabled


def needs_people(notice: Notice, now: datetime) -> Content | None:
    """None once it works again, or is gone."""
    webhook = Webhook.objects.for_tenant(notice.tenant).filter(pk=notice.data["webhook"]).first()
    is_off = notice.data["what"] == "disabled"
    if webhook is None or (is_off and webhook.status != Webhook.Status.DISABLED):
        return None
    values = {"company": notice.tenant.name, "host": notice.data["host"]}
    title = _("A webhook of %(company)s was switched off") if is_off else _("A webhook of %(company)s did not take a message")
    if is_off:
        happened = str(why_disabled(notice.data["why"]))
        do = _("What waits for it is kept for 30 days. Put the receiver right, then resume the webhook: what waited is sent at once.")
    else:
        happened = _("One or more messages to it were tried for more than three days and given up. Others were taken.")
        do = _("Look into its log: each message can be sent again for 30 days after its event.")
    return Content(
        subject=title % values,
        owner=portal_name(),
        title=title % values,
        glance=_("%(host)s did not take what it was told.") % values,
        paragraphs=(_("The webhook at %(host)s:") % values + f" {happened}", do),
        button=Address(_("See webhooks"), f"{settings.PORTAL_BASE_URL}/t/{notice.tenant.slug}/settings/webhooks/"),
        foot=portal_name(),
    )
