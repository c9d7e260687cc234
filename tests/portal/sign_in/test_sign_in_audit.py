"""What signing in leaves behind, where, and what never."""

from __future__ import annotations

import pytest
from django.test import Client

from portal import sign_in_audit
from tenants.models import AuditEvent
from tenants.scope import staff_scope, tenant_scope
from tests import recently
from tests.factories import PASSWORD, make_member
from tests.portal.sign_in.conftest import CODE, sign_in

pytestmark = pytest.mark.django_db
SOMEBODY = sign_in_audit.SOMEBODY


@pytest.fixture
def trail(acme, ines):
    """Actor and action of each row, oldest first: acme's, and those of no company."""

    def read() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        with tenant_scope(acme):
            of_acme = list(AuditEvent.objects.order_by("at", "id").values_list("actor", "action"))
        with staff_scope(ines):
            of_nobody = list(AuditEvent.objects.filter(tenant=None).order_by("at", "id").values_list("actor", "action"))
        return of_acme, of_nobody

    return read


def test_signing_in_is_told_to_each_company_of_the_person_and_to_no_other(client, adam, globex, trail, bob):
    sign_in(client, adam)

    with tenant_scope(globex):
        assert not AuditEvent.objects.exists()
    assert trail() == ([(adam.email, "sign_in.succeeded")], [(adam.email, "sign_in.succeeded")])


def test_a_person_of_two_companies_is_told_to_both(client, adam, globex):
    make_member(tenant=globex, user=adam)

    sign_in(client, adam)

    with tenant_scope(globex):
        assert AuditEvent.objects.get().action == "sign_in.succeeded"


def test_a_refused_sign_in_is_told_with_the_account_and_not_as_its_persons_act(client, acme, adam, trail):
    sign_in(client, adam, "not the password")

    with tenant_scope(acme):
        row = AuditEvent.objects.get()
    assert trail() == ([(SOMEBODY, "sign_in.refused")], [(SOMEBODY, "sign_in.refused")])
    assert (row.after, row.object_id, row.ip) == ({"email": adam.email}, str(adam.pk), "127.0.0.1")


def test_what_was_typed_for_an_account_that_is_not_there_is_kept_nowhere(client, trail, ines):
    client.post("/accounts/login/", {"login": "hunter2@acme.example", "password": "a password"})

    with staff_scope(ines):
        kept = list(AuditEvent.objects.values())
    assert trail() == ([], [(SOMEBODY, "sign_in.refused")])
    assert "hunter2" not in str(kept)


def test_a_second_step_is_told_when_it_is_given_wrongly_and_when_a_recovery_code_is_used(client, adam, adams_codes, trail):
    sign_in(client, adam)
    client.post(CODE, {"code": "000000"})
    client.post(CODE, {"code": adams_codes[0]})

    assert trail()[0] == [
        (SOMEBODY, "sign_in.code_refused"),
        (adam.email, "second_step.recovery_code_used"),
        (adam.email, "sign_in.succeeded"),
    ]


def test_changes_of_an_account_are_told(client, adam, trail, code):
    recently.sign_in(client, adam)
    there = Client()
    sign_in(there, adam)

    secret = "".join(client.get("/accounts/2fa/totp/activate/").context["secret"])
    client.post("/accounts/2fa/totp/activate/", {"code": code(secret=secret)})
    client.post("/accounts/2fa/recovery-codes/generate/")
    client.post("/accounts/2fa/totp/deactivate/")
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "x" * 3 + "yz" * 9, "password2": "x" * 3 + "yz" * 9})
    sign_in(there, adam, "x" * 3 + "yz" * 9)
    client.post("/accounts/sessions/")
    client.post("/accounts/password/reset/", {"email": adam.email})

    of_acme, of_nobody = trail()
    assert of_acme == of_nobody
    assert [action for _, action in of_acme] == [
        "sign_in.succeeded",
        "second_step.added",
        "second_step.codes_made",
        "second_step.removed",
        "password.changed",
        "sign_in.succeeded",
        "session.ended",
        "password.reset_asked",
    ]


def test_no_secret_is_in_it(client, adam, acme, code):
    recently.sign_in(client, adam)
    secret = "".join(client.get("/accounts/2fa/totp/activate/").context["secret"])
    client.post("/accounts/2fa/totp/activate/", {"code": code(secret=secret)})
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    sign_in(Client(), adam)

    with tenant_scope(acme):
        kept = str(list(AuditEvent.objects.values()))
    assert [text for text in (secret, PASSWORD, *codes, client.session.session_key) if text in kept] == []
