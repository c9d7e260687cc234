"""An invitation makes one person a member, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tenants import roles
from tenants.models import AuditEvent, Invitation, Membership, User
from tenants.scope import tenant_scope
from tests.factories import make_user
from tests.reports.engine.threads import together
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db
ANSWERS = {"name": "Nina New", "password": "correct horse battery"}


@pytest.fixture
def address(acme):
    return invite(acme)


def invite(tenant, email: str = "nina@acme.example", **fields) -> str:
    with tenant_scope(tenant):
        invitation, token = Invitation.issue(tenant, email, "admin", timezone.now())
        Invitation.objects.filter(pk=invitation.pk).update(**({"role": "admin"} | fields))
    return f"/invitations/{tenant.code}/{token}/"


def memberships(tenant) -> dict[str, str]:
    with tenant_scope(tenant):
        emails = dict(User.objects.values_list("pk", "email"))
        return {emails[user]: role for user, role in Membership.objects.values_list("user", "role")}


def test_looking_at_an_invitation_changes_nothing(client, acme, address):
    answer = client.get(address)

    assert answer.status_code == 200
    assert "nina@acme.example" in answer.content.decode()
    assert memberships(acme) == {}


def test_a_new_person_chooses_a_password_and_is_in(client, acme, address):
    answer = client.post(address, ANSWERS)

    assert (answer.status_code, answer.url) == (303, "/t/acme/")
    assert memberships(acme) == {"nina@acme.example": "admin"}
    assert client.get("/t/acme/").status_code == 200
    assert User.objects.get(email="nina@acme.example").check_password(ANSWERS["password"])
    with tenant_scope(acme):
        assert AuditEvent.objects.get(action="invitation.accepted").actor == "nina@acme.example"


def test_an_invitation_is_good_once(client, acme, address, django_user_model):
    client.post(address, ANSWERS)
    client.logout()

    assert client.get(address).status_code == 404
    assert client.post(address, ANSWERS | {"name": "Somebody Else"}).status_code == 404


@pytest.mark.parametrize("password", ["short", "password1234", ""])
def test_a_weak_password_is_refused_at_its_field(client, acme, address, password):
    answer = client.post(address, ANSWERS | {"password": password})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert memberships(acme) == {}


def test_an_expired_an_unknown_and_another_tenants_address_look_the_same(client, acme, globex, address):
    late = invite(acme, "late@acme.example", expires_at=timezone.now() - timedelta(seconds=1))
    foreign = address.replace(acme.code, globex.code)
    unknown = f"/invitations/{acme.code}/{'x' * 43}/"

    answers = [client.get(path) for path in (late, foreign, unknown, unknown.replace(acme.code, "AAAAAAAA"))]

    assert [answer.status_code for answer in answers] == [404] * 4


def test_who_holds_the_address_of_somebody_with_an_account_must_sign_in_as_them(client, acme):
    known = make_user(email="known@acme.example")
    address = invite(acme, known.email)

    refused = client.post(address, ANSWERS)
    client.force_login(known)
    accepted = client.post(address)

    assert refused.status_code == 302
    assert refused.url.startswith("/accounts/login/")
    assert accepted.status_code == 303
    assert memberships(acme) == {"known@acme.example": "admin"}


def test_another_signed_in_person_cannot_take_the_invitation(client, acme, address, bob):
    make_user(email="nina@acme.example")
    client.force_login(bob)

    answer = client.post(address)

    assert answer.status_code == 302
    assert memberships(acme) == {}


WAITING = """
select count(*) from pg_locks
 where not granted and relation = 'tenants_user'::regclass and database = (select oid from pg_database where datname = current_database())
"""


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_is_in_and_the_other_is_too_late(acme, address, login):
    """Both have found the invitation open and the address unknown before either of them writes."""
    owner, watching, answers = login(roles.OWNER), login(roles.OWNER), []

    def let_both_in_once_they_wait() -> None:
        wait_for(lambda: watching.execute(WAITING).fetchone() == (2,), 20, "both wait")
        owner.execute("commit")

    def accept() -> None:
        answers.append(Client(raise_request_exception=False).post(address, ANSWERS).status_code)

    owner.execute("begin; lock table tenants_user in exclusive mode")
    faults = together(accept, accept, let_both_in_once_they_wait)

    assert faults == []
    assert sorted(answers) == [303, 404]
    assert memberships(acme) == {"nina@acme.example": "admin"}
    assert User.objects.filter(email="nina@acme.example").count() == 1


def test_a_new_person_comes_in_although_somebody_else_was_signed_in(client, acme, address):
    client.force_login(make_user(email="bo@elsewhere.example"))

    answer = client.post(address, ANSWERS, follow=True)

    assert answer.redirect_chain == [("/t/acme/", 303)]
    assert answer.status_code == 200
    assert answer.wsgi_request.user.email == "nina@acme.example"
    assert memberships(acme) == {"nina@acme.example": "admin"}
