"""Why a webhook's message was not taken, and why a webhook is off, in words for people."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

# Of an answer.
REDIRECTED, GONE, NOT_2XX = "redirected", "gone", "not_2xx"
# Of ours.
INTERNAL = "internal"
# Why it is disabled: GONE, and this.
FAILING = "failing"


@dataclass(frozen=True)
class Cause:
    """`message` is a whole sentence; `advice` what the company can do, or empty."""

    message: Text
    advice: Text = ""


# By WebhookTry.error; the first six are the codes of reports/outbound/errors.py.
CAUSES: dict[str, Cause] = {
    "address_refused": Cause(
        _("The address may not be called: it is not public, or not https on port 443."), _("Give an address that is reached from outside.")
    ),
    "no_such_host": Cause(_("The host of the address is not found."), _("Check the address and its entry in the domain name system.")),
    "unreachable": Cause(_("Nobody listens at the address."), _("Check that the receiver runs and that its firewall lets us in.")),
    "bad_certificate": Cause(_("The receiver has no valid certificate."), _("Give it one for its name that has not ended.")),
    "no_answer": Cause(_("The receiver did not answer in time."), _("Have it answer first and work afterwards.")),
    "dropped": Cause(_("The connection broke before there was an answer.")),
    REDIRECTED: Cause(_("The receiver sent us on to another address."), _("Give the address that it sent us to: we follow nobody.")),
    GONE: Cause(_("The receiver answered 410: it is gone for good."), _("Change the address, then resume the webhook.")),
    NOT_2XX: Cause(_("The receiver did not take it: it answered with another status than 2xx."), _("Look into the receiver’s own log.")),
    INTERNAL: Cause(_("Something went wrong in the portal."), _("It is tried again by itself.")),
}
# By Webhook.disabled_reason.
DISABLED: dict[str, Text] = {
    GONE: _("Switched off because the receiver answered 410: it is gone for good."),
    FAILING: _("Switched off because it took nothing for more than three days."),
}
UNKNOWN = Cause(_("It could not be sent."))


def cause_of(code: str) -> Cause:
    """A cause that this release does not know was written by a newer one: said without detail rather than not at all."""
    return CAUSES.get(code, UNKNOWN)


def why_disabled(code: str) -> Text:
    """Empty while it is not."""
    return DISABLED.get(code, _("Switched off by the portal.")) if code else ""
