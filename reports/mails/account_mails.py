"""Mails about a person's own account: a way to a new password, and what happened to it."""

from __future__ import annotations

import uuid
from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.mails import envelope
from reports.mails.alarm_mails import Stamp
from reports.mails.content import Address, Content
from tenants.models import User

# What happened: title, and what it means.
HAPPENED: dict[str, tuple[Promise, Promise]] = {
    "password_changed": (gettext_lazy("Your password was changed"), gettext_lazy("You are signed out in all other places.")),
    "password_reset": (
        gettext_lazy("Your password was set anew"),
        gettext_lazy("You are signed out everywhere. Sign in with the new one."),
    ),
    "totp_activated": (
        gettext_lazy("Your second step was set up"),
        gettext_lazy("From now on you are asked for a code of your authenticator app when you sign in."),
    ),
    "totp_deactivated": (gettext_lazy("Your second step was removed"), gettext_lazy("Your password alone opens your account now.")),
    "recovery_codes_generated": (gettext_lazy("New recovery codes were made"), gettext_lazy("The older ones do not work any more.")),
}
KINDS = frozenset(HAPPENED)


def letter(kind: str, person: User, now: datetime) -> tuple[uuid.UUID, EmailMessage]:
    """With the id that the mail has."""
    content = _reset(person) if kind == "reset" else _happened(kind, person)
    stamp = Stamp(uuid.uuid4(), person.email)
    return stamp.pk, envelope.message(stamp, content, now, sender=envelope.portal_name(), headers={})


def _reset(person: User) -> Content:
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    title = _("Choose a new password")
    return Content(
        subject=title,
        owner=envelope.portal_name(),
        title=title,
        glance=_("The address in this mail works for one hour."),
        paragraphs=(_("Somebody asked for a new password for your account, perhaps you."),),
        button=Address(title, f"{settings.PORTAL_BASE_URL}/accounts/password/reset/key/{key}/"),
        notes=(
            _("The address works for one hour, and once. A second step stays as it is: you are asked for it when you sign in."),
            _("It was not you? Do nothing, and your password stays as it is."),
        ),
        foot=envelope.portal_name(),
    )


def _happened(kind: str, person: User) -> Content:
    title, meaning = map(str, HAPPENED[kind])
    return Content(
        subject=title,
        owner=envelope.portal_name(),
        title=title,
        glance=meaning,
        paragraphs=(meaning, _("It was not you? Choose a new password at once, and tell the people who run the portal.")),
        button=Address(_("Open your account"), f"{settings.PORTAL_BASE_URL}/accounts/"),
        foot=envelope.portal_name(),
    )
