"""Forms of the webhooks' pages. They only read what was typed; reports/webhooks/ and reports/outbound/ decide what is right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import boxes
from portal.recipient_forms import INPUT, SELECT, PlainForm
from reports.models import Event, Webhook
from reports.outbound.posting import MOST_URL, CheckedUrl, check_url
from reports.refused import Refused
from reports.webhooks.making import MOST_DESCRIPTION, OFFERED, Wanted
from reports.webhooks.parking import EVENTS_KEPT

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
SINCE = [
    (HOUR, _("1 hour ago")),
    (DAY, _("1 day ago")),
    (3 * DAY, _("3 days ago")),
    (WEEK, _("1 week ago")),
    (EVENTS_KEPT, _("30 days ago")),
]


class WebhookForm(PlainForm):
    url = forms.CharField(
        label=_("Address"),
        max_length=MOST_URL,
        widget=forms.URLInput(INPUT | {"autocomplete": "off", "placeholder": "https://hooks.example.com/reports"}),
        help_text=_("Of your program. It begins with https:// and can be reached from outside."),
    )
    description = forms.CharField(
        label=_("What it is for"), max_length=MOST_DESCRIPTION, required=False, widget=forms.TextInput(INPUT | {"autocomplete": "off"})
    )

    def __init__(self, data: Any = None, webhook: Webhook | None = None) -> None:
        """`webhook`: the one that is changed; None: it is a new one."""
        first = {"url": webhook.url, "description": webhook.description, "events": webhook.events} if webhook else {}
        super().__init__(data, initial=first)
        self.webhook = webhook
        self.checked: CheckedUrl | None = None
        self.fields["events"] = boxes(_("It is told when"), _events())

    def look_up(self) -> None:
        """The address, where it is another one. Outside any scope: it asks the domain name system."""
        if not self.is_valid():
            return
        url = self.cleaned_data["url"]
        if self.webhook and self.webhook.url == url:
            self.checked = CheckedUrl(url)
            return
        try:
            self.checked = check_url(url)
        except Refused as refused:
            self.refuse(refused)

    def wanted(self) -> Wanted:
        """After look_up. Everything is everything, whatever else was ticked."""
        assert self.checked is not None
        events = self.cleaned_data["events"]
        return Wanted(self.checked, [Webhook.EVERYTHING] if Webhook.EVERYTHING in events else events, self.cleaned_data["description"])


def _events() -> list[tuple[str, Any]]:
    return [(Webhook.EVERYTHING, _("Anything happens, also what we add later")), *((name, Event.Type(name).label) for name in OFFERED)]


class ReplaceForm(forms.Form):
    """`hint`: of the secret that the page was drawn for. Sent twice, the second would replace what the first one showed."""

    hint = forms.CharField(max_length=8)


class ReplayForm(PlainForm):
    since = forms.TypedChoiceField(
        label=_("Send again what happened since"),
        choices=[(int(ago.total_seconds()), words) for ago, words in SINCE],
        initial=int(DAY.total_seconds()),
        coerce=lambda seconds: timedelta(seconds=int(seconds)),
        widget=forms.Select(SELECT),
    )

    def begin(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self.cleaned_data["since"].total_seconds())
