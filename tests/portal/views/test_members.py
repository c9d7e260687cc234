"""The people of a company: who may come, as what, and how that ends. Each change counts from the next request."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from portal import inviting
from reports.models import Notice
from reports.refused import Refused
from tenants import membership
from tenants.audit import Actor
from tenants.models import ApiKey, AuditEvent, Invitation, Membership, Tenant, User
from tenants.models.members import Role
from tenants.scope import tenant_scope
from tests import factories
from tests.recently import sign_in
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db
OLGA = Actor("olga@acme.example")


@pytest.fixture
def as_olga(client: Client, olga) -> Client:
    return sign_in(client, olga)


def member_of(tenant: Tenant, user: User) -> Membership | None:
    with tenant_scope(tenant):
        return Membership.objects.filter(tenant=tenant, user=user.pk).first()


def invitations(tenant: Tenant) -> list[Invitation]:
    with tenant_scope(tenant):
        return list(Invitation.objects.filter(tenant=tenant, accepted_at=None).order_by("email"))


def said(answer) -> str:
    return answer.content.decode()


def test_everybody_sees_who_is_a_member_and_only_owners_manage(as_olga, adam, alice):
    viewer, admin = sign_in(Client(), alice), sign_in(Client(), adam)

    pages = [said(browser.get("/t/acme/settings/members/")) for browser in (as_olga, admin, viewer)]

    assert all("Alice Viewer" in page for page in pages)
    assert ["Invite people" in page for page in pages] == [True, False, False]


def test_several_people_are_invited_at_once(as_olga, acme):
    answer = as_olga.post(
        "/t/acme/settings/members/invite/", {"emails": "Nina@acme.example, nils@acme.example\nnina@acme.example", "role": "viewer"}
    )

    assert answer.status_code == 303
    assert [(one.email, one.role, one.invited_by) for one in invitations(acme)] == [
        ("nils@acme.example", "viewer", "olga@acme.example"),
        ("nina@acme.example", "viewer", "olga@acme.example"),
    ]
    with tenant_scope(acme):
        assert Notice.objects.filter(kind=Notice.Kind.INVITATION).count() == 2


def test_one_wrong_address_invites_nobody(as_olga, acme):
    answer = as_olga.post("/t/acme/settings/members/invite/", {"emails": "nina@acme.example nils@acme", "role": "viewer"})

    assert answer.status_code == 422
    assert "nils@acme" in said(answer)
    assert invitations(acme) == []


def test_a_member_is_not_invited_again(as_olga, acme, alice):
    answer = as_olga.post("/t/acme/settings/members/invite/", {"emails": alice.email, "role": "owner"})

    assert answer.status_code == 422
    assert member_of(acme, alice).role == "viewer"


def test_an_account_elsewhere_answers_as_none_does(as_olga, acme, bob):
    """Nobody learns here who has an account with another company."""
    answers = [
        as_olga.post("/t/acme/settings/members/invite/", {"emails": email, "role": "viewer"}) for email in (bob.email, "new@acme.example")
    ]

    assert len({(answer.status_code, answer["Location"]) for answer in answers}) == 1


def test_a_company_cannot_mail_strangers_by_the_thousand(acme):
    now = timezone.now()
    with tenant_scope(acme):
        for round_ in range(2):
            inviting.invite(acme, [f"{round_}-{number}@acme.example" for number in range(50)], Role.VIEWER, OLGA, now)

        with pytest.raises(Refused, match="At most 100 invitations"):
            inviting.invite(acme, ["one.more@acme.example"], Role.VIEWER, OLGA, now)


@pytest.mark.django_db(transaction=True)
def test_nor_by_two_at_one_moment(acme):
    def invite(batch):
        with tenant_scope(acme):
            inviting.invite(acme, [f"{batch}-{number}@acme.example" for number in range(50)], Role.VIEWER, OLGA, timezone.now())

    faults = together(*[lambda batch=batch: invite(batch) for batch in range(4)])

    assert [type(fault) for fault in faults] == [Refused, Refused]
    assert len(invitations(acme)) == inviting.MOST_A_DAY


def test_sending_again_ends_the_address_in_the_old_mail(as_olga, acme):
    with tenant_scope(acme):
        old, token = Invitation.issue(acme, "nina@acme.example", "viewer", timezone.now())

    answer = as_olga.post(f"/t/acme/settings/members/invitations/{old.pk}/send/")

    assert answer.status_code == 303
    assert Client().get(f"/invitations/{acme.code}/{token}/").status_code == 404
    assert [one.pk != old.pk for one in invitations(acme)] == [True]


def test_a_withdrawn_invitation_opens_nothing(as_olga, acme):
    with tenant_scope(acme):
        invitation, token = Invitation.issue(acme, "nina@acme.example", "viewer", timezone.now())

    as_olga.post(f"/t/acme/settings/members/invitations/{invitation.pk}/withdraw/")

    assert Client().get(f"/invitations/{acme.code}/{token}/").status_code == 404
    assert _actions(acme) == ["invitation.withdrawn"]


def test_a_new_role_counts_from_the_next_request(as_olga, acme, alice):
    viewer = sign_in(Client(), alice)
    before = viewer.get("/t/acme/reports/none/run/").status_code

    as_olga.post(f"/t/acme/settings/members/{member_of(acme, alice).pk}/role/", {"role": "admin"})

    assert (before, viewer.get("/t/acme/reports/none/run/").status_code) == (403, 404)
    assert _actions(acme) == ["member.role_changed"]


def test_an_admin_cannot_make_anybody_an_owner(acme, adam, alice):
    answer = sign_in(Client(), adam).post(f"/t/acme/settings/members/{member_of(acme, adam).pk}/role/", {"role": "owner"})

    assert answer.status_code == 403
    assert member_of(acme, adam).role == "admin"


def test_who_is_removed_is_out_at_once_with_sessions_keys_and_invitations(as_olga, acme, adam):
    removed = Client()
    removed.post("/accounts/login/", {"login": adam.email, "password": factories.PASSWORD})
    key, _ = factories.make_api_key(tenant=acme)
    with tenant_scope(acme):
        ApiKey.objects.filter(pk=key.pk).update(created_by=adam.pk)
        Invitation.issue(acme, "friend@acme.example", "admin", timezone.now(), invited_by=adam.email)
    before = removed.get("/t/acme/").status_code

    answer = as_olga.post(f"/t/acme/settings/members/{member_of(acme, adam).pk}/remove/")

    assert (before, answer.status_code) == (200, 303)
    assert removed.get("/t/acme/")["Location"].startswith("/accounts/login/")
    assert member_of(acme, adam) is None
    assert invitations(acme) == []
    with tenant_scope(acme):
        assert ApiKey.objects.get(pk=key.pk).revoked_at is not None


def test_the_last_owner_stays_one(as_olga, acme, olga):
    own = member_of(acme, olga)

    answers = [
        as_olga.post(f"/t/acme/settings/members/{own.pk}/role/", {"role": "viewer"}, follow=True),
        as_olga.post("/t/acme/settings/members/leave/", follow=True),
        as_olga.post(f"/t/acme/settings/members/{own.pk}/remove/", follow=True),
    ]

    assert all("A company needs an owner." in said(answer) for answer in answers)
    assert member_of(acme, olga).role == "owner"


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_at_one_moment_leave_one(acme, olga):
    omar = factories.make_member(tenant=acme, role="owner")
    pairs = [member_of(acme, person).pk for person in (olga, omar)]

    def demote(pk):
        with tenant_scope(acme):
            membership.change_role(acme, pk, Role.VIEWER, OLGA, timezone.now())

    faults = together(*[lambda pk=pk: demote(pk) for pk in pairs])

    assert [type(fault) for fault in faults] == [membership.LastOwner]
    assert sorted(member_of(acme, person).role for person in (olga, omar)) == ["owner", "viewer"]


def test_a_viewer_leaves_by_themselves(acme, alice, olga):
    browser = sign_in(Client(), alice)

    answer = browser.post("/t/acme/settings/members/leave/")

    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert member_of(acme, alice) is None


def test_what_changes_people_asks_for_the_password_again(client, acme, olga):
    sign_in(client, olga, seconds_ago=11 * 60)

    answers = [client.get("/t/acme/settings/members/invite/"), client.post("/t/acme/settings/members/leave/")]

    assert [answer.status_code for answer in answers] == [302, 403]
    assert answers[0]["Location"].startswith("/accounts/reauthenticate/")


def test_an_owner_sets_the_rule_of_second_steps(as_olga, acme, alice):
    answer = as_olga.post("/t/acme/settings/members/rules/", {"mfa": "required"})

    assert answer.status_code == 303
    assert sign_in(Client(), alice).get("/t/acme/")["Location"].startswith("/accounts/2fa/totp/activate/")
    assert _actions(acme) == ["company.second_step_set"]


def _actions(tenant: Tenant) -> list[str]:
    with tenant_scope(tenant):
        rows = AuditEvent.objects.exclude(action__startswith="sign_in").order_by("at")
        return list(rows.values_list("action", flat=True))


def test_an_invitation_ends_with_the_right_to_invite(as_olga, acme):
    omar = factories.make_member(tenant=acme, email="omar@acme.example", role="owner")
    with tenant_scope(acme):
        Invitation.issue(acme, "friend@acme.example", "owner", timezone.now(), invited_by=omar.email)

    as_olga.post(f"/t/acme/settings/members/{member_of(acme, omar).pk}/role/", {"role": "admin"})

    assert invitations(acme) == []


def test_an_invitation_of_somebody_who_may_invite_no_more_makes_nobody_a_member(acme, adam):
    """Written in the moment in which its inviter was made an admin."""
    with tenant_scope(acme):
        _, token = Invitation.issue(acme, "friend@acme.example", "owner", timezone.now(), invited_by=adam.email)

    answer = Client().post(f"/invitations/{acme.code}/{token}/", {"name": "Friend", "password": factories.PASSWORD})

    assert answer.status_code == 404
    assert not User.objects.filter(email="friend@acme.example").exists()


def test_an_owner_whose_account_is_off_does_not_count(as_olga, acme, olga):
    factories.make_member(tenant=acme, email="omar@acme.example", role="owner", is_active=False)

    answer = as_olga.post("/t/acme/settings/members/leave/", follow=True)

    assert "A company needs an owner." in said(answer)
    assert member_of(acme, olga).role == "owner"
