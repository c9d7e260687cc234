from __future__ import annotations

import base64
import secrets

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from portal.second_step_codes import accepted
from portal.second_step_secrets import secrets_of
from reports.destinations import secrets as destination_secrets
from reports.models import Destination, Webhook
from reports.webhooks import rotating
from reports.webhooks import secrets as webhook_secrets
from tenants.audit import Actor
from tenants.encryption import is_current
from tenants.scope import tenant_scope
from tests import factories
from tests.portal.sign_in.conftest import adams_codes, app_of, code, second_step

__all__ = ["adams_codes", "code"]
pytestmark = pytest.mark.django_db


def key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def all_current() -> bool:
    kept = [row.data.get("secret") or row.data["seed"] for row in Authenticator.objects.all()]
    return all(is_current(text) for text in kept)


def test_everything_is_brought_under_the_newest_key_and_still_opens(adam, adams_codes, alice, settings, code, capsys):
    second_step(alice)
    settings.PORTAL_ENCRYPTION_KEYS = [key()]

    call_command("reencrypt")
    first = capsys.readouterr().out
    settings.SECRET_KEY = "another" * 8
    call_command("reencrypt")

    assert "newest key: 4 row(s)" in first
    assert "newest key: 0 row(s)" in capsys.readouterr().out
    assert all_current()
    assert accepted(adam, code()) is not None
    assert accepted(alice, code()) is not None
    assert accepted(adam, adams_codes[0]) is not None


def test_it_touches_nothing_but_what_is_encrypted(adam, adams_codes, settings, code):
    accepted(adam, code())
    accepted(adam, adams_codes[4])
    settings.PORTAL_ENCRYPTION_KEYS = [key()]

    call_command("reencrypt")

    assert accepted(adam, code()) is None, "a code that was used stays used"
    assert accepted(adam, adams_codes[4]) is None


def test_a_row_that_no_key_reads_is_named_and_holds_up_no_other(adam, adams_codes, alice, settings):
    second_step(alice)
    broken = app_of(adam)
    Authenticator.objects.filter(pk=broken.pk).update(data={"secret": "00000000.AAAA"})
    settings.PORTAL_ENCRYPTION_KEYS = [key()]

    with pytest.raises(CommandError, match=rf"reads 1 row\(s\) of mfa_authenticator: {broken.pk}\."):
        call_command("reencrypt")

    with secrets_of(alice.pk):
        assert app_of(alice).wrap().validate_code("000000") is False
    assert is_current(app_of(alice).data["secret"])


def test_both_secrets_of_a_webhook_are_brought_along(acme, settings, now):
    webhook = factories.make_webhook(tenant=acme)
    with tenant_scope(acme):
        old = webhook_secrets.read(webhook)
        new = rotating.rotate_secret(webhook, Actor("olga@acme.example"), now=now).secret
    settings.PORTAL_ENCRYPTION_KEYS = [key()]

    call_command("reencrypt")
    settings.SECRET_KEY = "another" * 8

    with tenant_scope(acme):
        renewed = Webhook.objects.get()
    assert webhook_secrets.signing(renewed, now) == (new, old)


def test_a_webhook_that_no_key_reads_is_named_and_holds_up_no_other(acme, settings):
    broken, whole = factories.make_webhook(tenant=acme), factories.make_webhook(tenant=acme)
    with tenant_scope(acme):
        Webhook.objects.filter(pk=broken.pk).update(sealed_secret="00000000.AAAA")
    settings.PORTAL_ENCRYPTION_KEYS = [key()]

    with pytest.raises(CommandError, match=rf"webhooks {broken.pk}\."):
        call_command("reencrypt")

    with tenant_scope(acme):
        assert is_current(Webhook.objects.get(pk=whole.pk).sealed_secret)


def test_a_destinations_secret_is_brought_along_and_one_that_no_key_reads_is_named(acme, settings):
    whole, broken = factories.make_destination(tenant=acme, secret="sesame"), factories.make_destination(tenant=acme, name="Broken")
    with tenant_scope(acme):
        Destination.objects.filter(pk=broken.pk).update(sealed_secret="00000000.AAAA")
    settings.PORTAL_ENCRYPTION_KEYS = [key()]

    with pytest.raises(CommandError, match=rf"destinations {broken.pk}\."):
        call_command("reencrypt")

    with tenant_scope(acme):
        renewed = Destination.objects.get(pk=whole.pk)
    assert is_current(renewed.sealed_secret)
    assert destination_secrets.read(renewed) == "sesame"
